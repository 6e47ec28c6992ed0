"""Signals: made once, by the bar that crossed; and none where the record supports none."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.decision import Signal, SignalKind
from forecasting.domain.forecast import HORIZONS, Forecast, Origin, TrackRecord
from forecasting.domain.market import Bar, IndicatorRow, Symbol
from forecasting.evaluation.track_record import record
from forecasting.features.indicators import indicators
from forecasting.trading.signals import Judged, band_signals, direction, technical_history
from forecasting.trading.technical import CONTEXT, Study
from tests.support.ledger_rows import AAA, close_of, day, entry, forecast, outcome

RSI = (SignalKind.RSI_OVERSOLD, SignalKind.RSI_OVERSOLD_EXIT, SignalKind.RSI_OVERBOUGHT, SignalKind.RSI_OVERBOUGHT_EXIT)
MACD = (SignalKind.MACD_GOLDEN, SignalKind.MACD_DEATH)
TURNS = (SignalKind.MACD_TURN_UP, SignalKind.MACD_TURN_DOWN)
DIVERGENCES = (SignalKind.DIVERGENCE_UP, SignalKind.DIVERGENCE_DOWN)
VOLATILITY = (SignalKind.VOLATILITY_HIGH, SignalKind.VOLATILITY_LOW)


def rsi_rows(*values: float | None) -> list[IndicatorRow]:
    return [IndicatorRow(day(i), 100.0 + i, value, None, None, None) for i, value in enumerate(values)]


def technical(symbol: Symbol, study: Study, close_time: datetime) -> tuple[Signal, ...]:
    """Signals made by the newest bar."""
    return technical_history(symbol, study, lambda session: close_time, first=max(0, len(study.rows) - 1))


def macd_rows(*gaps: float | None) -> list[IndicatorRow]:
    """MACD at 1 + gap over a signal line at 1."""
    return [
        IndicatorRow(day(i), 100.0, None, *((None, None, None) if gap is None else (1.0 + gap, 1.0, gap)))
        for i, gap in enumerate(gaps)
    ]


def study(rows: Sequence[IndicatorRow]) -> Study:
    """Bars whose adjusted close never moves: what is signalled is about the indicators."""
    return Study(rows, [100.0] * len(rows))


def said(rows: list[IndicatorRow]) -> list[tuple[int, SignalKind]]:
    """(bar number, kind) of every RSI zone or MACD crossing of the series."""
    made = technical_history(AAA, study(rows), close_of)
    return [((s.session - day(0)).days, s.kind) for s in made if s.kind in RSI + MACD]


def test_rsi_enters_and_leaves_each_zone_once() -> None:
    rows = rsi_rows(None, 45, 29.9, 20, 25, 30, 50, 70, 70.1, 80, 69)
    assert said(rows) == list(zip((2, 5, 8, 10), RSI, strict=True))


def test_a_zone_touched_at_its_border_is_not_entered() -> None:
    assert said(rsi_rows(40, 30, 40, 70, 60)) == []


def test_a_series_that_starts_inside_a_zone_has_not_entered_it() -> None:
    assert said(rsi_rows(None, 20, 25, 35)) == [(3, SignalKind.RSI_OVERSOLD_EXIT)]


def test_macd_lines_that_only_touch_have_not_crossed() -> None:
    assert said(macd_rows(None, 0.5, 0.0, 0.4, -0.1, 0.0, -0.2, 0.0, 0.3)) == [
        (4, SignalKind.MACD_DEATH), (8, SignalKind.MACD_GOLDEN),
    ]  # fmt: skip


def test_rounding_around_a_price_that_stands_still_is_no_crossing() -> None:
    assert said(macd_rows(0.1, 1e-14, -1e-14, 1e-14, -1e-14)) == []


def test_a_signal_carries_time_price_horizon_and_figures() -> None:
    (signal,) = technical(AAA, study(rsi_rows(31.0, 28.4)), close_of(day(1)))
    assert signal == Signal(
        AAA, SignalKind.RSI_OVERSOLD, day(1), close_of(day(1)), 101.0, 1, 5, "RSI 28.4 crossed below 30", None,
        abs(28.4 - 50.0) / 50.0, (("rsi", 28.4),),
    )  # fmt: skip
    (cross,) = technical(AAA, study(macd_rows(-0.25, 0.25)), close_of(day(1)))
    assert (cross.direction, cross.reason) == (1, "MACD 1.25 crossed above its signal line 1")
    assert (cross.strength, cross.inputs) == (1.0, (("macd", 1.25), ("macd_signal", 1.0)))


def test_no_bars_make_no_signal() -> None:
    assert technical(AAA, study([]), close_of(day(0))) == ()
    assert technical(AAA, study(rsi_rows(20.0)), close_of(day(0))) == ()


_levels = st.one_of(st.sampled_from([0.0, 30.0, 70.0, 100.0]), st.floats(0.0, 100.0))


@given(st.lists(_levels, max_size=60))
def test_every_crossing_of_a_zone_is_signalled_exactly_once(values: list[float]) -> None:
    kinds = [kind for _, kind in said(rsi_rows(50.0, *values, 50.0))]
    for enter, leave in (RSI[:2], RSI[2:]):
        mine = [kind for kind in kinds if kind in (enter, leave)]
        assert mine == [enter, leave] * (len(mine) // 2)    # in and out alternate, and it ends outside
    inside = [50.0, *values]
    assert kinds.count(SignalKind.RSI_OVERSOLD) == sum(a >= 30.0 > b for a, b in pairwise(inside))


@given(st.lists(st.one_of(st.just(0.0), st.floats(-1.0, 1.0)), max_size=60))
def test_golden_and_death_crosses_alternate_and_leave_the_line_on_their_side(gaps: list[float]) -> None:
    signals = said(macd_rows(*gaps))
    kinds = [kind for _, kind in signals]
    assert all(a != b for a, b in pairwise(kinds))
    assert all((gaps[i] > 0.0) == (kind is SignalKind.MACD_GOLDEN) for i, kind in signals)
    sides = [gap > 0.0 for gap in gaps if abs(1.0 + gap - 1.0) > 1e-7]
    assert len(kinds) == sum(a != b for a, b in pairwise(sides))


@given(st.lists(st.tuples(_levels, st.floats(-1.0, 1.0), st.floats(50.0, 150.0)), max_size=40), st.integers(0, 40))
def test_what_is_said_at_a_bar_does_not_depend_on_later_bars(bars: list[tuple[float, float, float]], cut: int) -> None:
    rows = [IndicatorRow(day(i), close, rsi, 1.0 + gap, 1.0, gap) for i, (rsi, gap, close) in enumerate(bars)]
    closes = [close for _, _, close in bars]
    whole = technical_history(AAA, Study(rows, closes), close_of)
    assert technical_history(AAA, Study(rows[:cut], closes[:cut]), close_of) == tuple(
        s for s in whole if s.session < day(cut)
    )
    tick_by_tick = [
        s for i in range(len(rows))
        for s in technical(AAA, Study(rows[: i + 1], closes[: i + 1]), close_of(rows[i].session))
    ]  # fmt: skip
    assert tuple(tick_by_tick) == whole


def test_the_newest_bars_suffice_for_what_the_last_one_says() -> None:
    rows, closes = walk(CONTEXT + 400)
    whole = technical_history(AAA, Study(rows, closes), close_of, first=CONTEXT + 1)
    assert {s.kind for s in whole} >= {SignalKind.VOLATILITY_HIGH, SignalKind.DIVERGENCE_UP, SignalKind.MACD_TURN_UP}
    pieces: list[Signal] = []
    for i in range(CONTEXT + 1, len(rows)):
        newest = slice(i - CONTEXT, i + 1)
        pieces += technical(AAA, Study(rows[newest], closes[newest]), close_of(rows[i].session))
    assert pieces == list(whole)


def walk(n: int) -> tuple[list[IndicatorRow], list[float]]:
    """A random walk of `n` bars whose volatility wanders, with its indicators."""
    random = np.random.default_rng(7)
    sigma = 0.01 * np.exp(0.7 * np.sin(np.arange(n) / 60.0))
    closes = 100.0 * np.exp(np.cumsum(sigma * random.standard_normal(n)))
    found = indicators(closes)
    columns = [[v if v == v else None for v in column.tolist()] for column in found]
    bars = enumerate(zip(closes.tolist(), *columns, strict=True))
    rows = [IndicatorRow(day(i), close, *row) for i, (close, *row) in bars]
    return rows, closes.tolist()


def test_the_histogram_turns_where_it_stops_falling_below_zero_or_rising_above() -> None:
    gaps = (-1.0, -3.0, -3.0, -2.0, -1.0, 2.0, 4.0, 1.0, 0.5, 0.8)
    made = technical_history(AAA, study(macd_rows(*gaps)), close_of)
    turns = [((s.session - day(0)).days, s.kind, s.inputs[1][1]) for s in made if s.kind in TURNS]
    assert turns == [(3, SignalKind.MACD_TURN_UP, -3.0), (7, SignalKind.MACD_TURN_DOWN, 4.0)]


def test_turns_are_those_of_the_second_difference_on_a_random_walk() -> None:
    rows, closes = walk(300)
    made = {(s.session, s.kind) for s in technical_history(AAA, Study(rows, closes), close_of) if s.kind in TURNS}
    hist = np.array([np.nan if row.macd_hist is None else row.macd_hist for row in rows])
    before, last, now = hist[:-2], hist[1:-1], hist[2:]
    largest = pd.Series(np.abs(hist)).rolling(61, min_periods=1).max().to_numpy()[2:]
    deep = np.abs(last) >= largest / 2
    up, down = (last < before) & (now > last) & (last < 0) & deep, (last > before) & (now < last) & (last > 0) & deep
    expected = {(day(int(i) + 2), SignalKind.MACD_TURN_UP) for i in np.flatnonzero(up)}
    expected |= {(day(int(i) + 2), SignalKind.MACD_TURN_DOWN) for i in np.flatnonzero(down)}
    assert made == expected
    assert len(made) > 5
    assert np.sum((last < before) & (now > last) & (last < 0)) > 2 * len(up.nonzero()[0])      # most are near zero


def test_a_lower_low_with_a_higher_rsi_is_told_three_bars_later() -> None:
    closes = [10, 9, 8, 7, 8, 9, 10, 9, 8, 6.5, 8, 9, 10]
    rsi = [50, 40, 30, 20, 30, 40, 50, 45, 40, 35, 40, 45, 50]
    rows = [IndicatorRow(day(i), c, r, None, None, None) for i, (c, r) in enumerate(zip(closes, rsi, strict=True))]
    (found,) = [s for s in technical_history(AAA, Study(rows, closes), close_of) if s.kind in DIVERGENCES]
    assert (found.kind, found.session, found.direction) == (SignalKind.DIVERGENCE_UP, day(12), 1)
    assert found.reason == "a low -7.1 % beyond that 6 bars before, with a higher RSI 35.0 (20.0)"
    upside_down = [IndicatorRow(r.session, 20 - r.close, 100 - (r.rsi or 0), None, None, None) for r in rows]
    mirrored = Study(upside_down, [20 - c for c in closes])
    (other,) = [s for s in technical_history(AAA, mirrored, close_of) if s.kind in DIVERGENCES]
    assert (other.kind, other.direction) == (SignalKind.DIVERGENCE_DOWN, -1)


def test_volatility_is_high_when_it_passes_nine_tenths_of_its_own_past_year() -> None:
    rows, closes = walk(700)
    made = [s for s in technical_history(AAA, Study(rows, closes), close_of) if s.kind in VOLATILITY]
    squares = pd.Series(np.log(closes)).diff() ** 2
    volatility = squares.rolling(20).mean() ** 0.5
    rank = pd.Series([
        (volatility[i - 252 : i] < volatility[i]).mean() if i >= 272 else np.nan for i in range(len(closes))
    ])  # fmt: skip
    high = set(np.flatnonzero((rank.shift() <= 0.9) & (rank > 0.9)))
    low = set(np.flatnonzero((rank.shift() >= 0.1) & (rank < 0.1)))
    told = {kind: {(s.session - day(0)).days for s in made if s.kind is kind} for kind in VOLATILITY}
    assert told == {SignalKind.VOLATILITY_HIGH: high, SignalKind.VOLATILITY_LOW: low}
    assert high
    assert low
    assert {s.direction for s in made} == {0}
    assert all(s.strength is not None and 0.9 < s.strength <= 1.0 for s in made)


def bar(i: int, close: float, adj_close: float | None = None) -> Bar:
    return Bar(day(i), close, close, close, close, close if adj_close is None else adj_close, 0.0)


@pytest.mark.parametrize(("close", "side"), [(97.9, "below"), (98.2, None), (101.9, None), (102.1, "above")])
def test_a_close_outside_the_95_percent_band_is_a_breach(close: float, side: str | None) -> None:
    # sigma 1 %: the band is +-1.96 %, that is 98.06..101.98.
    found = band_signals([Judged(entry(0, sigma=0.01), bar(0, 100.0), bar(1, close))])
    assert [s.kind for s in found] == ([] if side is None else [SignalKind.BAND_BREACH])
    for signal in found:
        assert (signal.session, signal.time, signal.price, signal.direction) == (day(1), close_of(day(1)), close, 0)
        assert signal.reason == f"close {close - 100:+.1f} % is {side} the 95 % band -1.9 %..+2.0 % of har-t"
        assert signal.strength == 0.95


def run_of(*percents: float) -> list[Judged]:
    """Closes so many per cent from the one before, each with a forecast of 1 % volatility."""
    return [
        Judged(entry(i, sigma=0.01), bar(i, 100.0), bar(i + 1, 100.0 * math.exp(percent / 100.0)))
        for i, percent in enumerate(percents)
    ]


@pytest.mark.parametrize(("percents", "kinds"), [
    ((0.8, 0.8), []),                                                    # half of all closes are outside +-0.67 %
    ((0.8, 0.8, 0.8), [SignalKind.BAND_RUN_50]),
    ((0.8, 0.8, 0.8, 0.8), []),                                          # told of already
    ((0.8, 0.8, -0.8), []),
    ((-1.4, -1.4), [SignalKind.BAND_RUN_80]),                            # the 80 % band is +-1.28 %
    ((0.1, -1.4, -1.4, -1.4), [SignalKind.BAND_RUN_50]),
    ((1.4, 2.5), [SignalKind.BAND_BREACH, SignalKind.BAND_RUN_80]),
    ((2.5, 2.5), [SignalKind.BAND_BREACH, SignalKind.BAND_RUN_80]),      # each close outside 95 % is told of
])
def test_runs_outside_the_narrower_bands_are_told_of_once(percents: tuple[float, ...], kinds: list[SignalKind]) -> None:
    assert [s.kind for s in band_signals(run_of(*percents))] == kinds


def test_bands_that_hold_what_they_say_are_left_as_rarely_as_is_said() -> None:
    random = np.random.default_rng(1)
    moves = random.standard_normal(4000)
    judged = [
        Judged(entry(0, sigma=0.01), bar(0, 100.0), bar(1, 100.0 * math.exp(0.01 * move))) for move in moves
    ]  # fmt: skip
    counts = Counter(s.kind for i in range(4, len(judged)) for s in band_signals(judged[i - 4 : i + 1]))
    shares = {kind: count / len(judged) for kind, count in counts.items()}
    # A run begins: .05; .2 x .1 x (1 - .1); .5 x .25^2 x (1 - .25).
    assert shares[SignalKind.BAND_BREACH] == pytest.approx(0.05, abs=0.01)
    assert shares[SignalKind.BAND_RUN_80] == pytest.approx(0.018, abs=0.007)
    assert shares[SignalKind.BAND_RUN_50] == pytest.approx(0.0234, abs=0.008)


def test_a_split_is_no_breach_because_adjusted_closes_are_compared() -> None:
    before, after = bar(0, 100.0, adj_close=50.0), bar(1, 50.2)
    assert band_signals([Judged(entry(0, sigma=0.01), before, after)]) == ()


def test_a_forecast_is_judged_by_the_bar_it_was_made_for_alone() -> None:
    with pytest.raises(ValueError, match="is not for"):
        Judged(entry(0), bar(0, 100.0), bar(2, 50.0))
    with pytest.raises(ValueError, match="is not for"):
        Judged(entry(1), bar(0, 100.0), bar(1, 50.0))


def says(p_up: float) -> Forecast:
    return forecast(300, p_up=tuple(p_up for _ in HORIZONS))


def track(right: int, of: int, up: int, **changes: object) -> TrackRecord:
    """A record of `of` days: of any 20 in a row `right` went as said, `up` of them up."""
    rows = []
    for i in range(of):
        rose, hit = i % 20 < up, (i * 7) % 20 < right
        p_up = 0.6 if rose == hit else 0.4
        rows.append(outcome(i, horizon=5, actual=0.01 if rose else -0.01, p_up=p_up))
    made = record(rows, [], symbol=AAA, model="har-t", horizon=5, origin=Origin.LIVE)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_proven_direction_is_a_signal_with_its_record() -> None:
    signal = direction(says(0.63), track(16, 240, up=10))
    assert signal is not None
    assert (signal.kind, signal.direction, signal.horizon, signal.price) == (SignalKind.FORECAST_UP, 1, 5, 100.0)
    assert signal.reason.startswith("har-t: p(up)=0.63 in 5 sessions; live hit rate 80 % (")
    assert signal.reason.endswith("n=240, always-up 50 %")
    down = direction(says(0.37), track(16, 240, up=10))
    assert down is not None
    assert down.kind is SignalKind.FORECAST_DOWN


@pytest.mark.parametrize(("why", "supported"), [
    ("no record", None),
    ("no better than a coin", track(10, 240, up=10)),
    ("right as often as always-up", track(16, 240, up=16)),
    ("right as often as always-down", track(16, 240, up=4)),
    ("better than a coin, but not beyond luck", track(16, 240, up=10, hit_low=0.5)),
    ("too few days", track(20, 50, up=10)),
    ("another model", track(16, 240, up=10, model="lstm")),
    ("another horizon", track(16, 240, up=10, horizon=1)),
    ("another symbol", track(16, 240, up=10, symbol=Symbol("BBB"))),
])  # fmt: skip
def test_no_skill_no_signal(why: str, supported: TrackRecord | None) -> None:
    assert direction(says(0.63), supported) is None, why


def test_a_forecast_without_direction_is_no_signal_whatever_its_record() -> None:
    assert direction(says(0.5), track(16, 240, up=10)) is None


def test_signals_need_no_numeric_library() -> None:
    code = "import json, sys, forecasting.trading.signals; print(json.dumps(sorted(sys.modules)))"
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert {"numpy", "pandas", "torch", "talib"} & set(json.loads(run.stdout)) == set()


def test_the_band_of_the_example_is_what_its_message_says() -> None:
    low, high = (math.expm1(forecast(0).log_return(1, level)) * 100 for level in (0.025, 0.975))
    assert (low, high) == pytest.approx((-1.94, 1.98), abs=0.005)
