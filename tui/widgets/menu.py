"""Rows to choose from in a dialog; the dialog has the keys."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

LEAST, AROUND = 3, 12
"""Rows there always are, and lines that the dialog needs beside them."""


class Menu(Static, can_focus=False):
    """As many rows as there is room for around the chosen one, which is reversed."""

    class Clicked(Message):
        """A row was clicked."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, most: int = 40, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__("", id=id, markup=False)
        self.at = 0
        self._rows: tuple[Text, ...] = ()
        self._first = 0
        self._most = most

    @property
    def rows(self) -> tuple[Text, ...]:
        """All rows."""
        return self._rows

    def show(self, rows: Sequence[Text], at: int | None = None) -> None:
        """Show `rows` with the cursor on the one at `at`, or where it was."""
        self._rows = tuple(rows)
        self.at = max(0, min(self.at if at is None else at, len(rows) - 1))
        self._paint()

    def move(self, steps: int) -> None:
        """Move the cursor, stopping at the ends."""
        self.show(self._rows, self.at + steps)

    def on_resize(self) -> None:
        """Fit the rows to the width."""
        self._paint()

    def _paint(self) -> None:
        room = max(LEAST, min(self._most, self.app.size.height - AROUND))
        self._first = max(0, min(max(self._first, self.at - room + 1), self.at, len(self._rows) - room))
        shown = [row.copy() for row in self._rows[self._first : self._first + room]]
        for i, row in enumerate(shown):
            row.no_wrap = True
            row.truncate(max(self.size.width, 1), overflow="ellipsis", pad=True)
            if self._first + i == self.at:
                shown[i] = Text(row.plain, "bold reverse", no_wrap=True)      # in one colour, whatever its parts have
        self.update(Text("\n", no_wrap=True).join(shown))

    def on_click(self, event: Click) -> None:
        """Say which row was meant."""
        row = self._first + event.y
        if row < len(self._rows):
            self.post_message(self.Clicked(row))
