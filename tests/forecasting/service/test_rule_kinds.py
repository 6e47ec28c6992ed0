"""Every kind of rule over real and made-up bars: pandas and TA-Lib say where it fires, whoever looks and how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.store import Store
from forecasting.domain.market import BarSeries
from forecasting.features.indicators import indicator_rows
from forecasting.trading.rules.parser import parse_rule
from forecasting.trading.rules.replay import History, firings
from tests.support.alert_market import Market
from tests.support.bars import make_series, random_walk_series, stocknet
from tests.support.markets import CALENDARS

Truth: TypeAlias = "pd.Series[Any]"      # of booleans, by bar

TABLE = CALENDARS.sessions("XNYS", date(2012, 8, 1), date(2017, 12, 29))
MADE_UP = "made up"
WATCHED = range(300, 400)      # bars whose closes an alert book looks at
SETTLED = 320                  # from here on it remembers as much as any rule looks back


class Columns:
    """One symbol's bars as pandas columns, on an adjusted scale where they are compared over time."""

    def __init__(self, series: BarSeries) -> None:
        self.series = series
        self._closes = pd.Series([TABLE.close_of(bar.session) for bar in series.bars])
        names = ("open", "high", "low", "close", "adj_close", "volume")
        self.open, self.high, self.low, self.close, self.adj_close, self.volume = (
            pd.Series([getattr(bar, name) for bar in series.bars]) for name in names
        )
        factor, adjusted = self.adj_close / self.close, self.adj_close.to_numpy()
        self.highs, self.lows = self.high * factor, self.low * factor
        self.change = self.adj_close.pct_change() * 100
        self.rsi = pd.Series(talib.RSI(adjusted, 14))
        self.macd, self.macd_signal, self.macd_hist = map(pd.Series, talib.MACD(adjusted, 12, 26, 9))

    def price_before(self, stretch: timedelta) -> Truth:
        """The newest adjusted close that was known so long before each close."""
        at = self._closes.searchsorted(self._closes - stretch, side="right") - 1
        return pd.Series([self.adj_close[i] if i >= 0 else np.nan for i in at])


def rises(state: Truth, *known: Truth) -> Truth:
    """Where a state comes true that was known to be false at the bar before."""
    was_known = pd.concat([column.notna() for column in known], axis=1).all(axis=1).shift(1, fill_value=False)
    return state & ~state.shift(1, fill_value=True) & was_known


def then(first: Truth, second: Truth, within: int) -> Truth:
    """Where `second` happens at most so many bars after `first`, which one happening uses up."""
    since, found = None, []
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        hit = bool(b) and since is not None and i - since <= within
        found.append(hit)
        since = i if a else None if hit or since is None or i - since > within else since
    return pd.Series(found)


KINDS: dict[str, Callable[[Columns], Truth]] = {
    "last > 1.02 * open": lambda c: rises(c.close > 1.02 * c.open, c.close),
    "high - low > 0.03 * last": lambda c: rises(c.high - c.low > 0.03 * c.close, c.close),
    "last > high(20 bars)": lambda c: rises(c.adj_close > c.highs.rolling(20).max().shift(1),
                                            c.highs.rolling(20).max().shift(1)),
    "low < low(10 bars)": lambda c: rises(c.lows < c.lows.rolling(10).min().shift(1),
                                          c.lows.rolling(10).min().shift(1)),
    "last crosses above average(10 bars)": lambda c: rises(c.adj_close > c.adj_close.rolling(10).mean(),
                                                           c.adj_close.rolling(10).mean()),
    "average(5 bars) crosses below average(20 bars)": lambda c: rises(
        c.adj_close.rolling(5).mean() < c.adj_close.rolling(20).mean(), c.adj_close.rolling(20).mean()),
    "change_pct > 1.5": lambda c: rises(c.change > 1.5, c.change),
    "abs(change_pct) >= 1 for 2 bars": lambda c: rises(
        (c.change.abs() >= 1) & (c.change.shift(1).abs() >= 1), c.change),
    "change_pct(5 bars) < -3": lambda c: rises(c.adj_close.pct_change(5) * 100 < -3, c.adj_close.pct_change(5)),
    "change_pct(7d) > 3": lambda c: rises((c.adj_close / c.price_before(timedelta(days=7)) - 1) * 100 > 3,
                                          c.price_before(timedelta(days=7))),
    "volume > 1.2 * 20000000 or volume_ratio > 1.5": lambda c: rises(
        (c.volume > 24e6) | (money(c) > 1.5), money(c)),
    "volume_ratio > 1.3 and change_pct < 0": lambda c: rises((money(c) > 1.3) & (c.change < 0), money(c)),
    "rsi crosses above 50": lambda c: rises(c.rsi > 50, c.rsi),
    "rsi crosses below 60": lambda c: rises(c.rsi < 60, c.rsi),
    "not rsi > 45": lambda c: rises(c.rsi <= 45, c.rsi),
    "macd crosses above macd_signal": lambda c: rises(c.macd > c.macd_signal, c.macd_signal),
    "macd_hist < 0 for 3 bars": lambda c: rises(
        (c.macd_hist < 0) & (c.macd_hist.shift(1) < 0) & (c.macd_hist.shift(2) < 0), c.macd_hist),
    "rsi crosses above 55 or change_pct < -2": lambda c: rises(c.rsi > 55, c.rsi) | rises(c.change < -2, c.change),
    "change_pct < -0.5 then change_pct > 0.5 within 3 bars": lambda c: then(
        rises(c.change < -0.5, c.change), rises(c.change > 0.5, c.change), 3),
    "change_pct > 1 and symbol == aapl": lambda c: rises((c.change > 1) & (c.series.symbol == "AAPL"), c.change),
}  # fmt: skip


