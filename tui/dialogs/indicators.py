"""Asks which further indicators a chart shows."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from forecasting.domain.chart import INDICATORS
from tui.format import Glyphs


class Checks(Static, can_focus=True):
    """Indicators on a line each, with a check; reversed where the cursor is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", show=False), Binding("up,k", "move(-1)", show=False),
        Binding("space,x", "check", show=False),
    ]

    def __init__(self, chosen: tuple[str, ...], glyphs: Glyphs) -> None:
        super().__init__(id="checks", markup=False)
        self._on = set(chosen)
        self._glyphs = glyphs
        self.at = 0

    @property
    def chosen(self) -> tuple[str, ...]:
        """Keys of what is checked, in the order shown."""
        return tuple(kind.key for kind in INDICATORS if kind.key in self._on)

    def render(self) -> Text:
        """A line for each indicator: over the prices, or in a pane of its own."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for place, kind in enumerate(INDICATORS):
            check = self._glyphs.right if kind.key in self._on else " "
            where = "own pane" if kind.pane else "1d and 5d only" if kind.short_only else "over prices"
            text.append(f"[{check}] {kind.title:<22}", "bold reverse" if place == self.at else "")
            text.append(f" {where}\n", "dim")
        return text

    def action_move(self, rows: int) -> None:
        """The next one, round and round."""
        self.at = (self.at + rows) % len(INDICATORS)
        self.refresh()

    def action_check(self) -> None:
        """Check the one under the cursor, or not."""
        self._on ^= {INDICATORS[self.at].key}
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Check what was clicked."""
        if event.y < len(INDICATORS):
            self.at = event.y
            self.action_check()


class ChooseIndicators(ModalScreen[tuple[str, ...] | None]):
    """Gives the keys of the indicators chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close", show=False),
        Binding("enter,I", "take", "take", show=False),
    ]

    def __init__(self, chosen: tuple[str, ...], glyphs: Glyphs) -> None:
        super().__init__()
        self._chosen, self._glyphs = chosen, glyphs

    def compose(self) -> ComposeResult:
        """The checks, and what the keys do."""
        with Vertical(classes="dialog"):
            yield Label("Further indicators", classes="dialog-title", markup=False)
            yield Checks(self._chosen, self._glyphs)
            yield Label("Space checks, Enter shows them, Esc leaves all as it was", id="said", markup=False)

    def on_mount(self) -> None:
        """Keys go to the checks."""
        self.query_one(Checks).focus()

    def action_take(self) -> None:
        """Give what is checked."""
        self.dismiss(self.query_one(Checks).chosen)
