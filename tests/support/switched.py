"""A source that can be switched off, for tests of what happens then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from forecasting.data.sources.base import healthy
from forecasting.data.sources.csv import CsvSource
from forecasting.domain.clock import Clock
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import SourceOffline
from tests.support.markets import CALENDARS


class Switched:
    """A CSV folder under another name. `down` silences it; it counts what it was asked."""

    def __init__(self, name: str, folder: Path, clock: Clock) -> None:
        self.name = name
        self.down = False
        self.asked: list[str] = []
        self._clock, self._inner = clock, CsvSource(folder, clock=clock, calendars=CALENDARS)
        self._since: datetime | None = None

    def catalogue(self) -> tuple[Symbol, ...]:
        return self._inner.catalogue()

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        self._answer(f"quotes {','.join(symbols)}")
        found = self._inner.quotes(symbols)
        return [replace(q, source=self.name) if isinstance(q, Quote) else q for q in found]

    def history(
        self, symbol: Symbol, interval: Interval = Interval.DAY, start: date | None = None, end: date | None = None
    ) -> BarSeries | SymbolFailure:
        self._answer(f"history {symbol} from {start}")
        return self._inner.history(symbol, interval, start, end)

    def health(self) -> SourceHealth:
        if self.down:
            return SourceHealth(self.name, Health.FAILED, f"{self.name}: no answer within 8 s", self._since)
        return healthy(self.name)

    def _answer(self, question: str) -> None:
        self.asked.append(question)
        if self.down:
            self._since = self._since or self._clock.now()
            raise SourceOffline(f"{self.name}: no answer within 8 s")
        self._since = None
