"""Keys that concern charts."""

from __future__ import annotations

from tui.screens.stage import Stage


class ChartActions(Stage):
    """What charts show, and of how long a time."""

    def action_timeframe(self, steps: int) -> None:
        """A longer or shorter timeframe."""
        self.options = self.options.longer(steps)
        self.show()

    def action_toggle_option(self, option: str) -> None:
        """Turn one of the charts' switches."""
        self.options = self.options.toggled(option)
        self.show()
