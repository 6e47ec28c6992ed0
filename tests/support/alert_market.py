"""A market that an alert book looks at: closes, quotes, prices that stream in, and restarts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from forecasting.data.store import Store
from forecasting.domain.decision import Alert, AlertRule
from forecasting.domain.market import BarSeries, Quote, Symbol
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth
from forecasting.domain.watchlist import WatchGroup
from forecasting.features.indicators import indicator_rows
from forecasting.service.alert_book import AlertBook
from forecasting.service.snapshots import SnapshotReader, Status
from tests.support.markets import CALENDARS

AAPL = Symbol("AAPL")
TABLE = CALENDARS.sessions("XNYS", date(2014, 12, 1), date(2016, 12, 30))


class Market:
    """A store that learns of closes and quotes, and an alert book that looks at it."""

    def __init__(self, store: Store, groups: tuple[WatchGroup, ...] = (), table: SessionTable = TABLE) -> None:
        self.store, self.groups, self._table = store, groups, table
        self.book = AlertBook(store)
        store.market.put_sessions(table)

    def rule(self, text: str, **changes: object) -> AlertRule:
        blank = AlertRule(0, text, (), None, (), 0.0, 0.0, self._table.sessions[0].open)
        return self.store.alerts.add(replace(blank, **changes))  # type: ignore[arg-type]

    def close(self, series: BarSeries) -> None:
        """All bars of `series` are closed and stored, with a quote at the newest close."""
        self.store.market.put_instruments([series.instrument])
        self.store.market.put_bars(series)
        self.store.market.put_indicators(series.symbol, indicator_rows(series))
        newest = series.bars[-1]
        previous = series.bars[-2].close if len(series.bars) > 1 else None
        self.quote(series.symbol, newest.close, self._table.close_of(newest.session), previous)

    def quote(self, symbol: Symbol, price: float, time: datetime, previous: float | None = None) -> None:
        self.store.market.put_quotes([Quote(symbol, price, time, previous, "USD", "test")])

    def look(self, now: datetime, *symbols: Symbol) -> tuple[Alert, ...]:
        return self.book.look(self.snapshot(now, symbols or (AAPL,)))

    def snapshot(self, now: datetime, symbols: Sequence[Symbol]) -> Snapshot:
        source = SourceHealth("test", Health.OK, "ok")
        status = Status(now, self.groups, tuple(symbols), source, (), None, (), None)
        return SnapshotReader(self.store).read(1, status)

    def tick(self, symbol: Symbol, price: float, time: datetime, seconds: float = 0.0) -> tuple[Alert, ...]:
        """A price streams in, so many seconds after it was made."""
        source, now = SourceHealth("test", Health.OK, "ok"), time + timedelta(seconds=seconds)
        tick = Quote(symbol, price, time, None, "USD", "stream")
        status = Status(now, self.groups, (symbol,), source, (), None, (), None, ticks=(tick,))
        return self.book.look_at_ticks(SnapshotReader(self.store).read(1, status))

    def restart(self) -> None:
        self.book = AlertBook(self.store)
