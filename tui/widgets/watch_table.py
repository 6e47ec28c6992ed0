"""The watch table: fixed columns, and a tick repaints only the cells it changes."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text
from textual.message import Message
from textual.widgets import DataTable

from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SymbolRow
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.row_order import SortOrder
from tui.widgets.watch_cells import AGEING, Column, cell, columns_for, header, home_currency
from tui.widgets.words import same


class WatchTable(DataTable[Text], inherit_bindings=False, can_focus=False):
    """Rows of symbols. The keys belong to the screen, so the table has none of its own."""

    _holding = False    # Textual refreshes before __init__ is through

    class SymbolHighlighted(Message):
        """The cursor came to rest on a symbol, by mouse or because rows moved."""

        def __init__(self, symbol: Symbol) -> None:
            super().__init__()
            self.symbol = symbol

    class SymbolChosen(Message):
        """A symbol was clicked while it was highlighted."""

        def __init__(self, symbol: Symbol) -> None:
            super().__init__()
            self.symbol = symbol

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, cursor_type="row", cell_padding=0, zebra_stripes=False, show_row_labels=False,
                         cursor_foreground_priority="renderable")
        self._columns: tuple[Column, ...] = ()
        self._shown: dict[str, dict[str, Text]] = {}    # what the cells say, by row and column
        self._rows: dict[str, SymbolRow] = {}           # what they were made from
        self._listed: tuple[SymbolRow, ...] = ()        # what is shown, as of
        self._now: datetime | None = None
        self._alerted: frozenset[Symbol] = frozenset()
        self._marks: tuple[SortOrder, Palette, str | None, Interval] | None = None

    def refresh(self, *regions: object, **options: bool) -> WatchTable:
        """Refresh, unless cells are being changed one by one and will be refreshed one by one."""
        return self if self._holding else super().refresh(*regions, **options)  # type: ignore[arg-type]

    def show(
        self, rows: tuple[SymbolRow, ...], order: SortOrder, symbol: Symbol | None,
        now: datetime, palette: Palette, glyphs: Glyphs, alerted: frozenset[Symbol] = frozenset(),
    ) -> None:
        """Show `rows` in their order with the cursor on `symbol`; those in `alerted` with the mark of an alert."""
        home = home_currency(rows)
        columns = columns_for(self._room())
        interval = rows[0].interval if rows else Interval.DAY
        if columns != self._columns or self._marks != (order, palette, home, interval):
            self._rebuild(columns, order, palette, glyphs, interval)
            self._marks = order, palette, home, interval
        elif rows is self._listed and now == self._now and alerted == self._alerted:
            with self.prevent(DataTable.RowHighlighted):
                self.point_at(symbol)
            return
        self._listed, self._now = rows, now
        turned, self._alerted = alerted ^ self._alerted, alerted
        wanted = {
            str(row.symbol): self._cells(row, now, palette, glyphs, home, anew=row.symbol in turned) for row in rows
        }
        self._rows = {str(row.symbol): row for row in rows}
        with self.prevent(DataTable.RowHighlighted):
            self._change_rows(wanted)
            self.point_at(symbol)

    def _cells(
        self, row: SymbolRow, now: datetime, palette: Palette, glyphs: Glyphs, home: str | None, *, anew: bool
    ) -> dict[str, Text]:
        """The row's cells; of a row that is as before only what grows older is made anew."""
        before, alerted = self._shown.get(str(row.symbol), {}), row.symbol in self._alerted
        keep = before if row == self._rows.get(str(row.symbol)) and not anew else {}
        return {
            c.key: keep[c.key] if c.key in keep and c.key not in AGEING
            else cell(row, c, now, palette, glyphs, home, alerted=alerted)
            for c in self._columns
        }

    def point_at(self, symbol: Symbol | None) -> None:
        """Put the cursor on `symbol` if it is here."""
        if symbol is None or str(symbol) not in self._shown:
            return
        index = self.get_row_index(str(symbol))
        if index != self.cursor_row:
            self.move_cursor(row=index, animate=False)

    def _room(self) -> int:
        return (self.size.width or self.app.size.width) - 1

    def _rebuild(
        self, columns: tuple[Column, ...], order: SortOrder, palette: Palette, glyphs: Glyphs, interval: Interval
    ) -> None:
        """Start over with these columns; happens on a resize step, a sort or a new theme, never on a tick."""
        self.clear(columns=True)
        self._shown = {}
        for column in columns:
            label = header(column, order.column, order.reverse, glyphs, interval)
            self.add_column(label, width=column.width, key=column.key)
        self._columns = columns

    def _change_rows(self, wanted: dict[str, dict[str, Text]]) -> None:
        if len(self._shown.keys() - wanted.keys()) > 20:     # another list: cheaper to start over than row by row
            self.clear()
            self._shown = {}
        for key in [key for key in self._shown if key not in wanted]:
            self.remove_row(key)
            del self._shown[key]
        for key, cells in wanted.items():
            if key in self._shown:
                self._change_cells(key, cells)
            else:
                self.add_row(*cells.values(), key=key)
                self._shown[key] = cells
        if [str(row.key.value) for row in self.ordered_rows] != list(wanted):
            # The table sorts by cell values, and a cell's text need not be unique; the very object is.
            places = {id(self._shown[key]["symbol"]): place for place, key in enumerate(wanted)}
            self.sort("symbol", key=lambda text: places[id(text)])

    def _change_cells(self, key: str, cells: dict[str, Text]) -> None:
        before = self._shown[key]
        changed = {
            column: text for column, text in cells.items()
            if text is not before[column] and not same(text, before[column])
        }
        self._holding = True
        try:
            for column, text in changed.items():
                self.update_cell(key, column, text)
        finally:
            self._holding = False
        for column in changed:
            self.refresh_coordinate(self.get_cell_coordinate(key, column))
        self._shown[key] = before | changed

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Tell which symbol the cursor is on."""
        event.stop()
        if event.row_key.value is not None and event.cursor_row == self.cursor_row:
            self.post_message(self.SymbolHighlighted(Symbol(event.row_key.value)))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """A click on the highlighted row opens it."""
        event.stop()
        if event.row_key.value is not None:
            self.post_message(self.SymbolChosen(Symbol(event.row_key.value)))
