"""What an edit of config.toml does to a running app: theme, keys, bell and the like change where the person sits."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from forecasting.errors import TapecastError
from forecasting.service.reloading import Reloaded, Reloading

if TYPE_CHECKING:
    from tui.app import TapecastApp

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""Seconds between two looks at the file."""
TOLD_S = 12.0
"""Seconds that a broken edit's toast stays; its line in the footer stays until it is mended."""


class EditedSettings:
    """Follows the file for an app; looks in a thread, changes things on the loop."""

    def __init__(self, app: TapecastApp, reloading: Reloading) -> None:
        self._app, self._reloading = app, reloading

    def start(self) -> None:
        """Look from now on; needs the running app."""
        self._app.set_interval(LOOK_S, self.look)

    def look(self) -> None:
        """Look at the file once."""
        self._app.bridge.fetch("settings", self._reloading.look, self._take_over, self._refuse)

    def _take_over(self, reloaded: Reloaded | None) -> None:
        if reloaded is None:
            return
        self._app.note(None)      # whatever was wrong with the file has been mended
        if not reloaded.changed or self._is_our_own(reloaded):
            return
        refused = self._app.take_over(reloaded.before, reloaded.settings)
        self._app.notify(str(reloaded), markup=False)
        for line in refused:
            self._app.notify(line, severity="warning", timeout=TOLD_S, markup=False)

    def _is_our_own(self, reloaded: Reloaded) -> bool:
        """Whether the edit is that of the app itself, which writes down the columns that are chosen by key."""
        before, now = reloaded.before.display, reloaded.settings.display
        only_columns = reloaded.changed == ("display",) and replace(before, columns=now.columns) == now
        return only_columns and self._app.engine.columns.keys == now.columns

    def _refuse(self, error: TapecastError) -> None:
        log.warning("%s", error)
        self._app.note(str(error))
        self._app.notify(str(error), severity="error", timeout=TOLD_S, markup=False)
