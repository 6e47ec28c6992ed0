"""The watch table: only rows on screen cost anything, and a tick repaints only the cells it changes.

Textual's own table keeps, lays out and sorts all cells of all rows. Here rows stay what they are, a tuple of values,
and a row's cells are made when its line is painted: a thousand symbols are sorted by showing another tuple.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SymbolRow
from forecasting.frozen import dataclass
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.columns import AGEING, Column, columns_for
from tui.widgets.row_order import SortOrder
from tui.widgets.watch_cells import cell, header, home_currency
from tui.widgets.words import same

Cells = tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What all cells depend on: another look paints everything anew."""

    columns: tuple[Column, ...]
    order: SortOrder
    palette: Palette
    glyphs: Glyphs
    interval: Interval
    home: str | None = None        # see `home_currency`
    masked: bool = False           # amounts are hidden


@dataclass(frozen=True, slots=True)
class _Made:
    """A row's cells, and what they were made of."""

    row: SymbolRow
    now: datetime
    alerted: bool
    cells: Cells


class WatchTable(ScrollView, inherit_bindings=False, can_focus=False):
    """Rows of symbols under a line of labels. The keys belong to the screen, so the table has none of its own."""

    COMPONENT_CLASSES = {"watch-table--header", "watch-table--cursor"}  # noqa: RUF012 - Textual's own declaration

    virtual_size = reactive(Size(0, 0), layout=False)      # with more rows, only the scrollbar has to change

    class SymbolHighlighted(Message):
        """A symbol was clicked."""

        def __init__(self, symbol: Symbol) -> None:
            super().__init__()
            self.symbol = symbol

    class SymbolChosen(Message):
        """A symbol was clicked while it was highlighted."""

        def __init__(self, symbol: Symbol) -> None:
            super().__init__()
            self.symbol = symbol

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.rows: tuple[SymbolRow, ...] = ()
        self.cursor_row = 0
        self._places: dict[Symbol, int] = {}
        self._now: datetime | None = None
        self._alerted: frozenset[Symbol] = frozenset()
        self._look: Look | None = None
        self._made: dict[Symbol, _Made] = {}       # of rows that are or were on screen
        self._painted: dict[int, Cells] = {}       # by line on screen

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns there is room for."""
        return self._look.columns if self._look else ()

    def show(
        self, rows: tuple[SymbolRow, ...], order: SortOrder, symbol: Symbol | None,
        now: datetime, palette: Palette, glyphs: Glyphs, alerted: frozenset[Symbol] = frozenset(),
        chosen: tuple[str, ...] = (), *, masked: bool = False,
    ) -> None:
        """Show `rows` in their order with the cursor on `symbol`; those in `alerted` with the mark of an alert.

        `chosen` names the columns; with none, as many of the default as fit.
        """
        home = home_currency(rows) if rows is not self.rows or self._look is None else self._look.home
        interval = rows[0].interval if rows else Interval.DAY
        look = Look(columns_for(self._room(), chosen), order, palette, glyphs, interval, home, masked)
        moved = rows is not self.rows and [row.symbol for row in rows] != list(self._places)
        self.rows, self._now, self._alerted = rows, now, alerted
        if moved:
            self._places = {row.symbol: place for place, row in enumerate(rows)}
        if look != self._look:
            self._look, self._made = look, {}
            self.refresh()
        size = Size(sum(column.width for column in look.columns), len(rows) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
            self._scroll_update(size)
        self._refresh_changed()
        self._point_at(self._places.get(symbol, 0) if symbol is not None else 0, moved)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._point_at(self.cursor_row, moved=True)

    def _point_at(self, place: int, moved: bool) -> None:
        """Put the cursor on a row, in sight where it or the rows have moved; else the mouse may have scrolled away."""
        if place != self.cursor_row:
            before, self.cursor_row = self.cursor_row, place
            self.refresh_lines(before + 1)
            self.refresh_lines(place + 1)
        elif not moved:
            return
        room = max(1, self.size.height - 1)        # below the labels
        top = min(max(self.scroll_offset.y, place - room + 1), place, max(0, len(self.rows) - room))
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)

    def _room(self) -> int:
        return (self.size.width or self.app.size.width) - 1

    # -- painting ------------------------------------------------------------------------------------------------------

    def _refresh_changed(self) -> None:
        """Have the cells repainted that are no longer what they were on screen."""
        for y, before in self._painted.items():
            x, now = 0, self._cells(y)
            for column, old, new in zip(self.columns, before, now, strict=False):
                if new is not old and not same(new, old):
                    self.refresh(Region(x - (self.scroll_offset.x if x else 0), y, column.width, 1))
                x += column.width
            if bool(before) is not bool(now):
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line on screen: the labels, a row, or nothing."""
        if y == 0:
            cells, style = self._labels(), self.get_component_rich_style("watch-table--header")
        else:
            cells = self._painted[y] = self._cells(y)
            under_cursor = bool(cells) and self._place(y) == self.cursor_row
            style = self.get_component_rich_style("watch-table--cursor") if under_cursor else self.rich_style
        strip = Strip([segment for text in cells for segment in self._segments(text, style)])
        if (left := self.scroll_offset.x) and cells:      # the symbol stays when the rest scrolls
            rail = cells[0].cell_len
            strip = Strip.join([strip.crop(0, rail), strip.crop(rail + left, left + self.size.width)])
        return strip.crop_extend(0, self.size.width, style)

    def _segments(self, text: Text, under: Style) -> Iterable[Segment]:
        """A cell's text in its style over that of its line."""
        console = self.app.console
        return Segment.apply_style(text.render(console, end=""), under + console.get_style(text.style))

    def _labels(self) -> Cells:
        look = self._look
        if look is None:
            return ()
        order = look.order
        return tuple(header(c, order.column, order.reverse, look.glyphs, look.interval) for c in look.columns)

    def _place(self, y: int) -> int:
        """The place in the list of what stands on line `y`."""
        return self.scroll_offset.y + y - 1

    def _cells(self, y: int) -> Cells:
        """The cells on line `y`; of a row that is as before only what grows older is made anew."""
        place = self._place(y)
        if y < 1 or place >= len(self.rows) or self._look is None or self._now is None:
            return ()
        row, now, look = self.rows[place], self._now, self._look
        alerted = row.symbol in self._alerted
        made = self._made.get(row.symbol)
        if made is not None and (made.row != row or made.alerted is not alerted):
            made = None
        if made is None or made.now != now:
            cells = tuple(
                made.cells[i] if made is not None and column.key not in AGEING
                else cell(row, column, now, look.palette, look.glyphs, look.home, alerted=alerted, masked=look.masked)
                for i, column in enumerate(look.columns)
            )
            made = self._made[row.symbol] = _Made(row, now, alerted, cells)
        return made.cells

    # -- the mouse -----------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """A click on a row puts the cursor there; a click on the cursor's row opens it."""
        event.stop()
        place = self._place(event.y)
        if event.y >= 1 and place < len(self.rows):
            symbol = self.rows[place].symbol
            chosen = place == self.cursor_row
            self.post_message(self.SymbolChosen(symbol) if chosen else self.SymbolHighlighted(symbol))
