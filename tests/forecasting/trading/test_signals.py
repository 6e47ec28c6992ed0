"""Signals: made once, by the bar that crossed; and none where the record supports none."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.decision import Signal, SignalKind
from forecasting.domain.forecast import HORIZONS, Forecast, Origin, TrackRecord
from forecasting.domain.market import Bar, IndicatorRow, Symbol
from forecasting.evaluation.track_record import record
from forecasting.trading.signals import band_breach, direction, technical, technical_history
from tests.support.ledger_rows import AAA, close_of, day, entry, forecast, outcome

RSI = (SignalKind.RSI_OVERSOLD, SignalKind.RSI_OVERSOLD_EXIT, SignalKind.RSI_OVERBOUGHT, SignalKind.RSI_OVERBOUGHT_EXIT)
MACD = (SignalKind.MACD_GOLDEN, SignalKind.MACD_DEATH)


def rsi_rows(*values: float | None) -> list[IndicatorRow]:
    return [IndicatorRow(day(i), 100.0 + i, value, None, None, None) for i, value in enumerate(values)]


def macd_rows(*gaps: float | None) -> list[IndicatorRow]:
    """MACD at 1 + gap over a signal line at 1."""
    return [
        IndicatorRow(day(i), 100.0, None, *((None, None, None) if gap is None else (1.0 + gap, 1.0, gap)))
        for i, gap in enumerate(gaps)
    ]


def said(rows: list[IndicatorRow]) -> list[tuple[int, SignalKind]]:
    """(bar number, kind) of every signal of the series."""
    return [((s.session - day(0)).days, s.kind) for s in technical_history(AAA, rows, close_of)]


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
    (signal,) = technical(AAA, rsi_rows(31.0, 28.4), close_of(day(1)))
    assert signal == Signal(
        AAA, SignalKind.RSI_OVERSOLD, day(1), close_of(day(1)), 101.0, 1, 5, "RSI 28.4 crossed below 30"
    )
    (cross,) = technical(AAA, macd_rows(-0.25, 0.25), close_of(day(1)))
    assert (cross.direction, cross.reason) == (1, "MACD 1.25 crossed above its signal line 1")


def test_no_bars_make_no_signal() -> None:
    assert technical(AAA, [], close_of(day(0))) == ()
    assert technical(AAA, rsi_rows(20.0), close_of(day(0))) == ()


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


@given(st.lists(_levels, max_size=40), st.integers(0, 40))
def test_what_is_said_at_a_bar_does_not_depend_on_later_bars(values: list[float], cut: int) -> None:
    rows = rsi_rows(*values)
    whole = technical_history(AAA, rows, close_of)
    assert technical_history(AAA, rows[:cut], close_of) == tuple(s for s in whole if s.session < day(cut))
    tick_by_tick = [s for i in range(len(rows)) for s in technical(AAA, rows[: i + 1], close_of(rows[i].session))]
    assert tuple(tick_by_tick) == whole


def bar(i: int, close: float, adj_close: float | None = None) -> Bar:
    return Bar(day(i), close, close, close, close, close if adj_close is None else adj_close, 0.0)


@pytest.mark.parametrize(("close", "side"), [(97.9, "below"), (98.2, None), (101.9, None), (102.1, "above")])
def test_a_close_outside_the_95_percent_band_is_a_breach(close: float, side: str | None) -> None:
    # sigma 1 %: the band is +-1.96 %, that is 98.06..101.98.
    signal = band_breach(entry(0, sigma=0.01), bar(0, 100.0), bar(1, close))
    assert (signal is None) == (side is None)
    if signal is not None:
        assert (signal.session, signal.time, signal.price, signal.direction) == (day(1), close_of(day(1)), close, 0)
        assert signal.reason == f"close {close - 100:+.1f} % is {side} the 95 % band -1.9 %..+2.0 % of har-t"


def test_a_split_is_no_breach_because_adjusted_closes_are_compared() -> None:
    before, after = bar(0, 100.0, adj_close=50.0), bar(1, 50.2)
    assert band_breach(entry(0, sigma=0.01), before, after) is None


def test_only_the_bar_the_forecast_was_made_for_can_breach_its_band() -> None:
    assert band_breach(entry(0), bar(0, 100.0), bar(2, 50.0)) is None
    assert band_breach(entry(1), bar(0, 100.0), bar(1, 50.0)) is None


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
