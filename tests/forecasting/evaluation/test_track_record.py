"""The track record: figures worked out by hand on small ledgers."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.forecast import LEVELS, Origin, Outcome, TrackRecord
from forecasting.domain.market import Symbol
from forecasting.evaluation.intervals import wilson
from forecasting.evaluation.track_record import crps_of_quantiles, outcome_of, record, rolling
from tests.support.ledger_rows import AAA, close_of, day, entry, outcome

BBB = Symbol("BBB")
NORMAL = NormalDist()


def summed(outcomes: list[Outcome], baseline: list[Outcome] | None = None, symbol: Symbol | None = AAA) -> TrackRecord:
    return record(outcomes, baseline or [], symbol=symbol, model="har-t", horizon=1, origin=Origin.LIVE)


def walk(i: int, **changes: object) -> Outcome:
    return outcome(i, model="random-walk", **changes)


def test_settling_takes_median_band_and_direction_from_the_ledger_entry() -> None:
    settled = outcome_of(entry(3, sigma=0.01), 4, actual=0.05, settled_at=close_of(day(7)))
    ten, ninety = 0.02 * NORMAL.inv_cdf(0.1), 0.02 * NORMAL.inv_cdf(0.9)  # sigma sqrt(4) = 2 %
    assert (settled.as_of_session, settled.target_session, settled.horizon) == (day(3), day(7), 4)
    assert (settled.median, settled.low_80, settled.high_80) == pytest.approx((0.0, ten, ninety))
    assert (settled.entry_id, settled.origin, settled.p_up, settled.actual) == (4, Origin.LIVE, 0.5, 0.05)


def test_nothing_is_settled_before_its_target_session_has_closed() -> None:
    with pytest.raises(ValueError, match="but the target session closes at"):
        outcome_of(entry(0), 5, actual=0.0, settled_at=close_of(day(5)) - timedelta(seconds=1))


@pytest.mark.parametrize(("horizon", "actual"), [(0, 0.0), (11, 0.0), (1, math.nan), (1, math.inf)])
def test_a_horizon_that_was_not_forecast_or_a_return_that_is_none_is_refused(horizon: int, actual: float) -> None:
    with pytest.raises(ValueError, match="AAA"):
        outcome_of(entry(0), horizon, actual, close_of(day(20)))


@pytest.mark.parametrize("y", [-4.0, -2.2, -1.0, -0.3, 0.0, 0.5, 1.96, 3.0, 6.0])
def test_crps_of_the_ledgers_levels_is_the_closed_form_of_a_normal(y: float) -> None:
    """Gneiting & Raftery (2007), eq. 5."""
    closed = y * (2.0 * NORMAL.cdf(y) - 1.0) + 2.0 * NORMAL.pdf(y) - 1.0 / math.sqrt(math.pi)
    quantiles = [NORMAL.inv_cdf(level) for level in LEVELS]
    assert crps_of_quantiles(y, LEVELS, quantiles) == pytest.approx(closed, rel=0.02)


def test_crps_is_smallest_on_average_for_the_distribution_the_outcomes_come_from() -> None:
    rng = random.Random(2)
    outcomes = [rng.gauss(0, 1) for _ in range(4000)]
    scores = {
        sigma: math.fsum(crps_of_quantiles(y, LEVELS, [sigma * NORMAL.inv_cdf(q) for q in LEVELS]) for y in outcomes)
        for sigma in (0.7, 1.0, 1.4)
    }
    assert min(scores, key=scores.__getitem__) == 1.0


def test_hits_and_the_naive_rule_are_counted_on_the_same_rows() -> None:
    rows = [
        outcome(0, p_up=0.6, actual=0.01),    # up, rightly
        outcome(1, p_up=0.6, actual=-0.01),   # up, wrongly
        outcome(2, p_up=0.4, actual=-0.01),   # down, rightly
        outcome(3, p_up=0.3, actual=-0.03),   # down, rightly
    ]
    found = summed(rows)
    assert (found.n, found.n_days, found.hits, found.hit_rate, found.naive_hit_rate) == (4, 4, 3, 0.75, 0.25)
    assert (found.hit_low, found.hit_high) == wilson(3, 4)


def test_a_forecast_without_direction_and_a_price_that_did_not_move_count_half() -> None:
    assert summed([outcome(0, p_up=0.5, actual=0.01)]).hit_rate == 0.5
    still = summed([outcome(0, p_up=0.9, actual=0.0)])
    assert (still.hit_rate, still.naive_hit_rate) == (0.5, 0.5)


def test_coverage_width_and_errors_by_hand() -> None:
    rows = [outcome(i, actual=actual, median=0.01) for i, actual in enumerate([-0.02, 0.0, 0.02, 0.021, -0.03])]
    found = summed(rows)
    assert found.coverage_80 == 3 / 5      # the band's ends belong to it
    assert found.width_80 == pytest.approx(0.04)
    assert found.mae == pytest.approx((0.03 + 0.01 + 0.01 + 0.011 + 0.04) / 5)
    assert found.mae_random_walk == pytest.approx((0.02 + 0.0 + 0.02 + 0.021 + 0.03) / 5)


def test_skill_is_over_the_rows_both_have_forecast() -> None:
    rows = [outcome(0, crps=0.003), outcome(1, crps=0.003), outcome(2, crps=9.0)]
    found = summed(rows, [walk(0, crps=0.004), walk(1, crps=0.002), walk(7, crps=5.0), walk(2, symbol=BBB)])
    assert (found.crps, found.crps_baseline) == pytest.approx((0.003, 0.003))
    assert found.skill == pytest.approx(0.0)
    assert (found.skill_low, found.skill_high) == (None, None)   # two days allow no interval


def test_a_steady_gain_over_the_baseline_is_skill_whose_interval_excludes_zero() -> None:
    rng = random.Random(3)
    theirs = [abs(rng.gauss(0, 0.01)) for _ in range(120)]
    ours = [0.95 * crps + rng.gauss(0, 0.0004) for crps in theirs]
    found = summed([outcome(i, crps=x) for i, x in enumerate(ours)], [walk(i, crps=x) for i, x in enumerate(theirs)])
    assert found.skill is not None
    assert found.skill_low is not None
    assert found.skill_high is not None
    assert 0.0 < found.skill_low < found.skill < found.skill_high < 0.1


def test_without_a_baseline_there_is_no_skill_and_no_baseline_figure() -> None:
    found = summed([outcome(0, crps=0.004)])
    assert (found.crps, found.crps_baseline, found.skill) == (0.004, None, None)


def test_the_baselines_own_skill_is_zero() -> None:
    rows = [walk(i, crps=0.001 * (1 + i % 3)) for i in range(40)]
    found = record(rows, rows, symbol=AAA, model="random-walk", horizon=1, origin=Origin.LIVE)
    assert (found.skill, found.skill_low, found.skill_high) == (0.0, 0.0, 0.0)


def test_no_rows_make_an_empty_record_rather_than_zeros() -> None:
    found = summed([])
    assert (found.n, found.n_days) == (0, 0)
    assert {found.hit_rate, found.hit_low, found.coverage_80, found.width_80, found.crps, found.mae} == {None}


@pytest.mark.honesty("T10", red=True)
@pytest.mark.parametrize("odd", [
    outcome(1, origin=Origin.BACKFILL), outcome(1, model="lstm"), outcome(1, horizon=5), outcome(1, symbol=BBB),
])  # fmt: skip
def test_rows_of_another_kind_are_refused(odd: Outcome) -> None:
    with pytest.raises(ValueError, match="cannot take rows of"):
        summed([outcome(0), odd])


@pytest.mark.honesty("T10", red=True)
def test_live_rows_are_never_measured_against_a_backfilled_baseline() -> None:
    with pytest.raises(ValueError, match="cannot take rows of random-walk h=1 backfill"):
        summed([outcome(0)], [walk(0, origin=Origin.BACKFILL)])


def test_a_session_forecast_twice_counts_once_by_the_first_entry() -> None:
    again = outcome(0, entry_id=9, p_up=0.4)
    assert summed([again, outcome(0, entry_id=2, p_up=0.6)]).hit_rate == 1.0


@given(st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    rng = random.Random(1)
    rows = [outcome(i // 2, entry_id=i, symbol=(AAA, BBB)[i % 2], actual=rng.gauss(0, 0.02)) for i in range(12)]
    assert summed([rows[i] for i in order], symbol=None) == summed(rows, symbol=None)


def test_a_panel_whose_tickers_move_together_is_resolved_by_its_days_only() -> None:
    rng = random.Random(4)
    moves = [rng.choice((-0.01, 0.01)) for _ in range(252)]
    alone = summed([outcome(i, actual=move) for i, move in enumerate(moves)])
    names = [Symbol(f"S{k}") for k in range(12)]
    together = summed([outcome(i, symbol=s, actual=move) for i, move in enumerate(moves) for s in names], symbol=None)
    assert (together.n, together.n_days, together.hit_rate) == (12 * 252, 252, alone.hit_rate)
    assert not together.resolved


def test_rolling_accuracy_forgets_what_lies_before_its_window() -> None:
    rows = [outcome(i, actual=0.01 if i < 3 else -0.03) for i in range(6)]
    points = rolling(rows, window=3)
    assert [point.session for point in points] == [day(i + 1) for i in range(6)]
    assert [point.n for point in points] == [1, 2, 3, 3, 3, 3]
    assert [point.hit_rate for point in points] == pytest.approx([1, 1, 1, 2 / 3, 1 / 3, 0])
    assert [point.coverage_80 for point in points] == pytest.approx([1, 1, 1, 2 / 3, 1 / 3, 0])
    assert (points[3].hit_low, points[3].hit_high) == pytest.approx(wilson(2, 3))


def test_rolling_accuracy_of_overlapping_forecasts_has_a_wider_interval() -> None:
    one = rolling([outcome(i, p_up=(0.4, 0.6)[i % 2]) for i in range(60)])[-1]
    five = rolling([outcome(i, p_up=(0.4, 0.6)[i % 2], horizon=5) for i in range(60)])[-1]
    assert one.hit_rate == five.hit_rate == 0.5
    assert five.hit_high - five.hit_low > 1.9 * (one.hit_high - one.hit_low)


def test_rolling_accuracy_is_of_one_symbol_and_origin() -> None:
    assert rolling([]) == ()
    for odd in (outcome(1, symbol=BBB), outcome(1, origin=Origin.BACKFILL)):
        with pytest.raises(ValueError, match="cannot take rows of"):
            rolling([outcome(0), odd])


def test_the_record_needs_no_numeric_library() -> None:
    code = "import json, sys, forecasting.evaluation.track_record; print(json.dumps(sorted(sys.modules)))"
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert {"numpy", "pandas", "torch", "scipy"} & set(json.loads(run.stdout)) == set()
