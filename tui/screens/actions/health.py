"""Keys of the Health view, and what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tui.screens.stage import Stage

if TYPE_CHECKING:
    from tui.screens.health import HealthView


class HealthActions(Stage):
    """Look behind the screen; read logs."""

    def action_log_level(self) -> None:
        """Show graver lines alone."""
        self._health.next_level()

    def on_health_view_outdated(self) -> None:
        """Look into store and processes."""
        view, engine = self._health, self.engine
        self.fetch("inspection", engine.inspect, view.take_inspection, lambda error: view.take_inspection(str(error)))

    def on_health_view_log_outdated(self, message: HealthView.LogOutdated) -> None:
        """Read the end of a log."""
        from forecasting.service.log_tail import tail

        view, path = self._health, message.path
        self.fetch("log", lambda: tail(path), lambda lines: view.take_log(path, lines))

    @property
    def _health(self) -> HealthView:
        return cast("HealthView", self.query_one("#health"))
