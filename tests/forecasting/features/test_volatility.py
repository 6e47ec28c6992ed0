from __future__ import annotations

import math

import numpy as np
import pytest

from forecasting.features.rolling import capped_mean, trailing_means
from forecasting.features.volatility import MIN_SCALE, ewma_sd, garman_klass, log_returns, long_run_sd


def returns_of(*values: float) -> np.ndarray:
    return np.array([[np.nan, *values]])


def test_log_returns_begin_at_the_second_bar() -> None:
    returns = log_returns(np.array([[100.0, 110.0, 99.0]]))
    assert np.isnan(returns[0, 0])
    assert returns[0, 1:] == pytest.approx([math.log(1.1), math.log(0.9)])


def test_ewma_starts_from_the_mean_square_of_the_first_20_returns() -> None:
    returns = np.random.default_rng(0).normal(0, 0.02, (1, 60))
    returns[0, 0] = np.nan
    variance = sum(r * r for r in returns[0, 1:21]) / 20
    expected = [math.sqrt(variance)]
    for r in returns[0, 21:]:
        variance = 0.94 * variance + 0.06 * r * r
        expected.append(math.sqrt(variance))
    scale = ewma_sd(returns)
    assert np.isnan(scale[0, :20]).all()
    assert scale[0, 20:] == pytest.approx(expected, rel=1e-12)


def test_ewma_of_moves_of_equal_size_is_that_size() -> None:
    assert ewma_sd(returns_of(*[0.01, -0.01] * 20))[0, 20:] == pytest.approx(0.01)


def test_a_price_that_stands_still_has_the_least_scale_and_not_zero() -> None:
    still = returns_of(*[0.0] * 40)
    assert set(ewma_sd(still)[0, 20:]) == {MIN_SCALE}
    assert set(long_run_sd(still)[0, 20:]) == {MIN_SCALE}


def test_long_run_sd_grows_to_a_year_and_then_forgets() -> None:
    sd = long_run_sd(returns_of(*[0.04] * 30, *[0.01] * 300))[0]
    assert np.isnan(sd[:20]).all()
    assert sd[30] == pytest.approx(0.04)
    assert sd[60] == pytest.approx(math.sqrt((30 * 0.04**2 + 30 * 0.01**2) / 60))
    assert sd[281] == pytest.approx(math.sqrt((0.04**2 + 251 * 0.01**2) / 252))
    assert sd[282] == pytest.approx(0.01)


def test_garman_klass_of_a_bar_that_closes_where_it_opened_is_half_its_squared_range() -> None:
    variance = garman_klass(*(np.array([[p]]) for p in (100.0, 104.0, 98.0, 100.0)))
    assert variance[0, 0] == pytest.approx(0.5 * math.log(104 / 98) ** 2)


def test_garman_klass_finds_the_variance_of_a_brownian_session() -> None:
    steps = np.random.default_rng(0).normal(0.0, 0.01 / math.sqrt(500), (2000, 500))
    path = np.concatenate([np.zeros((2000, 1)), np.cumsum(steps, axis=1)], axis=1)
    variance = garman_klass(*np.exp([path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1]]))
    # 500 steps see a little less than the whole range, so the estimate is a few per cent low.
    assert variance.mean() == pytest.approx(1e-4, rel=0.10)
    assert variance.mean() < 1e-4


def test_garman_klass_is_never_negative_even_for_a_bar_without_shadows() -> None:
    variance = garman_klass(*(np.array([[p]]) for p in (100.0, 110.0, 100.0, 110.0)))
    assert variance[0, 0] == pytest.approx((0.5 - (2 * math.log(2) - 1)) * math.log(1.1) ** 2)
    assert variance[0, 0] > 0


def test_trailing_means_look_back_over_full_windows() -> None:
    one, three = trailing_means(np.array([[1.0, 2.0, 3.0, 7.0]]), (1, 3))
    assert one.tolist() == [[1.0, 2.0, 3.0, 7.0]]
    assert three[0, 2:].tolist() == [2.0, 4.0]
    assert np.isnan(three[0, :2]).all()


def test_a_window_longer_than_the_history_has_no_mean() -> None:
    (mean,) = trailing_means(np.array([[1.0, 2.0]]), (5,))
    assert np.isnan(mean).all()


def test_a_window_mean_has_the_same_bits_after_a_long_and_a_short_history() -> None:
    values = np.random.default_rng(0).lognormal(0.0, 3.0, (1, 900))
    (long,), (short,) = trailing_means(values, (66,)), trailing_means(values[:, 700:], (66,))
    assert long[:, 800:].tobytes() == short[:, 100:].tobytes()


def test_a_capped_mean_takes_what_there_is() -> None:
    assert capped_mean(np.array([[1.0, 3.0, 5.0, 10.0]]), 3).tolist() == [[1.0, 2.0, 3.0, 6.0]]