def money(c: Columns) -> Truth:
    traded = c.volume * c.close
    ratio: Truth = traded / traded.rolling(20).mean().shift(1)
    return ratio


@lru_cache(maxsize=3)
def columns(name: str) -> Columns:
    [series] = stocknet(name) if name != MADE_UP else [_made_up()]
    return Columns(series)


def _made_up() -> BarSeries:
    """A random walk on the exchange's own sessions, with dividends."""
    sessions = [s.session for s in TABLE.sessions[:700]]
    walk = random_walk_series("AAPL", 700, seed=9)
    return replace(walk, bars=tuple(replace(b, session=s) for b, s in zip(walk.bars, sessions, strict=True)))


@pytest.mark.parametrize("name", [MADE_UP, "AAPL", "KO"])
def test_replayed_over_years_each_kind_fires_at_the_bars_named_by_pandas_and_talib(name: str) -> None:
    c = columns(name)
    bars = c.series.bars
    history = History(c.series.symbol, bars, indicator_rows(c.series), [TABLE.close_of(b.session) for b in bars], {})
    places = {b.session: i for i, b in enumerate(bars)}
    for text, expected in KINDS.items():
        found = [places[f.session] for f in firings(parse_rule(text), history)]
        assert found == np.flatnonzero(expected(c).to_numpy()).tolist(), text
        assert len(found) >= 3 or "symbol" in text or "volume >" in text, text


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", [MADE_UP, "AAPL"])
def test_looked_at_bar_by_bar_each_kind_fires_there_too_also_with_a_restart_at_every_bar(
    name: str, restart: bool
) -> None:
    c = columns(name)
    expected = {(text, int(i)) for text, where in KINDS.items() for i in np.flatnonzero(where(c).to_numpy())}
    found = live(c.series, WATCHED, list(KINDS), restart=restart)
    watched = {(text, i) for text, i in expected if SETTLED <= i < WATCHED.stop}
    assert len(watched) > 60
    assert sorted((text, i) for text, i in found if i >= SETTLED) == sorted(watched)


def live(
    series: BarSeries, watched: range, rules: Sequence[str], *, restart: bool, hysteresis: float = 0.0,
    cooldown_s: float = 0.0,
) -> list[tuple[str, int]]:
    """Rules and the bars they fire at, for somebody who looks after each close."""
    bars, indicators = series.bars, indicator_rows(series)
    with Store.temporary() as store:
        market = Market(store, table=TABLE)
        for text in rules:
            market.rule(text, hysteresis=hysteresis, cooldown_s=cooldown_s)
        store.market.put_instruments([series.instrument])
        for i in watched:
            if restart:
                market.restart()
            begin = 0 if i == watched.start else i
            store.market.put_bars(replace(series, bars=bars[begin : i + 1]))
            store.market.put_indicators(series.symbol, indicators[begin : i + 1])
            close, previous = TABLE.close_of(bars[i].session), bars[i - 1].adj_close / bars[i].factor
            market.quote(series.symbol, bars[i].close, close, previous)
            market.look(close + timedelta(minutes=2), series.symbol)
        places = {TABLE.close_of(b.session): i for i, b in enumerate(bars)}
        return sorted((alert.rule, places[alert.data_time]) for alert in store.alerts.history())


