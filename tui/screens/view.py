"""What every view is given, and what every view can do."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.containers import Vertical

from forecasting.domain.decision import Alert, AlertRule
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot, SymbolDetail, SymbolRow
from forecasting.domain.watchlist import WatchGroup
from forecasting.frozen import dataclass
from tui.charts.options import ChartOptions
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.row_order import SortOrder

if TYPE_CHECKING:
    from tui.backtesting import Backtesting
    from tui.charts.beyond import Beyond
    from tui.screens.angle import Reading


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a view may show: one snapshot, and where the person is in it."""

    snapshot: Snapshot
    now: datetime                    # the engine's clock, carried on from the snapshot
    group: WatchGroup | None
    rows: tuple[SymbolRow, ...]      # of the group: filtered and sorted
    order: SortOrder
    filter_text: str
    filter_problem: str | None       # why the filter cannot be read; then no row is left out
    symbol: Symbol | None            # under the cursor
    detail: SymbolDetail | None      # newest one read; may still be the former symbol's
    options: ChartOptions
    palette: Palette
    glyphs: Glyphs
    masked: bool = False             # amounts of money are hidden
    beyond: Beyond | None = None     # what the chart shows beyond the detail; may still be the former symbol's
    reading: Reading | None = None   # what the accuracy view was told; None in other views
    list_problem: str | None = None            # why nothing is on the list, where that is not meant
    backtest: Backtesting | None = None        # in the backtest view
    columns: tuple[str, ...] = ()              # of the table, as chosen; (): what fits

    @property
    def row(self) -> SymbolRow | None:
        """The row under the cursor."""
        return None if self.symbol is None else self.snapshot.row(self.symbol)


class View(Vertical):
    """One of the screen's views. It is shown a scene and decides nothing."""

    scrolls = True
    """Whether move keys scroll the view; otherwise they choose the symbol."""

    def show(self, scene: Scene) -> None:
        """Show `scene`."""
        raise NotImplementedError

    @property
    def room(self) -> int:
        """Cells of a line, also before there is a layout."""
        return self.size.width or self.app.size.width - 2

    @property
    def chosen(self) -> Alert | AlertRule | None:
        """What the view's own cursor is on, where it has one."""
        return None

    def close_layer(self) -> bool:
        """Close what the view has open; False where nothing is."""
        return False

    def move(self, rows: int) -> bool:
        """Scroll by so many rows; False where move keys choose the symbol."""
        if self.scrolls:
            self.scroll_relative(y=rows, animate=False)
        return self.scrolls

    def page_rows(self) -> int:
        """How many rows one page has."""
        return max(1, self.size.height - 2)

    def sideways(self, steps: int) -> None:
        """Scroll columns, or move the readout."""
        self.scroll_relative(x=steps * 8, animate=False)
