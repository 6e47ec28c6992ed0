"""Quantiles at LEVELS: keeping them in order, and the probability that they leave above zero."""

from __future__ import annotations

import numpy as np

from forecasting.domain.forecast import LEVELS
from forecasting.features.panel import FloatArray
from forecasting.models.base import Predictions


def widening(log_returns: FloatArray) -> FloatArray:
    """Quantiles around a median of 0, shape (..., H, Q), with every gap between levels made never to fall with h.

    Uncertainty about a sum of returns does not shrink with more of them; per-horizon fits may say so by chance.
    """
    gaps = np.maximum.accumulate(np.diff(log_returns, axis=-1), axis=-2)
    middle = log_returns.shape[-1] // 2
    below = -np.cumsum(gaps[..., middle - 1 :: -1], axis=-1)[..., ::-1]
    above = np.cumsum(gaps[..., middle:], axis=-1)
    return np.concatenate([below, np.zeros_like(gaps[..., :1]), above], axis=-1)


def predictions(log_returns: FloatArray) -> Predictions:
    """Predictions from quantiles, shape (N, K, H, Q), ascending along Q; NaN stays NaN."""
    return Predictions(log_returns=log_returns, p_up=probability_up(log_returns))


def probability_up(log_returns: FloatArray) -> FloatArray:
    """P(return > 0), shape (...), from quantiles, shape (..., Q): 1 - the distribution function interpolated at 0.

    A zero beyond the outermost quantile gives that quantile's level: the grid cannot say more.
    """
    levels = np.array(LEVELS)
    below = np.sum(log_returns <= 0.0, axis=-1)                      # how many quantiles lie at or below 0
    left = np.clip(below - 1, 0, len(levels) - 2)
    q_left = np.take_along_axis(log_returns, left[..., None], axis=-1)[..., 0]
    q_right = np.take_along_axis(log_returns, left[..., None] + 1, axis=-1)[..., 0]
    gap = q_right - q_left
    share = np.clip(np.divide(-q_left, gap, out=np.zeros_like(gap), where=gap != 0.0), 0.0, 1.0)
    up: FloatArray = 1.0 - (levels[left] + share * (levels[left + 1] - levels[left]))
    return np.where(np.isnan(log_returns).any(axis=-1), np.nan, up)
