"""Scorecards against scipy, against arithmetic done another way, and against forecasts known to be right or wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from forecasting.domain.forecast import LEVELS, Origin
from forecasting.domain.market import Symbol
from forecasting.domain.scorecard import Scorecard
from forecasting.evaluation.intervals import wilson
from forecasting.evaluation.scorecard import Rows, rolled, scorecard
from forecasting.evaluation.track_record import crps_of_quantiles, record
from tests.support.ledger_rows import AAA, day, outcome
from tests.support.scorecard_rows import rows_of, together

BBB = Symbol("BBB")


def card(rows: Rows, baseline: Rows | None = None, horizon: int = 1) -> Scorecard:
    found = scorecard("har-t", rows, rows if baseline is None else baseline, horizon=horizon)
    assert found is not None
    return found


def drawn(n: int, seed: int = 0, sigma: float = 0.01) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, sigma, n)


def test_errors_of_the_median_stand_beside_those_of_no_change() -> None:
    actual = drawn(200, seed=1)
    said = 0.3 * actual + drawn(200, seed=2, sigma=0.003)
    found = card(rows_of(actual, centre=said))
    error = actual - said
    assert found.rmse.value == pytest.approx(100 * math.sqrt(np.mean(error**2)))
    assert found.rmse.baseline == pytest.approx(100 * math.sqrt(np.mean(actual**2)))
    assert found.mae.value == pytest.approx(100 * np.abs(error).mean())
    assert found.mae.baseline == pytest.approx(100 * np.abs(actual).mean())
    prices, forecasts = 50 * np.exp(actual), 50 * np.exp(said)
    assert found.mape.value == pytest.approx(100 * np.mean(np.abs(forecasts / prices - 1)))
    assert found.mape.baseline == pytest.approx(100 * np.mean(np.abs(50 / prices - 1)))


def test_r2_out_of_sample_is_campbell_and_thompsons_and_negative_where_no_change_was_better() -> None:
    actual = drawn(200, seed=3)
    for said in (0.4 * actual, drawn(200, seed=4, sigma=0.005)):
        found = card(rows_of(actual, centre=said))
        expected = 1 - np.sum((actual - said) ** 2) / np.sum(actual**2)
        assert found.r2.value == pytest.approx(expected)
        assert found.r2.low < expected < found.r2.high
        assert found.r2.skill == pytest.approx(1 - (1 - found.rmse.skill) ** 2)
    assert found.r2.value < 0


def test_coverage_counts_outcomes_inside_each_band_and_width_stands_beside_the_baselines() -> None:
    actual = drawn(300, seed=5)
    ours, theirs = rows_of(actual, spread=0.008), rows_of(actual, spread=0.01)
    for found in card(ours, theirs).coverage:
        edge = stats.norm.ppf((1 + found.level) / 2)
        inside = int(np.sum(np.abs(actual) <= 0.008 * edge))
        assert found.held.value == pytest.approx(inside / 300)
        assert (found.held.low, found.held.high) == pytest.approx(wilson(inside, 300))     # one row a day: Wilson's own
        assert found.held.baseline == found.level
        assert (found.width.value, found.width.baseline) == pytest.approx((1.6 * edge, 2.0 * edge))
        assert found.width.skill == pytest.approx(0.2)


def test_the_hit_rate_stands_beside_always_up_and_its_interval_is_wilsons() -> None:
    actual = np.array([0.01, -0.01, 0.02, -0.03, 0.01] * 20)
    found = card(rows_of(actual, p_up=[0.6, 0.6, 0.6, 0.3, 0.4] * 20)).hit_rate
    assert (found.value, found.baseline, found.baseline_name) == (0.6, 0.6, "always-up")
    assert (found.low, found.high) == pytest.approx(wilson(60, 100))
    assert found.skill == pytest.approx(0.0)


def test_diebold_marianos_t_is_that_of_the_textbook() -> None:
    actual = drawn(150, seed=6)
    ours, theirs = rows_of(actual, spread=0.01), rows_of(actual, spread=0.02)
    found = card(ours, theirs)
    assert found.against is not None
    assert found.against.t < -5       # the forecaster with the true spread
    assert found.crps.skill_low > 0
    again = card(theirs, ours)
    assert again.against is not None
    assert again.against.t == pytest.approx(-found.against.t)
    assert again.crps.skill_high < 0


def test_crps_is_that_of_the_ledger() -> None:
    rows = rows_of(drawn(40, seed=7))
    each = (crps_of_quantiles(y, LEVELS, q) for y, q in zip(rows.actual.tolist(), rows.quantiles.tolist(), strict=True))
    assert card(rows).crps.value == pytest.approx(100 * math.fsum(each) / 40)


def test_only_rows_that_both_have_forecast_count() -> None:
    ours = together(rows_of(drawn(40, seed=8)), rows_of(drawn(40, seed=9), symbol=BBB))
    theirs = rows_of(drawn(50, seed=8), first=10)       # AAA only, ten days later
    found = card(ours, theirs)
    assert (found.n, found.n_days) == (30, 30)
    assert scorecard("har-t", ours, rows_of([0.0], first=200), horizon=1) is None


def test_a_flat_pit_is_not_rejected_and_pearsons_test_is_scipys() -> None:
    found = card(rows_of(drawn(400, seed=10))).pit
    counts = np.array(found.shares) * found.n
    assert (found.n, found.n_days) == (400, 400)
    assert found.p_value == pytest.approx(stats.chisquare(counts).pvalue)
    assert found.p_value is not None
    assert found.p_value > 0.05
    assert found.margin == pytest.approx(1.96 * math.sqrt(0.1 * 0.9 / 400), rel=1e-4)


@pytest.mark.parametrize(("spread", "ends"), [(0.006, 0.15), (0.018, 0.05)])
def test_bands_too_narrow_pile_outcomes_up_at_the_ends_and_too_wide_in_the_middle(spread: float, ends: float) -> None:
    found = card(rows_of(drawn(400, seed=11), spread=spread)).pit
    assert (found.shares[0] > ends) == (found.shares[9] > ends) == (ends > 0.1)
    assert found.p_value is not None
    assert found.p_value < 1e-6


def test_rows_of_one_day_that_go_alike_do_not_make_a_flat_pit_look_crooked() -> None:
    """Twelve symbols with one return among them: 60 days tell as much as one symbol's 60 days."""
    rejected = plainly = 0
    for seed in range(200):
        came = drawn(60, seed=seed)
        found = card(together(*(rows_of(came, symbol=Symbol(f"S{i}")) for i in range(12)))).pit
        assert found.p_value is not None
        rejected += found.p_value < 0.05
        plainly += stats.chisquare(np.array(found.shares) * found.n).pvalue < 0.05
    assert rejected / 200 <= 0.09
    assert plainly / 200 > 0.9      # as if each row were news


