"""What every view is given, and what every view can do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from textual.containers import Vertical

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot, SymbolDetail, SymbolRow
from forecasting.domain.watchlist import WatchGroup
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.row_order import SortOrder

TIMEFRAMES: tuple[tuple[str, int | None], ...] = (
    ("1mo", 21), ("3mo", 63), ("6mo", 126), ("1y", 252), ("5y", 1260), ("max", None)
)
"""Names and lengths in sessions."""


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """What a person has switched on in the charts."""

    timeframe: int = 2               # index into TIMEFRAMES
    candles: bool = False
    indicators: bool = True
    volume: bool = True
    forecast: bool = True

    @property
    def name(self) -> str:
        """The timeframe's name."""
        return TIMEFRAMES[self.timeframe][0]

    @property
    def sessions(self) -> int | None:
        """The timeframe's length in sessions; None for everything."""
        return TIMEFRAMES[self.timeframe][1]

    def longer(self, steps: int) -> ChartOptions:
        """The timeframe `steps` longer (or shorter), within what there is."""
        return replace(self, timeframe=max(0, min(self.timeframe + steps, len(TIMEFRAMES) - 1)))

    def toggled(self, option: str) -> ChartOptions:
        """The same with one switch turned."""
        return replace(self, **{option: not getattr(self, option)})


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a view may show: one snapshot, and where the person is in it."""

    snapshot: Snapshot
    now: datetime                    # the engine's clock, carried on from the snapshot
    group: WatchGroup | None
    rows: tuple[SymbolRow, ...]      # of the group: filtered and sorted
    order: SortOrder
    filter_text: str
    symbol: Symbol | None            # under the cursor
    detail: SymbolDetail | None      # newest one read; may still be the former symbol's
    options: ChartOptions
    palette: Palette
    glyphs: Glyphs

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

    def page_rows(self) -> int:
        """How many rows one page has."""
        return max(1, self.size.height - 2)

    def sideways(self, steps: int) -> None:
        """Scroll columns, or move the readout."""
        self.scroll_relative(x=steps * 8, animate=False)
