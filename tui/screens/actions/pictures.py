"""The key that takes a picture of the screen."""

from __future__ import annotations

from datetime import datetime

from tui.screens.stage import Stage


class PictureActions(Stage):
    """Screenshots."""

    def action_screenshot(self) -> None:
        """Keep a picture of the screen in the data folder, and say where; nothing waits for it."""
        from tui import screenshots

        folder, title = self.tapecast.screenshots, self.tapecast.title
        if folder is None:
            self.refused("screenshot: this run has no data folder to keep one in")
            return
        captured, moment = screenshots.capture(self), datetime.now().astimezone()
        self.fetch(
            f"screenshot {moment.timestamp()}",      # each press is a picture of its own
            lambda: screenshots.keep(screenshots.svg(captured, title), folder, moment),
            lambda path: self.tell(f"the screen is in {path}"),
        )
