"""How sure one can be of a difference between forecasters, day by day.

Rows of one day share that day's market and are one piece of evidence, so everything here starts from sums per issue
day. Intervals are those of `intervals` (Newey-West with Kiefer-Vogelsang's critical values) rather than a bootstrap of
days: in simulated one-factor panels (300 of each of six kinds; 60 to 250 days, horizons 1, 5 and 10) they held the
truth in 93-96 % of cases, a bootstrap of days or of blocks of two horizons in 87-96 %.

Sources: Diebold & Mariano (1995), JBES 13(3). Harvey, Leybourne & Newbold (1997), Int. J. of Forecasting 13(2). Newey &
West (1987), Econometrica 55(3). Pesaran & Timmermann (1992), JBES 10(4). Matthews (1975), Biochim. Biophys. Acta
405(2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import stdtr

from forecasting.evaluation.intervals import enough_days, mean_interval, wilson
from forecasting.features.panel import FloatArray

Interval = tuple[float, float, float]
"""A figure and its 95 % interval: value, low, high. Infinite ends where there are too few days to say."""


@dataclass(frozen=True, slots=True)
class DieboldMariano:
    """The mean daily loss of one forecaster against another's."""

    t: float          # negative where the first is better; 0 where they never differ
    p_value: float    # two-sided, Student-t with n_days - 1 degrees of freedom
    n_days: int


def diebold_mariano(loss: FloatArray, rival: FloatArray, *, horizon: int) -> DieboldMariano | None:
    """Test equal accuracy on daily losses, shape (n_days,) each, finite, in order.

    Newey-West with lag max(2 x horizon, 10), and Harvey, Leybourne and Newbold's factor.

    Returns:
        None with fewer days than twice the lag: the variance would be a guess.
    """
    n, lag = len(loss), max(2 * horizon, 10)
    if n < 2 * lag:
        return None
    difference = loss - rival
    centred = difference - difference.mean()
    variance = centred @ centred
    for k in range(1, lag + 1):
        variance += 2.0 * (1.0 - k / (lag + 1)) * (centred[k:] @ centred[:-k])
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    if variance <= 0.0:
        return DieboldMariano(0.0, 1.0, n)
    t = float(difference.mean() * n / math.sqrt(variance) * math.sqrt(correction))
    return DieboldMariano(t, float(2.0 * stdtr(n - 1, -abs(t))), n)


def row_mean(sums: FloatArray, counts: FloatArray, *, horizon: int) -> Interval:
    """Mean over all rows with its interval, from sums and numbers of rows per day, shape (n_days,) each, counts > 0."""
    mean = float(sums.sum() / counts.sum())
    n = len(sums)
    if not enough_days(n, horizon):
        return mean, -math.inf, math.inf
    # The linear form of a ratio estimator, as `intervals.daily_series`, from sums.
    daily = mean + (sums - mean * counts) / counts.mean()
    _, low, high = mean_interval(daily.tolist(), horizon)
    return mean, min(low, mean), max(high, mean)


def row_share(sums: FloatArray, counts: FloatArray, *, horizon: int) -> Interval:
    """As `row_mean`, for a share in [0, 1]: with too few days, Wilson's interval on the days that do not overlap."""
    share, low, high = row_mean(sums, counts, horizon=horizon)
    if math.isinf(low) or low == high:
        apart = max(len(sums) / horizon, 1.0)
        low, high = wilson(share * apart, apart)
    # Arithmetic rounds: the share itself is always inside.
    return share, min(max(0.0, low), share), max(min(1.0, high), share)


def matthews_interval(
    both: FloatArray, claim: FloatArray, up: FloatArray, counts: FloatArray, *, horizon: int
) -> Interval:
    """Matthews correlation of claimed and realised direction with its interval, from sums per day.

    The interval is that of the covariance of claim and move over their spreads. Its half-width tests independence as
    Pesaran and Timmermann do, with a variance that knows rows of a day are not independent.

    Args:
        both: Rows claimed up that went up, per day, shape (n_days,).
        claim: Rows claimed up.
        up: Rows that went up.
        counts: Rows, > 0.
        horizon: Sessions each row looks ahead.
    """
    n = counts.sum()
    c, u = claim.sum() / n, up.sum() / n
    spread = math.sqrt(c * (1.0 - c) * u * (1.0 - u))
    if spread == 0.0:
        return 0.0, 0.0, 0.0
    covariance = both - c * up - u * claim + c * u * counts
    value, low, high = row_mean(covariance / spread, counts, horizon=horizon)
    # Arithmetic rounds, and a perfect correlation is still no more than 1.
    value = min(max(value, -1.0), 1.0)
    return value, min(max(-1.0, low), value), max(min(1.0, high), value)
