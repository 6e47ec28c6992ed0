"""Figures of a run, with the doubt that belongs to them.

A Sharpe ratio from two years of days has a standard error near 0.7: it is never given without it. The deflated Sharpe
ratio is the probability that the true ratio is above zero, given how many trials the best one was picked from.

Sources: Lo (2002), Financial Analysts Journal 58(4); Mertens (2002), "Comments on variance of the IID estimator in Lo",
for skewness and fat tails; Bailey & López de Prado (2014), Journal of Portfolio Management 40(5).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from forecasting.domain.backtest import Figures
from forecasting.evaluation.intervals import wilson
from forecasting.features.panel import FloatArray
from forecasting.trading.backtest.account import Run
from forecasting.trading.backtest.strategies import SESSIONS_PER_YEAR

_EULER_GAMMA = 0.5772156649015329


def figures(run: Run, *, trials: int) -> Figures:
    """The figures of `run`, one of `trials` tried."""
    returns, traded = run.returns[1:], run.traded[1:]
    annual = np.sqrt(SESSIONS_PER_YEAR)
    ratio, error = sharpe(returns)
    gross = returns + run.cost * traded
    worth = max(float(run.curve[-1]), 0.0)
    moved, up = int(np.count_nonzero(returns)), int(np.count_nonzero(returns > 0.0))
    low, high = wilson(up, moved) if moved else (None, None)
    return Figures(
        sharpe=None if ratio is None else float(annual * ratio),
        sharpe_se=None if error is None else float(annual * error),
        deflated_sharpe=deflated_sharpe(returns, trials),
        max_drawdown=max_drawdown(run.curve),
        turnover=float(traded.mean() * SESSIONS_PER_YEAR),
        total_return=float(run.curve[-1] - 1.0),
        break_even_bp=float(gross.sum() / traded.sum() * 1e4) if traded.sum() > 0.0 else None,
        n_days=len(returns),
        annual_return=worth ** (SESSIONS_PER_YEAR / len(returns)) - 1.0,
        n_moved=moved,
        up_days=up / moved if moved else None,
        up_days_low=low,
        up_days_high=high,
    )


def sharpe(returns: FloatArray) -> tuple[float | None, float | None]:
    """Mean over standard deviation per period and its standard error, from (n,) returns; None where nothing moves.

    se^2 = (1 + S^2 / 2 - skew S + (kurtosis - 3) / 4 S^2) / n, which is Lo's for normal returns.
    """
    n, sd = len(returns), float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    if sd == 0.0:
        return None, None
    ratio = float(np.mean(returns)) / sd
    skew, kurtosis = _shape(returns)
    variance = 1.0 + 0.5 * ratio**2 - skew * ratio + 0.25 * (kurtosis - 3.0) * ratio**2
    return ratio, float(np.sqrt(variance / n))


def deflated_sharpe(returns: FloatArray, trials: int) -> float | None:
    """Probability that the true Sharpe ratio is above what the best of `trials` worthless ones would show by luck.

    The ratios of worthless trials spread like the estimate of one: with standard deviation 1 / sqrt(n - 1). Only their
    number is kept from run to run, and trials that resemble each other count as different, so this errs on the low
    side.

    Args:
        returns: Per period, (n,).
        trials: At least 1.
    """
    ratio, _ = sharpe(returns)
    if ratio is None:
        return None
    n = len(returns)
    skew, kurtosis = _shape(returns)
    spread = np.sqrt(max(1.0 - skew * ratio + 0.25 * (kurtosis - 1.0) * ratio**2, 1e-12))
    return float(ndtr((ratio - luck(trials) / np.sqrt(n - 1)) * np.sqrt(n - 1) / spread))


def luck(trials: int) -> float:
    """Expected largest of `trials` independent standard normals; 0 for a single one."""
    if trials <= 1:
        return 0.0
    first, second = ndtri(1.0 - 1.0 / trials), ndtri(1.0 - 1.0 / (trials * np.e))
    return float((1.0 - _EULER_GAMMA) * first + _EULER_GAMMA * second)


def excess(returns: FloatArray, held: FloatArray) -> tuple[float | None, float | None]:
    """Mean of `returns` less `held`, both (n,) per day, and its standard error, per year; None where they are equal.

    Paired by day, so that what both have in common, most of a market's noise, is not counted as doubt.
    """
    difference = returns - held
    n, sd = len(difference), float(np.std(difference, ddof=1)) if len(difference) > 1 else 0.0
    if sd == 0.0:
        return None, None
    return float(np.mean(difference) * SESSIONS_PER_YEAR), sd / float(np.sqrt(n)) * SESSIONS_PER_YEAR


def drawdowns(curve: FloatArray) -> FloatArray:
    """Loss from the highest equity so far as a share of it, (K,) in [0, 1], of equity (K,) > 0."""
    return np.asarray(1.0 - curve / np.maximum.accumulate(curve), dtype=np.float64)


def max_drawdown(curve: FloatArray) -> float:
    """Largest loss from a peak as a share of it, in [0, 1], of equity (K,) > 0."""
    return float(np.max(drawdowns(curve)))


def _shape(returns: FloatArray) -> tuple[float, float]:
    """Skewness and kurtosis, 0 and 3 for a normal."""
    z = (returns - returns.mean()) / returns.std()
    return float(np.mean(z**3)), float(np.mean(z**4))
