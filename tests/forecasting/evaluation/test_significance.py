"""Differences between forecasters: as the textbooks compute them, and honest where days are few or alike."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecasting.evaluation.intervals import daily_series, mean_interval, wilson
from forecasting.evaluation.significance import diebold_mariano, matthews_interval, row_mean, row_share
from forecasting.features.panel import FloatArray


def factor_panel(
    rng: np.random.Generator, days: int, symbols: int, *, overlap: int = 1, load: float = 0.7
) -> FloatArray:
    """Standard normal outcomes with a common factor, shape (days, symbols); neighbours share overlap - 1 days."""
    daily = load * rng.normal(size=(days + overlap - 1, 1))
    daily = daily + math.sqrt(1 - load**2) * rng.normal(size=(days + overlap - 1, symbols))
    windows = np.lib.stride_tricks.sliding_window_view(daily, overlap, axis=0)
    summed: FloatArray = windows.sum(axis=-1) / math.sqrt(overlap)
    return summed


@pytest.mark.parametrize("horizon", [1, 5, 10])
def test_diebold_mariano_agrees_with_statsmodels(horizon: int) -> None:
    stattools = pytest.importorskip("statsmodels.tsa.stattools")
    if not hasattr(stattools, "diebold_mariano_test"):
        pytest.skip("statsmodels before 0.15 has no Diebold-Mariano test")
    rng = np.random.default_rng(horizon)
    y, a, b = rng.normal(size=(3, 400)).cumsum(axis=1) * 0.1
    theirs = stattools.diebold_mariano_test(
        y, a, b, lags=max(2 * horizon, 10), criterion="mse", harvey_adj=True, horizon=horizon
    )
    ours = diebold_mariano((y - a) ** 2, (y - b) ** 2, horizon=horizon)
    assert ours is not None
    assert ours.t == pytest.approx(theirs.statistic, rel=1e-6)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-5, abs=1e-12)
    assert ours.n_days == 400


def test_a_smaller_loss_has_a_negative_t_and_the_mirror_image_a_positive_one() -> None:
    rng = np.random.default_rng(0)
    loss = rng.gamma(2.0, size=250)
    better = diebold_mariano(loss - 0.1, loss + rng.normal(0, 0.1, 250), horizon=1)
    worse = diebold_mariano(loss + rng.normal(0, 0.1, 250), loss - 0.1, horizon=1)
    assert better is not None
    assert worse is not None
    assert better.t < -5
    assert worse.t > 5


def test_few_days_and_equal_forecasters_prove_nothing() -> None:
    same = np.ones(60)
    assert diebold_mariano(same[:19], 2 * same[:19], horizon=1) is None
    equal = diebold_mariano(same, same, horizon=1)
    assert equal is not None
    assert (equal.t, equal.p_value) == (0.0, 1.0)


def test_sums_per_day_give_the_interval_of_the_rows_themselves() -> None:
    rng = np.random.default_rng(3)
    days = np.repeat(np.arange(80), rng.integers(1, 9, 80))
    values = rng.normal(size=len(days))
    sums, counts = np.bincount(days, values).astype(np.float64), np.bincount(days).astype(np.float64)
    expected = mean_interval(daily_series(values.tolist(), days.tolist()), 5)
    assert row_mean(sums, counts, horizon=5) == pytest.approx(expected)


def test_too_few_days_have_no_interval_and_a_share_falls_back_on_days_without_overlap() -> None:
    sums, counts = np.full(20, 3.0), np.full(20, 6.0)
    assert row_mean(sums, counts, horizon=5) == (0.5, -math.inf, math.inf)
    assert row_share(sums, counts, horizon=5) == (0.5, *wilson(2.0, 4.0))


@pytest.mark.honesty("T18")
@pytest.mark.parametrize(("days", "symbols", "horizon"), [(120, 12, 1), (250, 40, 5), (250, 12, 10)])
def test_intervals_of_a_share_hold_the_truth_in_one_factor_panels(days: int, symbols: int, horizon: int) -> None:
    """T18: at least 92 of 100."""
    rng = np.random.default_rng(11)
    held, trials = 0, 400
    for _ in range(trials):
        inside = np.abs(factor_panel(rng, days, symbols, overlap=horizon)) < 1.281552       # true share 0.8
        _, low, high = row_share(inside.sum(axis=1) * 1.0, np.full(days, float(symbols)), horizon=horizon)
        held += low <= 0.8 <= high
    assert held / trials >= 0.92


@pytest.mark.honesty("T18", red=True)
def test_counting_rows_as_independent_would_hold_the_truth_far_less_often() -> None:
    rng = np.random.default_rng(12)
    held = 0
    for _ in range(200):
        up = factor_panel(rng, 120, 12) > 0.0
        low, high = wilson(float(up.sum()), float(up.size))
        held += low <= 0.5 <= high
    assert held / 200 < 0.75


def test_a_correlation_with_luck_excludes_zero_in_at_most_eight_of_a_hundred_panels() -> None:
    """Pesaran and Timmermann's question, asked of a panel."""
    rng = np.random.default_rng(13)
    excluded, trials = 0, 300
    for _ in range(trials):
        up, claim = factor_panel(rng, 150, 10) > 0.0, factor_panel(rng, 150, 10) > 0.0
        _, low, high = _matthews(claim, up)
        excluded += low > 0.0 or high < 0.0
    assert excluded / trials <= 0.08


def test_a_correlation_that_is_there_is_found() -> None:
    rng = np.random.default_rng(14)
    outcome = factor_panel(rng, 250, 10)
    value, low, _ = _matthews(outcome + 2.0 * factor_panel(rng, 250, 10) > 0.0, outcome > 0.0)
    assert value == pytest.approx(0.3, abs=0.1)
    assert low > 0.1


def test_for_independent_rows_it_is_pesaran_and_timmermanns_statistic() -> None:
    rng = np.random.default_rng(15)
    up = rng.random(2000) < 0.55
    claim = np.where(rng.random(2000) < 0.1, up, rng.random(2000) < 0.6)
    # By hand from Pesaran & Timmermann (1992), equation 6.
    n, p, px, py = 2000, float((up == claim).mean()), float(claim.mean()), float(up.mean())
    expected = py * px + (1 - py) * (1 - px)
    variance = expected * (1 - expected) / n
    of_expected = ((2 * py - 1) ** 2 * px * (1 - px) + (2 * px - 1) ** 2 * py * (1 - py)) / n
    statistic = (p - expected) / math.sqrt(variance - of_expected)
    value, low, high = _matthews(claim[:, None], up[:, None])
    assert value / ((high - low) / 2.0 / 1.96) == pytest.approx(statistic, rel=0.15)


def test_matthews_correlation_by_hand() -> None:
    def of_one_day(both: float, claim: float, up: float) -> float:
        sums = (np.array([share]) for share in (both, claim, up, 100.0))
        return matthews_interval(*sums, horizon=1)[0]

    # TP 40, FP 20, FN 10, TN 30: (40*30 - 20*10) / sqrt(60 * 50 * 50 * 40)
    assert of_one_day(40.0, 60.0, 50.0) == pytest.approx(1000 / math.sqrt(6_000_000))
    assert of_one_day(50.0, 100.0, 50.0) == 0.0


def _matthews(claim: np.typing.NDArray[np.bool_], up: np.typing.NDArray[np.bool_]) -> tuple[float, float, float]:
    counts = np.full(len(up), float(up.shape[1]))
    both, claims, ups = ((x.sum(axis=1) * 1.0) for x in (claim & up, claim, up))
    return matthews_interval(both, claims, ups, counts, horizon=1)
