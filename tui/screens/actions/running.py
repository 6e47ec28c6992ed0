"""Keys that concern the engine: when prices are asked for, and how fast a replay runs."""

from __future__ import annotations

from collections.abc import Callable

from tui.screens.stage import Stage


class RunningActions(Stage):
    """Refresh, pause, and the pace of a replay."""

    def action_refresh_now(self) -> None:
        """Ask the source now."""
        if self.ask(self.engine.refresh):
            self.notify("asked for a refresh", timeout=2, markup=False)

    def action_pause(self) -> None:
        """Stop or resume polling."""
        engine = self.engine
        if self.ask(lambda: engine.pause(not engine.paused)):
            self.catch_up()

    def action_speed(self, steps: int) -> None:
        """A faster or slower replay."""
        self._replay(lambda: self.engine.change_speed(steps))

    def action_jump(self, sessions: int) -> None:
        """Skip forward in a replay."""
        self._replay(lambda: self.engine.jump(sessions))

    def _replay(self, call: Callable[[], None]) -> None:
        if self.place.snapshot.replay is None:
            self.notify("only a replay has a speed; prices here are live", markup=False)
        elif self.ask(call):
            self.catch_up()
