"""Keys that move a cursor."""

from __future__ import annotations

from tui.screens.stage import Stage

CHORD_WAIT = 1.0
"""Seconds that the first key of a chord waits for the second."""


class MovingActions(Stage):
    """Rows, pages, columns, and chords of two keys."""

    _chord = ""      # the first key of one that waits for its second

    def action_move(self, rows: int) -> None:
        """Move the view's cursor, scroll where it has none, or choose another symbol."""
        if not self.view.move(rows):
            self.action_step(rows)

    def action_page(self, pages: int) -> None:
        """Move by a page."""
        self.action_move(pages * self.view.page_rows())

    def action_edge(self, end: int) -> None:
        """Move to the first (-1) or last (1) row."""
        self.action_move(end * 1_000_000)

    def action_step(self, rows: int) -> None:
        """Select the symbol `rows` further down the list, stopping at its ends."""
        self.select(self.place.stepped(rows))

    def action_sideways(self, steps: int) -> None:
        """Columns, or the chart's readout."""
        self.view.sideways(steps)

    def action_chord(self, keys: str, entry_id: str) -> None:
        """The first key of a chord waits for the second; any chord has the same key twice."""
        if self._chord == keys:
            self._chord = ""
            entry = next(entry for entry in self.keymap if entry.id == entry_id)
            self.call_later(self.run_action, entry.action)
        else:
            self._chord = keys
            self.set_timer(CHORD_WAIT, self._forget_chord)

    def _forget_chord(self) -> None:
        self._chord = ""
