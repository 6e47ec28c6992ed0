"""The app over rows made by arithmetic, of which nothing moves by itself: `many_rows_app ROWS`."""

from __future__ import annotations

import sys
from dataclasses import replace

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot, SymbolDetail
from forecasting.domain.watchlist import WatchGroup
from tests.support.fake_engine import FakeEngine, row
from tui.app import TapecastApp


class ManyRows(FakeEngine):
    """A replay that stands still and knows no details, so that only keys paint."""

    def __init__(self, count: int) -> None:
        super().__init__("NVDA", replaying=True)
        one = row("NVDA")
        figures = [(i * 7919) % count for i in range(count)]         # as good as shuffled, each once
        self._rows = tuple(
            replace(
                one, symbol=Symbol(f"S{i:04d}"), name=f"Company {figure}", last=1.0 + figure,
                change_pct=figure / 100 - 4, forecast_pct=figure / 300 - 1,
                low_80_pct=-figure / 200, high_80_pct=figure / 150,
            )
            for i, figure in enumerate(figures)
        )
        self.groups = (WatchGroup("All", tuple(r.symbol for r in self._rows)),)

    def snapshot(self) -> Snapshot:
        """The rows."""
        return replace(super().snapshot(), rows=self._rows)

    def detail(self, symbol: Symbol) -> SymbolDetail | None:
        """Nothing."""
        return None


if __name__ == "__main__":
    TapecastApp(ManyRows(int(sys.argv[1])), monotonic=lambda: 0.0).run()
