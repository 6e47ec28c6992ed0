"""Alert rules at work over a store: once per edge, across restarts and down time, and for a reason on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.store import Store
from forecasting.domain.decision import Alert, Signal, SignalKind
from forecasting.domain.forecast import Origin
from forecasting.domain.market import BarSeries, Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import StoreUnwritable
from tests.support.alert_market import AAPL, TABLE, Market
from tests.support.bars import make_series
from tests.support.store import forecast

MSFT = Symbol("MSFT")
SESSIONS = [s.session for s in TABLE.sessions if s.session >= date(2015, 1, 5)]
MONTHS_OF_WALK = np.round(100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.02, 100))), 2).tolist()


@pytest.fixture
def market() -> Iterator[Market]:
    with Store.temporary() as store:
        yield Market(store)


def after_close(i: int) -> datetime:
    return TABLE.close_of(SESSIONS[i]) + timedelta(minutes=2)


def open_of(i: int) -> datetime:
    session = TABLE.get(SESSIONS[i])
    assert session is not None
    return session.open


def closes(values: Sequence[float], symbol: Symbol = AAPL) -> BarSeries:
    return make_series(symbol, values, sessions=SESSIONS[: len(values)])


def fired(market: Market, values: Sequence[float], looks: Sequence[int], *, restart: bool = False) -> list[int]:
    """Bars at whose close the rules fired, when somebody looks after the bars `looks` alone."""
    for i in looks:
        if restart:
            market.restart()
        market.close(closes(values[: i + 1]))
        market.look(after_close(i))
    by_close = {TABLE.close_of(s): i for i, s in enumerate(SESSIONS[: len(values)])}
    return [by_close[a.data_time] for a in reversed(market.store.alerts.history())]


RULES = {
    "rsi crosses above 50": lambda c: crosses(talib.RSI(np.array(c), 14), 50.0),
    "macd crosses below macd_signal": lambda c: crosses(-np.subtract(*talib.MACD(np.array(c))[:2]), 0.0),
    "change_pct > 2": lambda c: rises(np.diff(c, prepend=np.nan) / np.roll(c, 1) * 100 > 2),
    "last > high(5 bars)": lambda c: rises(
        np.array([i >= 6 and c[i] > max(max(c[j - 1: j + 1]) for j in range(i - 5, i)) for i in range(len(c))])
    ),
    "change_pct < 0 for 3 bars": lambda c: rises(
        np.array([i >= 3 and c[i - 3] > c[i - 2] > c[i - 1] > c[i] for i in range(len(c))])
    ),
}  # fmt: skip


def crosses(values: np.ndarray, level: float) -> list[int]:
    return [i for i in range(1, len(values)) if values[i - 1] <= level < values[i]]


def rises(state: np.ndarray) -> list[int]:
    return [i for i in range(1, len(state)) if state[i] and not state[i - 1]]


@pytest.mark.parametrize("text", RULES)
def test_a_rule_fires_where_an_independent_computation_says_however_often_tapecast_is_restarted_or_away(
    text: str,
) -> None:
    expected = [i for i in RULES[text](MONTHS_OF_WALK) if i > 40]     # the looks before are the baseline
    assert len(expected) >= 3
    every, every_seventh = range(40, 100), range(40, 100, 7)
    for looks, restart in ((every, False), (every, True), (every_seventh, False), (every_seventh, True)):
        with Store.temporary() as store:
            market = Market(store)
            market.rule(text)
            assert fired(market, MONTHS_OF_WALK, looks, restart=restart) == [i for i in expected if i <= looks[-1]]


def test_what_crossed_while_nobody_watched_is_told_late_and_once(market: Market) -> None:
    market.rule("last crosses above 105")
    fired(market, [100.0, 101.0], [1])
    market.restart()
    market.close(closes([100.0, 101.0, 106.0, 101.0, 102.0]))

    [alert] = market.look(after_close(4))

    assert (alert.late, alert.data_time, alert.value) == (True, TABLE.close_of(SESSIONS[2]), 106.0)
    assert market.look(after_close(4) + timedelta(minutes=1)) == ()
    market.restart()
    assert market.look(after_close(4) + timedelta(minutes=2)) == ()


@pytest.mark.parametrize("away", [False, True])
def test_a_close_outside_the_band_that_stood_until_then_is_told_though_a_new_forecast_starts_from_it(
    market: Market, away: bool
) -> None:
    rule, values = "last < band_low_1d", [100.0, 100.1, 99.0, 99.1, 98.0]      # the 80 % band: 0.4 % to either side
    market.rule(rule)
    told: list[Alert] = []
    for i in range(len(values)):
        market.close(closes(values[: i + 1]))
        made = forecast(AAPL, session=SESSIONS[i], last_close=values[i])
        market.store.ledger.append([made], Origin.LIVE, at=made.issued_at)
        if not away or i in (0, 1, 4):
            market.restart()
            told += market.look(after_close(i))

    assert [(a.data_time, a.late) for a in told] == [
        (TABLE.close_of(SESSIONS[2]), True), (TABLE.close_of(SESSIONS[4]), True)
    ]
    assert told[0].reason == "last < band_low_1d: last 99, band_low_1d 99.7"


def test_while_somebody_watches_nothing_is_late(market: Market) -> None:
    market.rule("last > 105")
    market.close(closes([100.0, 101.0]))
    opened = open_of(2)
    for minute, price in enumerate((104.0, 104.5, 105.5)):
        market.quote(AAPL, price, opened + timedelta(minutes=minute), 101.0)
        alerts = market.look(opened + timedelta(minutes=minute, seconds=5))

    assert [(a.late, a.value, a.reason) for a in alerts] == [(False, 105.5, "last > 105: last 105.5")]


def test_the_close_of_a_bar_does_not_repeat_what_its_session_said(market: Market) -> None:
    market.rule("last > 105 and change_pct > 3")
    market.close(closes([100.0, 101.0]))
    market.look(after_close(1))
    opened = after_close(1) + timedelta(hours=18)
    market.quote(AAPL, 105.5, opened, 101.0)
    assert len(market.look(opened)) == 1
    market.close(closes([100.0, 101.0, 105.6]))
    assert market.look(after_close(2)) == ()


def test_a_cooldown_is_of_data_time_and_outlasts_a_restart(market: Market) -> None:
    market.rule("last > 105", cooldown_s=5 * 86_400.0)

    assert fired(market, [100, 106, 100, 106, 100, 106, 100, 106], range(1, 8), restart=True) == [3, 7]


def test_a_rule_over_a_list_follows_the_list(market: Market) -> None:
    market.rule("last > 105", group="Tech")
    for symbol in (AAPL, MSFT):
        market.close(closes([100.0, 101.0], symbol))
    market.groups = (WatchGroup("Tech", (MSFT,)),)
    market.look(after_close(1), AAPL, MSFT)
    for symbol in (AAPL, MSFT):
        market.close(closes([100.0, 101.0, 106.0], symbol))
    assert [a.symbol for a in market.look(after_close(2), AAPL, MSFT)] == [MSFT]

    market.groups = (WatchGroup("Tech", (MSFT, AAPL)),)
    assert market.look(after_close(2) + timedelta(minutes=1), AAPL, MSFT) == ()      # AAPL's baseline: above already


def test_a_move_over_hours_is_measured_from_what_was_seen_then(market: Market) -> None:
    market.rule("change_pct(2h) > 3")
    market.close(closes([100.0, 101.0]))
    opened = open_of(2)
    prices = [101.0, 101.5, 102.0, 103.0, 103.9, 104.5, 104.7]      # one an hour: 103.9 is 2.4 % above 101.5
    found = []
    for hour, price in enumerate(prices[:6]):
        market.quote(AAPL, price, opened + timedelta(hours=hour), 101.0)
        found += [hour for _ in market.look(opened + timedelta(hours=hour, seconds=1))]

    assert found == []
    market.quote(AAPL, 107.5, opened + timedelta(hours=6), 101.0)      # 3.5 % above 103.9
    assert [round(a.value or 0, 2) for a in market.look(opened + timedelta(hours=6, seconds=1))] == [3.46]


def test_a_rule_that_cannot_be_read_is_named_and_silences_no_other(market: Market) -> None:
    broken = market.rule("lost > 105")
    market.rule("last > 105")

    assert fired(market, [100, 101, 106], [1, 2]) == [2]
    assert market.book.problems == (
        f"alert {broken.id} is silent: no field 'lost'; did you mean last? (at 1: lost > 105)",
    )


def test_what_a_full_disk_did_not_take_fires_at_the_next_look(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.rule("last > 105")
    fired(market, [100.0, 101.0], [1])
    market.close(closes([100.0, 101.0, 106.0]))

    def refuse(*args: object) -> tuple[Alert, ...]:
        raise StoreUnwritable("the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(market.store.alerts, "record", refuse)
        for _ in range(2):
            with pytest.raises(StoreUnwritable):
                market.look(after_close(2))
    assert [a.value for a in market.look(after_close(2))] == [106.0]
    assert market.look(after_close(2)) == ()


def test_a_rule_removed_or_added_takes_effect_at_the_next_look(market: Market) -> None:
    first = market.rule("last > 105")
    fired(market, [100, 101], [0, 1])
    market.store.alerts.remove(first.id, after_close(1))
    market.rule("last > 104")
    assert fired(market, [100, 101, 106, 100, 106], [2, 3, 4]) == [4]       # at bar 2 the new one has its baseline


def test_a_price_that_streams_in_fires_and_the_poll_that_sees_it_too_does_not(market: Market) -> None:
    market.rule("last > 105")
    market.close(closes([100.0, 101.0]))
    opened = open_of(2)
    market.look(opened)
    at = [opened + timedelta(seconds=s) for s in range(10)]

    assert [a.value for a in market.tick(AAPL, 105.5, at[1])] == [105.5]
    assert market.tick(AAPL, 105.6, at[2]) == ()
    market.quote(AAPL, 105.6, at[2], 101.0)
    assert market.look(at[3]) == ()
    market.quote(AAPL, 104.0, at[4], 101.0)
    assert market.look(at[4]) == ()
    assert [a.value for a in market.tick(AAPL, 105.1, at[5])] == [105.1]


@pytest.mark.parametrize("restart", [False, True])
def test_a_price_older_than_the_newest_looked_at_is_not_looked_at(market: Market, restart: bool) -> None:
    market.rule("last > 105")
    market.close(closes([100.0, 101.0]))
    opened = open_of(2)
    at = [opened + timedelta(seconds=s) for s in range(60)]
    market.look(opened)
    assert len(market.tick(AAPL, 105.5, at[30])) == 1
    if restart:
        market.restart()
    market.quote(AAPL, 104.0, at[20], 101.0)      # a poll that is behind the stream, also after a restart
    assert market.look(at[35]) == ()
    assert market.tick(AAPL, 105.5, at[29], 7) == ()
    assert market.tick(AAPL, 105.7, at[40]) == ()
    assert market.tick(AAPL, 104.9, at[41]) == ()
    assert len(market.tick(AAPL, 105.2, at[42])) == 1


def test_a_price_after_the_close_is_newer_than_the_close(market: Market) -> None:
    market.rule("last > 105")
    market.close(closes([100.0, 101.0]))
    market.look(open_of(2))
    evening = TABLE.close_of(SESSIONS[2]) + timedelta(seconds=30)
    market.quote(AAPL, 106.0, evening, 101.0)
    assert len(market.look(evening)) == 1
    series = closes([100.0, 101.0, 104.0])
    market.store.market.put_bars(series)      # the bar comes after the price it is older than
    assert market.look(evening + timedelta(minutes=1)) == ()


def test_a_closing_price_stamped_a_second_late_begins_no_bar_of_its_own(market: Market) -> None:
    market.rule("change_pct(1 bars) < 1")
    market.rule("last < average(2 bars)")
    market.close(closes([100.0, 100.0]))
    market.look(open_of(2))
    at_close = TABLE.close_of(SESSIONS[2])
    for time in (at_close - timedelta(minutes=5), at_close + timedelta(seconds=1)):
        market.quote(AAPL, 104.0, time, 100.0)
        market.look(time + timedelta(seconds=5))
    market.close(closes([100.0, 100.0, 104.0]))
    for seconds in (1, 3600):                  # the closing price, and one of the evening
        market.quote(AAPL, 104.0, at_close + timedelta(seconds=seconds), 100.0)
        assert market.look(at_close + timedelta(seconds=seconds + 90)) == ()
    market.quote(AAPL, 104.1, open_of(3), 104.0)
    assert [a.rule for a in market.look(open_of(3))] == ["change_pct(1 bars) < 1"]


def test_bars_that_come_after_the_present_has_been_looked_at_are_told_all_the_same(market: Market) -> None:
    market.rule("last crosses above 105")
    fired(market, [100.0, 101.0], [1])
    market.restart()
    market.quote(AAPL, 102.0, open_of(5), 101.0)      # the source has prices and no bars yet
    assert market.look(open_of(5)) == ()
    market.store.market.put_bars(closes([100.0, 101.0, 106.0, 101.0, 102.0]))
    assert [(a.value, a.data_time) for a in market.look(open_of(5) + timedelta(minutes=1))] == [
        (106.0, TABLE.close_of(SESSIONS[2]))
    ]


def test_after_a_long_silence_the_bars_come_before_what_streams_in(market: Market) -> None:
    market.rule("last crosses above 105")
    fired(market, [100.0, 101.0], [1])
    assert market.tick(AAPL, 107.0, open_of(4)) == ()
    market.close(closes([100.0, 101.0, 106.0, 104.0]))
    assert [a.late for a in market.look(open_of(4) + timedelta(seconds=1))] == [True]
    assert [a.late for a in market.tick(AAPL, 107.0, open_of(4) + timedelta(seconds=2))] == [False]


def test_a_rule_says_nothing_of_what_closed_before_it_was_added(market: Market) -> None:
    market.rule("last > 1")
    fired(market, [100.0, 101.0], [1])
    market.restart()
    market.rule("last crosses above 105")      # added while nobody runs, after 106
    market.close(closes([100.0, 101.0, 104.0, 106.0, 104.0]))
    assert market.look(after_close(4)) == ()
    market.close(closes([100.0, 101.0, 104.0, 106.0, 104.0, 107.0]))
    assert [a.value for a in market.look(after_close(5))] == [107.0]


def test_each_signal_of_a_bar_can_be_waited_for_also_of_bars_that_were_missed(market: Market) -> None:
    kinds = (SignalKind.MACD_GOLDEN, SignalKind.VOLATILITY_HIGH)
    for kind in kinds:
        market.rule(f"signal_kind == {kind}")
    market.rule("signal == buy and last > 1")
    values = [100.0, 101.0, 102.0, 103.0]
    fired(market, values[:2], [1])
    market.close(closes(values))
    made = Signal(AAPL, kinds[0], SESSIONS[2], TABLE.close_of(SESSIONS[2]), 102.0, 1, 5, "MACD 1 crossed above 0")
    later = replace(made, kind=SignalKind.RSI_OVERBOUGHT, session=SESSIONS[3], time=after_close(3), direction=-1)
    market.store.signals.append([made, replace(made, kind=kinds[1], direction=0), later])
    market.store.signals.append(
        [replace(made, symbol=MSFT, session=made.session + timedelta(days=i)) for i in range(300)]
    )
    alerts = market.look(after_close(3))
    assert [(a.rule, a.data_time) for a in alerts] == [
        (rule, TABLE.close_of(SESSIONS[2]))
        for rule in (f"signal_kind == {kinds[0]}", f"signal_kind == {kinds[1]}", "signal == buy and last > 1")
    ]


def test_days_of_another_symbol_do_not_end_what_has_held_for_bars(market: Market) -> None:
    market.rule("last > 105 for 3 bars")
    for symbol in (AAPL, MSFT):
        market.close(closes([100.0, 106.0], symbol))
    market.look(after_close(1), AAPL, MSFT)
    market.restart()
    # Nobody watches for three days, of which AAPL does not trade one.
    values, days = [100.0, 106.0, 106.0, 106.0], [SESSIONS[i] for i in (0, 1, 3, 4)]
    market.close(make_series(AAPL, values, sessions=days))
    market.close(closes([100.0] * 5, MSFT))
    assert [(a.symbol, a.data_time) for a in market.look(after_close(4), AAPL, MSFT)] == [
        (AAPL, TABLE.close_of(SESSIONS[4]))
    ]


PRICES = st.lists(st.tuples(st.sampled_from([99.0, 103.0, 105.5, 108.0]), st.sampled_from("ptb")), max_size=25)


@given(PRICES, st.sampled_from([0.0, 0.03]), st.sampled_from([0.0, 3.0]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_however_prices_come_each_edge_fires_once(
    prices: list[tuple[float, str]], hysteresis: float, cooldown: float, restart: bool
) -> None:
    """By poll, by stream, or by both, one of them behind the other; with restarts in between, or none."""
    opened = open_of(2)
    with Store.temporary() as store:
        market = Market(store)
        market.rule("last > 105", hysteresis=hysteresis, cooldown_s=cooldown)
        market.close(closes([100.0, 101.0]))
        market.look(opened)
        for second, (price, way) in enumerate(prices, start=1):
            time = opened + timedelta(seconds=second)
            if restart:
                market.restart()
                market.look(time - timedelta(seconds=0.5))
            if way in "tb":
                market.tick(AAPL, price, time)
            if way in "pb":
                market.quote(AAPL, price, time, 101.0)
                market.look(time + timedelta(seconds=0.4))
        alerts = [(a.value, (a.data_time - opened).total_seconds()) for a in reversed(store.alerts.history())]
    expected: list[tuple[float, float]] = []
    above = False
    for second, (price, _) in enumerate(prices, start=1):
        was, above = above, price > 105.0 * (1 - hysteresis if above else 1)
        if above and not was and (not expected or second - expected[-1][1] >= cooldown):
            expected.append((price, float(second)))
    assert alerts == expected
