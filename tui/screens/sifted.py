"""A view of records that shows, while a person wants that, only those with certain words."""

from __future__ import annotations

from textual.widgets import Input

from tui.screens.view import View
from tui.widgets.filter_box import FilterBox


class SiftedView(View):
    """Has a box for the words, and knows which are wanted; what is shown of them is the heir's."""

    wanted = ""
    """What is looked for; "": everything."""

    def box(self, placeholder: str) -> FilterBox:
        """Where the words are typed; not there until asked for."""
        made = FilterBox(placeholder=placeholder, id=f"{self.id}-filter")
        made.display = False
        return made

    def sift(self) -> None:
        """Show what holds the words that are wanted now."""
        raise NotImplementedError

    def ask_filter(self) -> None:
        """Ask for the words."""
        box = self._box
        box.display = True
        box.value = self.wanted
        box.focus()
        self.sift()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Sift while typing."""
        event.stop()
        if event.input.display:
            self.wanted = event.value
            self.sift()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the words."""
        event.stop()
        self._close()

    def close_layer(self) -> bool:
        """Show everything again; False where that is so."""
        sifted, self.wanted = bool(self.wanted) or self._box.display, ""
        self._close()
        self.sift()
        return sifted

    def _close(self) -> None:
        self._box.display = False
        self.screen.set_focus(None)

    @property
    def _box(self) -> FilterBox:
        return self.query_one(f"#{self.id}-filter", FilterBox)


def holds(text: str, wanted: str) -> bool:
    """Whether each word of `wanted` stands somewhere in `text`, in whatever case."""
    lower = text.lower()
    return all(word in lower for word in wanted.lower().split())