def test_the_pit_counts_forecasts_that_do_not_overlap_and_says_when_they_are_too_few() -> None:
    found = card(rows_of(drawn(120, seed=12, sigma=0.02), spread=0.02, horizon=5), horizon=5).pit
    assert (found.n, found.n_days, found.n_days_needed) == (24, 24, 50)
    assert (found.p_value, found.margin) == (None, None)


def test_reliability_bins_hold_all_rows_and_murphys_parts_make_the_brier_score() -> None:
    rng = np.random.default_rng(13)
    said = rng.permutation(np.repeat([0.3, 0.45, 0.55, 0.6, 0.8], 200))
    up = rng.random(1000) < said
    found = card(rows_of(np.where(up, 0.01, -0.01), p_up=said))
    assert [round(b.said, 6) for b in found.reliability] == [0.3, 0.45, 0.55, 0.6, 0.8]
    assert sum(b.n for b in found.reliability) == 1000
    for b in found.reliability:
        came = int(np.sum(up[np.isclose(said, b.said)]))
        assert (b.low, b.high) == pytest.approx(wilson(came, b.n))
        assert b.low < b.said < b.high
    assert found.murphy is not None
    parts = found.murphy.reliability - found.murphy.resolution + found.murphy.uncertainty
    assert parts == pytest.approx(np.mean((said - up) ** 2))
    assert found.brier.value == pytest.approx(np.mean((said - up) ** 2))
    assert found.brier.skill == pytest.approx(1 - found.brier.value / 0.25)


