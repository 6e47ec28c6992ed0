"""What came of signals, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecasting.domain.decision import ScoredSignal, Signal, SignalKind
from forecasting.domain.market import Symbol
from forecasting.evaluation.intervals import mean_interval, wilson
from forecasting.trading.scoring import ROUND_TRIP, AnyDay, any_day, records, score
from tests.support.ledger_rows import close_of, day


def signal(kind: SignalKind, direction: int, i: int = 0, symbol: str = "AAA", horizon: int = 5) -> Signal:
    return Signal(Symbol(symbol), kind, day(i), close_of(day(i)), 100.0, direction, horizon, "")


def settled(kind: SignalKind, direction: int, followed: float | None, i: int = 0, symbol: str = "AAA") -> ScoredSignal:
    return ScoredSignal(i, signal(kind, direction, i, symbol), followed, None if followed is None else close_of(day(i)))


def test_a_signal_is_scored_when_its_horizon_has_passed_and_not_before() -> None:
    golden = signal(SignalKind.MACD_GOLDEN, 1, horizon=3)
    assert score(golden, [100.0, 90.0, 95.0]) is None
    assert score(golden, [100.0, 90.0, 95.0, 110.0, 7.0]) == pytest.approx(math.log(1.1))


def test_any_day_is_over_every_session_that_has_an_outcome() -> None:
    found = any_day([[1.0, 2.0, 3.0, 2.0], [5.0, 4.0, 3.0]], horizon=2)   # 1->3 up, 2->2 not, 5->3 not
    assert found is not None
    assert found.up_rate == 1 / 3
    assert found.mean_return == pytest.approx((math.log(3.0) + 0.0 + math.log(0.6)) / 3)
    assert any_day([[1.0, 2.0]], horizon=2) is None


def test_a_record_stands_beside_what_the_same_direction_did_on_any_day() -> None:
    scored = [
        settled(SignalKind.MACD_DEATH, -1, -0.02, i=0),
        settled(SignalKind.MACD_DEATH, -1, 0.01, i=1),
        settled(SignalKind.MACD_DEATH, -1, -0.03, i=2),
        settled(SignalKind.MACD_DEATH, -1, None, i=3),
        settled(SignalKind.MACD_GOLDEN, 1, 0.01, i=4),
    ]
    golden, death = records(scored, {5: AnyDay(0.55, 0.003)})
    assert (golden.kind, golden.n, golden.hits, golden.naive_rate) == (SignalKind.MACD_GOLDEN, 1, 1, 0.55)
    assert (death.kind, death.n, death.hits, death.hit_rate) == (SignalKind.MACD_DEATH, 3, 2, 2 / 3)
    assert death.naive_rate == pytest.approx(0.45)
    assert death.mean_return == pytest.approx((0.02 - 0.01 + 0.03) / 3)
    assert (death.hit_low, death.hit_high) == pytest.approx(wilson(2, 3))
    assert death.net_return == pytest.approx(0.04 / 3 - ROUND_TRIP)
    assert death.naive_return == pytest.approx(-0.003 - ROUND_TRIP)      # who is short on any day pays the drift
    assert (death.net_low, death.net_high, death.cost) == (None, None, ROUND_TRIP)      # three days tell nothing


def test_the_mean_after_costs_has_an_interval_over_days_once_there_are_enough() -> None:
    random = np.random.default_rng(3)
    moves = 0.01 + 0.02 * random.standard_normal(80)
    scored = [settled(SignalKind.RSI_OVERSOLD, 1, move, i=i) for i, move in enumerate(moves.tolist())]
    (found,) = records(reversed(scored), {5: AnyDay(0.5, 0.001)})
    _, low, high = mean_interval(moves.tolist(), 5)
    assert found.net_return == pytest.approx(moves.mean() - ROUND_TRIP)
    assert (found.net_low, found.net_high) == pytest.approx((low - ROUND_TRIP, high - ROUND_TRIP))
    (few,) = records(scored[:50], {5: AnyDay(0.5, 0.001)})
    assert few.net_low is None


def test_signals_of_many_symbols_on_one_day_are_one_bet() -> None:
    scored = [settled(SignalKind.RSI_OVERSOLD, 1, 0.01, symbol=f"S{k}") for k in range(12)]
    (found,) = records(scored, {})
    assert (found.n, found.hit_rate, found.naive_rate) == (12, 1.0, None)
    assert (found.hit_low, found.hit_high) == wilson(1, 1)


def test_a_breach_claims_nothing_and_is_counted_only() -> None:
    (found,) = records([settled(SignalKind.BAND_BREACH, 0, -0.05)], {5: AnyDay(0.5, 0.0)})
    assert (found.n, found.hits, found.hit_rate, found.mean_return, found.naive_rate) == (1, 0, None, None, None)


def test_open_signals_make_no_record() -> None:
    assert records([settled(SignalKind.RSI_OVERSOLD, 1, None)], {5: AnyDay(0.5, 0.0)}) == ()
