"""A table of records with a cursor: alerts, rules. The keys belong to the screen; the mouse works as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text
from textual.message import Message
from textual.widgets import DataTable

from tui.widgets.words import same


@dataclass(frozen=True, slots=True)
class Heading:
    """A column."""

    label: str
    width: int      # cells, the gap to the next column included


class RecordTable(DataTable[Text], inherit_bindings=False, can_focus=False):
    """Rows by number; the cursor stays on its record while others come and go."""

    class Pointed(Message):
        """The mouse chose a record."""

    class Opened(Message):
        """The record under the cursor was clicked."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, cursor_type="row", cell_padding=0, zebra_stripes=False, show_row_labels=False,
                         cursor_foreground_priority="renderable")
        self._headings: tuple[Heading, ...] = ()
        self._shown: dict[int, tuple[Text, ...]] = {}

    @property
    def key(self) -> int | None:
        """The number of the record under the cursor."""
        keys = list(self._shown)
        return keys[self.cursor_row] if self.cursor_row < len(keys) else None

    def show(self, headings: tuple[Heading, ...], records: Mapping[int, tuple[Text, ...]], muted: str) -> None:
        """Show `records` in their order under `headings`, these in the colour `muted`."""
        key, row = self.key, self.cursor_row
        with self.prevent(DataTable.RowHighlighted):
            if headings != self._headings or list(records) != list(self._shown):
                self._rebuild(headings, records, muted)
                if key is not None:      # a record that has gone leaves the cursor where it was
                    self.move_cursor(row=list(records).index(key) if key in records else row, animate=False)
            else:
                self._change(records)
        self._shown = dict(records)

    def move(self, rows: int) -> None:
        """Move the cursor, stopping at the ends."""
        with self.prevent(DataTable.RowHighlighted):
            self.move_cursor(row=max(0, min(self.cursor_row + rows, self.row_count - 1)), animate=False)

    def _rebuild(self, headings: tuple[Heading, ...], records: Mapping[int, tuple[Text, ...]], muted: str) -> None:
        self.clear(columns=headings != self._headings)
        if headings != self._headings:
            for place, heading in enumerate(headings):
                self.add_column(Text(heading.label, muted), width=heading.width, key=str(place))
            self._headings = headings
        for number, cells in records.items():
            self.add_row(*map(self._fit, headings, cells), key=str(number))

    def _change(self, records: Mapping[int, tuple[Text, ...]]) -> None:
        for number, cells in records.items():
            for place, (text, before) in enumerate(zip(cells, self._shown[number], strict=True)):
                if not same(text, before):
                    self.update_cell(str(number), str(place), self._fit(self._headings[place], text))

    @staticmethod
    def _fit(heading: Heading, text: Text) -> Text:
        """Cut to the column, leaving the last cell as the gap."""
        fitted = text.copy()
        fitted.no_wrap = True
        fitted.truncate(max(0, heading.width - 1), overflow="ellipsis")
        return fitted

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Tell that the mouse moved the cursor."""
        event.stop()
        self.post_message(self.Pointed())

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Tell that the record under the cursor was clicked."""
        event.stop()
        self.post_message(self.Opened())