AT_CLOSES: dict[str, Callable[[Columns], Truth]] = {
    "rsi < 45 for 3 bars": lambda c: rises(
        (c.rsi < 45) & (c.rsi.shift(1) < 45) & (c.rsi.shift(2) < 45), c.rsi),
    "(rsi < 45 and last > 1) for 2 bars": lambda c: rises((c.rsi < 45) & (c.rsi.shift(1) < 45), c.rsi),
    "rsi crosses below 50 then rsi crosses above 50 within 4 bars": lambda c: then(
        rises(c.rsi < 50, c.rsi), rises(c.rsi > 50, c.rsi), 4),
    "rsi crosses above 50 and last > 1": lambda c: rises(c.rsi > 50, c.rsi),
    "rsi crosses above 50 and currency == usd": lambda c: rises(c.rsi > 50, c.rsi),
    "rsi crosses above 50 and state != err": lambda c: rises(c.rsi > 50, c.rsi),
    "rsi crosses above 50 and signal == none": lambda c: rises(c.rsi > 50, c.rsi),
    "rsi crosses above 50 and age >= 0": lambda c: rises(c.rsi > 50, c.rsi),
}  # fmt: skip
"""What can come true at a close only, whatever prices do before and after it."""


@pytest.mark.parametrize("restart", [False, True])
def test_prices_of_the_session_before_the_open_and_of_the_evening_change_nothing_of_what_closes_say(
    restart: bool,
) -> None:
    c = columns(MADE_UP)
    series, bars, indicators = c.series, c.series.bars, indicator_rows(c.series)
    symbol, hour = series.symbol, timedelta(hours=1)
    with Store.temporary() as store:
        market = Market(store, table=TABLE)
        for text in AT_CLOSES:
            market.rule(text)
        store.market.put_instruments([series.instrument])
        for i in WATCHED:
            session = TABLE.sessions[i]
            closing = session.close + timedelta(seconds=1)      # as closing prices are stamped
            told = [(session.open - hour, bars[i].open), (session.open + hour, bars[i].low),
                    (session.close - hour, bars[i].high), (closing, bars[i].close),
                    (closing + hour, bars[i].close * (0.9 + 0.2 * (i % 2)))]
            for time, price in told:
                if restart and time == closing:
                    market.restart()
                if time == closing + hour:
                    begin = 0 if i == WATCHED.start else i
                    store.market.put_bars(replace(series, bars=bars[begin : i + 1]))
                    store.market.put_indicators(symbol, indicators[begin : i + 1])
                    market.look(time - hour / 2, symbol)
                market.quote(symbol, price, time, bars[i - 1].adj_close / bars[i].factor)
                market.look(time + timedelta(seconds=5), symbol)
        alerts = store.alerts.history()
    places = [(a.rule, next(i for i in WATCHED if a.data_time <= TABLE.sessions[i].close + hour * 2)) for a in alerts]
    assert all(a.data_time >= TABLE.sessions[i].close for a, (_, i) in zip(alerts, places, strict=True))
    expected = [(text, int(i)) for text, where in AT_CLOSES.items() for i in np.flatnonzero(where(c).to_numpy())]
    watched = sorted((text, i) for text, i in expected if SETTLED <= i < WATCHED.stop)
    assert len(watched) > 30
    assert sorted((text, i) for text, i in places if i >= SETTLED) == watched


MOVES = st.lists(st.sampled_from([-0.04, -0.015, -0.004, 0.003, 0.012, 0.035]), min_size=15, max_size=30)


@given(MOVES, st.sampled_from([0.0, 0.01, 0.1]), st.sampled_from([0.0, 3 * 86_400.0]))
@settings(max_examples=5, deadline=None)
def test_with_hysteresis_and_cooldown_a_restart_at_every_bar_changes_no_kind(
    moves: list[float], hysteresis: float, cooldown_s: float
) -> None:
    walk = [1 + 0.01 * np.sin(i) for i in range(60)]
    prices = (100 * np.cumprod([*walk, *(1 + m for m in moves)])).round(3).tolist()
    series = make_series("AAPL", prices, sessions=[s.session for s in TABLE.sessions[: len(prices)]])
    watched = range(60, len(prices))
    once, often = (
        live(series, watched, list(KINDS), restart=restart, hysteresis=hysteresis, cooldown_s=cooldown_s)
        for restart in (False, True)
    )
    assert once == often
    closes = [TABLE.close_of(bar.session).timestamp() for bar in series.bars]
    for text in KINDS:
        at = [closes[i] for rule, i in once if rule == text]
        assert all(b - a >= cooldown_s for a, b in pairwise(at))
