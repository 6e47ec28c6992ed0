"""Prices in the currency a person wants: rates come in the same batch, and where there is none nothing is converted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.sources.base import healthy
from forecasting.data.store import Store
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.snapshot import Health, SourceHealth, SymbolRow
from forecasting.service.local import LocalBackend
from forecasting.service.snapshots import SnapshotReader, Status
from tests.support.desk import setup

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
AAPL, VOD, SAP, SPX = (Symbol(s) for s in ("AAPL", "VOD.L", "SAP.DE", "^GSPC"))
MONEY = {AAPL: (200.0, "USD"), VOD: (0.75, "GBP"), SAP: (240.0, "EUR"), SPX: (6500.0, "USD")}


class Bank:
    """A source that knows prices and some rates, and no history; it remembers its batches."""

    name = "bank"

    def __init__(self, **rates: float) -> None:
        pairs = {Symbol(f"{name}=X"): (value, name[3:]) for name, value in rates.items()}
        self.known = {**MONEY, **pairs}
        self.batches: list[tuple[Symbol, ...]] = []

    def catalogue(self) -> tuple[Symbol, ...]:
        return ()

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        self.batches.append(tuple(symbols))
        return [self._quote(s) for s in symbols]

    def _quote(self, symbol: Symbol) -> Quote | SymbolFailure:
        if symbol not in self.known:
            return SymbolFailure(symbol, "unknown-symbol", f"{symbol}: unknown")
        price, currency = self.known[symbol]
        return Quote(symbol, price, NOW - timedelta(seconds=12), None, currency, self.name)

    def history(self, symbol: Symbol, *args: object) -> BarSeries | SymbolFailure:
        return SymbolFailure(symbol, "no-data", f"{symbol}: no history here")

    def health(self) -> SourceHealth:
        return healthy(self.name)


def rows_of(tmp_path: Path, bank: Bank, *, ticks: int = 1, currency: str | None = "EUR") -> dict[Symbol, SymbolRow]:
    made = replace(setup(tmp_path, tmp_path, "simulated"), display_currency=currency)
    with Store.open(made.store_path) as store:
        backend = LocalBackend(made, store)
        backend.desk.source = bank
        symbols = tuple(MONEY)
        for _ in range(ticks):
            report = backend.tick(symbols, NOW, lambda step: None)
        assert {f.symbol for f in report.failures} <= set(symbols)
        source = SourceHealth("bank", Health.OK, "ok")
        status = Status(NOW, (), symbols, source, (), None, (), None)
        return {r.symbol: r for r in SnapshotReader(store, currency).read(1, status).rows}


def test_prices_are_converted_and_percentages_and_points_of_an_index_are_not(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, Bank(USDEUR=0.8, EURGBP=0.75))
    shown = {s: (r.display_price, r.display_currency) for s, r in rows.items()}
    assert shown == {AAPL: (160.0, "EUR"), VOD: (pytest.approx(0.75), "GBP"), SAP: (240.0, "EUR"), SPX: (6500.0, "USD")}
    assert (rows[AAPL].last, rows[AAPL].currency, rows[AAPL].source) == (200.0, "USD", "bank")
    rate = rows[AAPL].rate
    assert rate is not None
    assert (rate.value, rate.time) == (0.8, NOW - timedelta(seconds=12))


def test_rates_cost_no_request_of_their_own_once_the_currencies_are_known(tmp_path: Path) -> None:
    bank = Bank(USDEUR=0.8)
    rows_of(tmp_path, bank, ticks=3)
    rates = (Symbol("GBPEUR=X"), Symbol("USDEUR=X"))
    assert bank.batches == [tuple(MONEY), rates, (*MONEY, *rates), (*MONEY, *rates)]


def test_nobody_asks_for_rates_where_prices_are_shown_as_traded(tmp_path: Path) -> None:
    bank = Bank(USDEUR=0.8)
    rows = rows_of(tmp_path, bank, ticks=2, currency=None)
    assert bank.batches == [tuple(MONEY)] * 2
    assert all(r.rate is None for r in rows.values())
