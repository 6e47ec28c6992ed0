"""The store's holdings in memory, and some to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from forecasting.domain.holding import Holding, books
from forecasting.domain.market import Symbol
from forecasting.domain.money import Rate
from forecasting.domain.portfolio import add_up
from forecasting.domain.snapshot import Snapshot, SymbolRow
from forecasting.service.holdings import HoldingsDesk


class FakeHoldings:
    """The store's holdings, in memory; see `forecasting.data.store.holdings.Holdings`."""

    def __init__(self) -> None:
        self.kept: dict[Symbol, Holding] = {}

    def all(self) -> dict[Symbol, Holding]:
        return self.kept

    def save(self, holdings: Iterable[Holding]) -> None:
        kept = tuple(holdings)
        self.change(lambda before: kept)

    def change(self, make: Callable[[Mapping[Symbol, Holding]], Iterable[Holding]]) -> tuple[Holding, ...]:
        made = tuple(make(self.kept))
        for holding in made:
            self.kept = {symbol: kept for symbol, kept in self.kept.items() if symbol != holding.symbol}
            if not holding.empty:
                self.kept[holding.symbol] = holding
        return made


def with_holdings(snapshot: Snapshot, holdings: Mapping[Symbol, Holding]) -> Snapshot:
    """The snapshot with what is held, in dollars; only the yen has no rate."""
    rows = tuple(_with_holding(row, holdings.get(row.symbol)) for row in snapshot.rows)
    positions = {row.symbol: row.position for row in rows if row.position is not None}
    several = len({position.currency for position in positions.values()}) > 1
    return replace(snapshot, rows=rows, portfolio=add_up(positions, "USD" if several else None))


def _with_holding(row: SymbolRow, holding: Holding | None) -> SymbolRow:
    if holding is None:
        return row
    made = replace(row, holding=holding)
    if not holding.entries or row.data_time is None:
        return made
    close = None if row.last is None or row.change_pct is None else row.last / (1 + row.change_pct / 100)
    rate = Rate("EUR", "USD", 1.25, row.data_time - timedelta(minutes=4)) if row.currency == "EUR" else None
    day = row.data_time.date()
    return replace(made, position=books(holding.entries, day).position(row.last, close, row.currency, rate))


def fill_holdings(desk: HoldingsDesk) -> None:
    """A long position, a short one, one in yen, one that is closed, and a note alone."""
    desk.edit(Symbol("NVDA"), alias="my chips", tags="core tech", note="sell above 300",
              lots="2025-01-15 10 @ 120.50 fee 1\n2025-06-10 5 @ 142.10 fee 1\n2025-11-03 -4 @ 201 fee 1")
    desk.edit(Symbol("AAPL"), alias="", tags="core", note="", lots="2026-02-02 -20 @ 195.5")
    desk.edit(Symbol("7203.T"), alias="", tags="", note="", lots="2025-03-03 100 @ 2500")
    desk.edit(Symbol("TSM"), alias="", tags="", note="", lots="2025-03-03 5 @ 150\n2025-09-01 -5 @ 190")
    desk.edit(Symbol("BTC-USD"), alias="", tags="", note="cold wallet", lots=None)
