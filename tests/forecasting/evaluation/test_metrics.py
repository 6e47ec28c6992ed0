"""Scores: right by hand, by closed form, and the same as the ledger's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from forecasting.domain.forecast import LEVELS
from forecasting.evaluation import metrics
from forecasting.evaluation.track_record import crps_of_quantiles

NORMAL = ndtri(np.array(LEVELS))


@given(st.lists(st.floats(-5, 5), min_size=len(LEVELS), max_size=len(LEVELS)).map(sorted), st.floats(-6, 6))
def test_crps_is_the_ledgers_rule(quantiles: list[float], actual: float) -> None:
    assert metrics.crps(np.array(actual), np.array(quantiles)) == pytest.approx(
        crps_of_quantiles(actual, LEVELS, quantiles), abs=1e-12
    )


def test_crps_is_twice_the_weighted_pinball_loss() -> None:
    actual = np.array([-1.3, 0.0, 2.0])
    error, level = actual - NORMAL[:, None], np.array(LEVELS)[:, None]
    expected = 2.0 * metrics.TRAPEZOID @ np.maximum(level * error, (level - 1.0) * error)
    assert metrics.crps(actual, np.broadcast_to(NORMAL, (3, len(LEVELS)))) == pytest.approx(expected)


@pytest.mark.parametrize("actual", [0.0, 0.7, -1.5])
def test_crps_of_a_normal_forecast_is_near_its_closed_form(actual: float) -> None:
    density = math.exp(-actual * actual / 2.0) / math.sqrt(2.0 * math.pi)
    below = 0.5 * (1.0 + math.erf(actual / math.sqrt(2.0)))
    closed = actual * (2.0 * below - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi)
    assert metrics.crps(np.array(actual), NORMAL) == pytest.approx(closed, rel=0.03)


def test_crps_rewards_the_true_spread() -> None:
    actual = np.random.default_rng(0).normal(size=20_000)
    scores = {k: metrics.crps(actual, np.broadcast_to(k * NORMAL, (20_000, len(LEVELS)))).mean() for k in (0.7, 1, 1.4)}
    assert min(scores, key=lambda k: scores[k]) == 1


def test_crps_and_pit_of_nothing_are_nothing() -> None:
    nothing = np.full(len(LEVELS), np.nan)
    assert np.isnan(metrics.crps(np.array(0.1), nothing))
    assert np.isnan(metrics.pit(np.array(0.1), nothing))
    assert np.isnan(metrics.pit(np.array(np.nan), NORMAL))


def test_an_outcome_beside_an_80_per_cent_interval_costs_ten_times_its_distance() -> None:
    actual, low, high = np.array([0.0, 1.5, -1.25]), np.full(3, -1.0), np.full(3, 1.0)
    assert metrics.interval_score(actual, low, high, coverage=0.8) == pytest.approx([2.0, 2.0 + 5.0, 2.0 + 2.5])


def test_pit_of_outcomes_from_the_forecast_is_uniform() -> None:
    actual = np.random.default_rng(1).normal(size=50_000)
    values = metrics.pit(actual, np.broadcast_to(NORMAL, (50_000, len(LEVELS))))
    counts = np.histogram(values, bins=10, range=(0.0, 1.0))[0]
    assert counts / 50_000 == pytest.approx(np.full(10, 0.1), abs=0.005)
    inner = metrics.pit(NORMAL[:-1], np.broadcast_to(NORMAL, (20, len(LEVELS))))
    assert inner == pytest.approx(LEVELS[:-1])


def test_pit_of_too_narrow_a_forecast_is_shaped_like_a_bowl() -> None:
    actual = np.random.default_rng(1).normal(size=5_000)
    counts = np.histogram(metrics.pit(actual, np.broadcast_to(0.5 * NORMAL, (5_000, 21))), bins=10, range=(0, 1))[0]
    assert counts[[0, -1]].min() > 2 * counts[1:-1].max()


def test_no_claim_and_no_move_count_half() -> None:
    claim = np.array([1.0, 0.0, 1.0, 0.5, 1.0])
    up = np.array([1.0, 0.0, 0.0, 1.0, 0.5])
    assert metrics.hits(claim, up).tolist() == [1.0, 1.0, 0.0, 0.5, 0.5]
    assert metrics.direction(np.array([-0.1, 0.0, 3.0])).tolist() == [0.0, 0.5, 1.0]
