"""How much a symbol moves: from daily returns and from the day's range. All causal.

Sources: J.P. Morgan/Reuters, RiskMetrics Technical Document (1996), section 5.2 (EWMA with decay .94);
Garman & Klass (1980), Journal of Business 53(1), their practical estimator with its small cross terms left out.
"""

from __future__ import annotations

import math

import numpy as np

from forecasting.features.panel import FloatArray
from forecasting.features.rolling import capped_mean

DECAY = 0.94
SEED_RETURNS = 20
LONG_WINDOW = 252
MIN_SCALE = 1e-4  # one basis point a day: below it a price is administered or stale, and dividing by it means nothing


def log_returns(close: FloatArray) -> FloatArray:
    """log(close[j] / close[j-1]) along the last axis, same shape; NaN at the first bar."""
    returns = np.full_like(close, np.nan)
    returns[:, 1:] = np.log(close[:, 1:] / close[:, :-1])
    return returns


def ewma_sd(returns: FloatArray) -> FloatArray:
    """Exponentially weighted standard deviation of daily returns about zero, at least `MIN_SCALE`; shape (N, L).

    v[j] = .94 v[j-1] + .06 r[j]^2, started at bar 20 from the mean square of the first 20 returns; NaN before.
    """
    squares = np.ascontiguousarray(returns.T) ** 2      # (L, N): the recursion runs over rows
    variance = np.full_like(squares, np.nan)
    if len(squares) > SEED_RETURNS:
        variance[SEED_RETURNS] = squares[1 : SEED_RETURNS + 1].mean(axis=0)
    for j in range(SEED_RETURNS + 1, len(squares)):
        variance[j] = DECAY * variance[j - 1] + (1.0 - DECAY) * squares[j]
    scale: FloatArray = np.ascontiguousarray(np.maximum(np.sqrt(variance), MIN_SCALE).T)
    return scale


def long_run_sd(returns: FloatArray) -> FloatArray:
    """Standard deviation of returns about zero over all bars so far, at most the newest 252; shape (N, L).

    An estimate over the whole past would never forget, so that the same bar would read differently after a longer
    history; a year is long enough to be the level that volatility returns to. NaN before 20 returns; at least
    `MIN_SCALE`.
    """
    sd = np.full_like(returns, np.nan)
    sd[:, 1:] = np.sqrt(capped_mean(returns[:, 1:] ** 2, LONG_WINDOW))
    sd[:, :SEED_RETURNS] = np.nan
    floored: FloatArray = np.maximum(sd, MIN_SCALE)
    return floored


def garman_klass(open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Variance of one session from its range, per day, excluding the night: same shape as the inputs, >= 0.

    0.5 log(H/L)^2 - (2 log 2 - 1) log(C/O)^2; the range spans the body, so it cannot turn negative.
    """
    variance: FloatArray = 0.5 * np.log(high / low) ** 2 - (2.0 * math.log(2.0) - 1.0) * np.log(close / open_) ** 2
    return variance
