"""Scores of many forecasts at once. Every function is elementwise: no mean is taken before the days are known.

All models are scored from the same quantiles at the same levels (`domain.forecast.LEVELS`), also where a closed form is
known: an integration rule that errs by two per cent errs alike for all of them.

Sources: Gneiting & Raftery (2007), JASA 102(477), sections 4.2 (CRPS as twice the integrated pinball loss) and 6.2
(interval score, Winkler 1972). Dawid (1984), JRSS A 147(2) (PIT).
"""

from __future__ import annotations

import numpy as np

from forecasting.domain.forecast import LEVELS
from forecasting.features.panel import FloatArray

LEVEL_ARRAY: FloatArray = np.array(LEVELS)
TRAPEZOID: FloatArray = (np.array([*LEVELS[1:], 1.0]) - np.array([0.0, *LEVELS[:-1]])) / 2.0
"""Weight of each level when the pinball loss is integrated from 0 to 1, where it is taken as zero."""


def crps(actual: FloatArray, quantiles: FloatArray) -> FloatArray:
    """CRPS of forecasts known by their quantiles, in the units of `actual`, shape (...).

    The same rule as `track_record.crps_of_quantiles`.

    Args:
        actual: Outcomes, shape (...); NaN gives NaN.
        quantiles: At LEVELS, shape (..., Q), ascending; NaN gives NaN.
    """
    # 2 sum_q w_q (level - 1{y < q}) (y - q): the terms without the indicator are two dot products.
    below = np.maximum(quantiles - actual[..., None], 0.0)
    weights = 2.0 * TRAPEZOID
    linear = actual * (weights @ LEVEL_ARRAY) - quantiles @ (weights * LEVEL_ARRAY)
    score: FloatArray = linear + below @ weights
    return score


def interval_score(actual: FloatArray, low: FloatArray, high: FloatArray, *, coverage: float) -> FloatArray:
    """Winkler's score of a central interval: its width, and 2 / alpha times whatever the outcome lies outside by."""
    outside = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
    score: FloatArray = (high - low) + 2.0 / (1.0 - coverage) * outside
    return score


def point_errors(actual: FloatArray, point: FloatArray) -> dict[str, FloatArray]:
    """Square, absolute and absolute percentage error of a point forecast of the log return, same shape; NaN stays NaN.

    The percentage error is that of the price, as a share of the price that came.
    """
    error = actual - point
    return {"square": error**2, "absolute": np.abs(error), "ape": np.abs(np.expm1(-error))}


def pit(actual: FloatArray, quantiles: FloatArray) -> FloatArray:
    """The forecast's distribution function at the outcome, in [0, 1], shape (...); NaN stays NaN.

    Linear between levels. Beyond the outermost quantile the grid says only that it is beyond: halfway to 0 or 1.
    """
    padded = np.array([LEVELS[0] / 2.0, *LEVELS, (1.0 + LEVELS[-1]) / 2.0])
    below = np.sum(quantiles <= actual[..., None], axis=-1)             # 0..Q
    left = np.clip(below - 1, 0, len(LEVELS) - 2)
    q_left = np.take_along_axis(quantiles, left[..., None], axis=-1)[..., 0]
    gap = np.take_along_axis(quantiles, left[..., None] + 1, axis=-1)[..., 0] - q_left
    share = np.divide(actual - q_left, gap, out=np.zeros_like(gap), where=gap > 0.0)
    inner = LEVEL_ARRAY[left] + np.clip(share, 0.0, 1.0) * (LEVEL_ARRAY[left + 1] - LEVEL_ARRAY[left])
    value = np.where(below == 0, padded[0], np.where(below == len(LEVELS), padded[-1], inner))
    return np.where(np.isnan(actual) | np.isnan(quantiles).any(axis=-1), np.nan, value)


def direction(value: FloatArray, *, neutral: float = 0.0) -> FloatArray:
    """1 above `neutral`, 0 below, 1/2 on it; NaN stays NaN."""
    side: FloatArray = 0.5 * (1.0 + np.sign(value - neutral))
    return side


def hits(claim: FloatArray, up: FloatArray) -> FloatArray:
    """1 where the direction was right, 0 where wrong, 1/2 where none was claimed or none came; both in {0, 1/2, 1}."""
    return np.where((claim == 0.5) | (up == 0.5), 0.5, 1.0 - np.abs(claim - up))
