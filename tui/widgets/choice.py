"""One of a few answers on one line: arrow keys, space or a click choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from tui.format import Glyphs

GAP = "   "


class Choice(Static, can_focus=True):
    """Shows all answers, the chosen one with a dot; reversed while it has the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", show=False), Binding("right,l,space", "step(1)", show=False),
    ]

    class Changed(Message):
        """Another answer was chosen."""

    def __init__(self, label: str, answers: Sequence[str], glyphs: Glyphs, *, at: int = 0, id: str) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self._label, self._answers, self._glyphs = label, tuple(answers), glyphs
        self.at = at      # the chosen one's place

    def render(self) -> Text:
        """The label and the answers."""
        text = Text(self._label, no_wrap=True)
        for place, answer in enumerate(self._answers):
            chosen = place == self.at
            look = "bold reverse" if chosen and self.has_focus else "bold" if chosen else ""
            text.append(f"({self._glyphs.inside if chosen else ' '}) {answer}", look).append(GAP)
        return text

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that they do not."""
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Choose what was clicked."""
        end = cell_len(self._label)
        for place, answer in enumerate(self._answers):
            end += cell_len(f"( ) {answer}{GAP}")
            if event.x < end:
                self._choose(place)
                return

    def action_step(self, steps: int) -> None:
        """The next answer, round and round."""
        self._choose((self.at + steps) % len(self._answers))

    def _choose(self, place: int) -> None:
        self.at = place
        self.refresh()
        self.post_message(self.Changed())