def test_saying_a_half_has_no_skill_over_saying_a_half_whatever_came() -> None:
    found = card(rows_of([0.01, -0.01, 0.0, 0.02] * 10, p_up=0.5))
    assert (found.claims_nothing, found.brier.skill, found.brier.baseline) == (True, 0.0, 0.25 * 0.75)
    assert found.brier.value == found.brier.baseline


def test_a_price_that_never_moved_has_no_reliability() -> None:
    found = card(rows_of([0.0] * 40, p_up=0.7))
    assert (found.reliability, found.murphy) == ((), None)
    assert found.hit_rate.value == found.hit_rate.baseline == 0.5
    assert (found.mae.value, found.mae.skill) == (0.0, 0.0)


def test_too_few_days_leave_skill_without_an_interval() -> None:
    found = card(rows_of(drawn(12), spread=0.01), rows_of(drawn(12), spread=0.02))
    assert (found.n_days, found.n_days_needed, found.long_enough) == (12, 30, False)
    assert (found.crps.skill_low, found.crps.skill_high) == (-math.inf, math.inf)
    assert found.against is None
    assert not rolled(rows_of(drawn(29)), rows_of(drawn(29)), horizon=1)


def test_rolled_figures_look_back_on_a_window_and_end_at_the_newest_target() -> None:
    actual = np.concatenate([np.full(100, 0.01), np.full(60, -0.01)])
    rows = rows_of(actual, p_up=0.6)
    points = rolled(rows, rows_of(actual, spread=0.02), horizon=1)
    assert points[0][0] == day(30)                 # the first 30 days' last target
    assert points[-1][0] == day(160)
    assert len(points) <= 100
    assert (points[-1][1].n, points[-1][1].hit_rate, points[-1][1].always_up) == (60, 0.0, 0.0)
    assert (points[0][1].n, points[0][1].hit_rate) == (30, 1.0)
    newest = card(rows.at(range(100, 160)), rows_of(actual, spread=0.02).at(range(100, 160)))
    assert points[-1][1].skill == pytest.approx(newest.crps.skill)
    assert (points[-1][1].hit_low, points[-1][1].hit_high) == (newest.hit_rate.low, newest.hit_rate.high)


def test_squared_errors_saved_add_up_to_the_difference_of_their_sums() -> None:
    actual = drawn(90, seed=14)
    rows = rows_of(actual, centre=0.2 * actual)
    (_, newest) = rolled(rows, rows_of(actual), horizon=1)[-1]
    assert newest.squares_saved == pytest.approx(1e4 * (np.sum(actual**2) - np.sum((0.8 * actual) ** 2)))


def test_the_card_and_the_track_record_say_the_same_of_the_same_rows() -> None:
    actual = drawn(80, seed=15)
    rows = rows_of(actual, p_up=np.where(drawn(80, seed=16) > 0, 0.6, 0.4))
    settled = [
        outcome(i, actual=float(y), low_80=float(q[2]), high_80=float(q[18]), median=float(q[10]), p_up=float(p))
        for i, (y, q, p) in enumerate(zip(actual, rows.quantiles, rows.p_up, strict=True))
    ]
    kept = record(settled, [], symbol=AAA, model="har-t", horizon=1, origin=Origin.LIVE)
    found = card(rows)
    hit, held = found.hit_rate, found.coverage[1].held
    assert (kept.hit_rate, kept.hit_low, kept.hit_high) == (hit.value, hit.low, hit.high)
    assert (kept.coverage_80, kept.coverage_low, kept.coverage_high) == (held.value, held.low, held.high)
    assert (kept.mae, kept.mae_random_walk) == pytest.approx((found.mae.value / 100, found.mae.baseline / 100))
