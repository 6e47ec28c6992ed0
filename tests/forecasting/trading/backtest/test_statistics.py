"""Figures of a run against closed forms and simulation."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from forecasting.features.panel import FloatArray
from forecasting.trading.backtest import Run, figures
from forecasting.trading.backtest.statistics import deflated_sharpe, excess, luck, max_drawdown, sharpe


def run(returns: FloatArray, traded: FloatArray | None = None, cost: float = 0.0) -> Run:
    days = tuple(date(2020, 1, 1) + timedelta(days=i) for i in range(len(returns)))
    return Run("r", days, returns, np.zeros(len(returns)) if traded is None else traded, cost, ())


def test_the_sharpe_of_normal_returns_has_lo_s_standard_error() -> None:
    returns = np.random.default_rng(0).normal(0.001, 0.01, 200_000)
    ratio, error = sharpe(returns)
    assert ratio == pytest.approx(0.1, abs=0.01)
    assert error == pytest.approx(np.sqrt((1 + 0.5 * 0.1**2) / 200_000), rel=0.02)


def test_the_standard_error_is_the_spread_of_estimates_where_returns_are_skewed() -> None:
    rng = np.random.default_rng(1)
    # Rare large losses: the ratio of a seller of insurance.
    samples = 0.3 * (1.0 - rng.exponential(1.0, (2000, 500))) + 0.15
    estimates = np.array([sharpe(s) for s in samples], dtype=float)
    assert estimates[:, 1].mean() == pytest.approx(estimates[:, 0].std(), rel=0.06)
    lo = np.sqrt((1 + 0.5 * 0.5**2) / 500)
    assert estimates[:, 0].std() > 1.2 * lo       # the formula for normal returns would be far off


def test_a_worthless_strategy_has_a_deflated_sharpe_above_095_once_in_twenty() -> None:
    rng = np.random.default_rng(2)
    single = [deflated_sharpe(rng.normal(0.0, 0.01, 500), 1) for _ in range(2000)]
    assert np.mean([p is not None and p > 0.95 for p in single]) == pytest.approx(0.05, abs=0.015)


def test_the_best_of_fifty_worthless_strategies_does_not_look_skilled_once_deflated() -> None:
    rng = np.random.default_rng(3)
    best = [max((rng.normal(0.0, 0.01, 500) for _ in range(50)), key=lambda r: r.mean() / r.std()) for _ in range(300)]
    undeflated = np.mean([(deflated_sharpe(r, 1) or 0.0) > 0.95 for r in best])
    deflated = np.mean([(deflated_sharpe(r, 50) or 0.0) > 0.95 for r in best])
    assert undeflated > 0.85
    assert deflated < 0.10


def test_luck_is_the_expected_best_of_so_many_normals() -> None:
    assert luck(1) == 0.0
    drawn = np.random.default_rng(4).normal(size=(20_000, 100)).max(axis=1).mean()
    assert luck(100) == pytest.approx(drawn, rel=0.02)


def test_drawdown_is_measured_from_the_peak_before() -> None:
    assert max_drawdown(np.array([1.0, 1.2, 0.9, 1.5, 1.2])) == pytest.approx(0.25)
    assert max_drawdown(np.array([1.0, 1.1])) == 0.0


def test_break_even_is_the_cost_at_which_the_mean_return_would_be_zero() -> None:
    gross, traded = np.array([0.0, 0.004, -0.001, 0.003]), np.array([0.0, 1.0, 0.5, 0.5])
    cost = 0.001
    found = figures(run(gross - cost * traded, traded, cost), trials=1).break_even_bp
    assert found == pytest.approx(0.006 / 2.0 * 1e4)
    assert found is not None
    assert np.mean(gross - found / 1e4 * traded) == pytest.approx(0.0)


def test_a_strategy_that_never_traded_has_no_ratio_rather_than_a_zero() -> None:
    silent = figures(run(np.zeros(50)), trials=3)
    assert (silent.sharpe, silent.sharpe_se, silent.deflated_sharpe, silent.break_even_bp) == (None, None, None, None)
    assert (silent.total_return, silent.max_drawdown, silent.turnover, silent.n_days) == (0.0, 0.0, 0.0, 49)


def test_the_excess_over_holding_is_paired_by_day() -> None:
    rng = np.random.default_rng(5)
    market = rng.normal(0.0005, 0.02, 20_000)
    own = market + rng.normal(0.0002, 0.001, 20_000)
    gained, error = excess(own, market)
    assert gained is not None
    assert error is not None
    assert error == pytest.approx(252 * 0.001 / np.sqrt(20_000), rel=0.02)      # the market's own noise cancels
    assert gained == pytest.approx(252 * 0.0002, abs=3 * error)
    assert excess(market, market) == (None, None)


def test_a_year_s_return_compounds_and_days_without_a_change_are_no_hits_and_no_misses() -> None:
    returns = np.array([0.0, 0.1, 0.0, -0.1, 0.1] + [0.0] * 500)      # the first is no return
    told = figures(run(returns), trials=1)
    assert told.annual_return == pytest.approx((1.1 * 0.9 * 1.1) ** 0.5 - 1.0)
    assert (told.n_days, told.n_moved, told.up_days) == (504, 3, 2 / 3)
    assert told.up_days_low is not None
    assert told.up_days_low < 2 / 3 < (told.up_days_high or 0.0)
