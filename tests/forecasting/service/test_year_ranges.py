"""Low and high of 52 weeks, read once per bar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from forecasting.data.store import Store
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol
from forecasting.service.year_ranges import YearRanges

NVDA, AAPL = Symbol("NVDA"), Symbol("AAPL")
TODAY = date(2026, 3, 2)


def bar(session: date, low: float, high: float) -> Bar:
    return Bar(session, low, high, low, high, high / 2, 1e6)


def series(symbol: Symbol, *bars: Bar) -> BarSeries:
    return BarSeries(Instrument(symbol, symbol, "XNYS", "USD"), bars)


def test_bars_of_the_last_52_weeks_count_as_traded_and_older_ones_do_not() -> None:
    with Store.temporary() as store:
        store.market.put_bars(series(
            NVDA, bar(TODAY - timedelta(days=365), 1.0, 900.0), bar(TODAY - timedelta(days=364), 90.0, 210.0),
            bar(TODAY - timedelta(days=3), 100.0, 150.0),
        ))
        years = YearRanges(store.market)
        assert years.of([NVDA, AAPL], TODAY) == {}      # the first paint does not wait for it
        assert years.of([NVDA, AAPL], TODAY) == {NVDA: (90.0, 210.0)}


def test_a_symbol_is_read_anew_when_a_bar_closes_and_only_then() -> None:
    with Store.temporary() as store:
        store.market.put_bars(series(NVDA, bar(TODAY - timedelta(days=3), 100.0, 150.0)))
        store.market.put_bars(series(AAPL, bar(TODAY - timedelta(days=3), 10.0, 15.0)))
        years = YearRanges(store.market)
        years.of([NVDA, AAPL], TODAY)
        assert years.of([NVDA, AAPL], TODAY)[AAPL] == (10.0, 15.0)
        asked: list[list[Symbol]] = []
        ranges = store.market.ranges
        store.market.ranges = lambda symbols, since: asked.append(list(symbols)) or ranges(symbols, since)  # type: ignore
        store.market.put_bars(series(NVDA, replace(bar(TODAY, 80.0, 120.0))))
        assert years.of([NVDA, AAPL], TODAY) == {NVDA: (80.0, 150.0), AAPL: (10.0, 15.0)}
        years.of([NVDA, AAPL], TODAY)
        assert asked == [[NVDA]]
