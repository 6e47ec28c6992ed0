"""A piece of text that repaints only when it reads or looks different."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


class Words(Static):
    """Text whose place on screen does not depend on what it says, so that new words need no new layout."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__("", id=id, markup=False)
        self.text = Text()

    def say(self, text: Text, *, layout: bool = False) -> None:
        """Show `text`; `layout` where the height follows the text."""
        if not same(text, self.text):
            self.text = text
            self.update(text, layout=layout)


def same(one: Text, other: Text) -> bool:
    """Whether two texts read and look the same; rich's own comparison leaves the base style out."""
    return one == other and one.style == other.style
