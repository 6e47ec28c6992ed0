"""Trailing means along the last axis, exact and local.

Each mean is summed afresh from the values in its own window, newest first. A running sum would be a little faster, but
carries rounding from the whole past, so the same window would give other digits after a longer history.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.features.panel import FloatArray


def trailing_means(values: FloatArray, windows: Sequence[int]) -> tuple[FloatArray, ...]:
    """Means over the newest w values, itself included, for each w of `windows`; each of the shape of `values`, (N, L).

    NaN until the window is full and wherever a value inside it is NaN.
    """
    total = values.copy()
    means = {1: values}
    for age in range(1, max(windows)):
        total[:, age:] += values[:, :-age]
        total[:, age - 1 : age] = np.nan
        if age + 1 in windows:
            means[age + 1] = total / (age + 1)
    return tuple(means[w] for w in windows)


def capped_mean(values: FloatArray, window: int) -> FloatArray:
    """Mean over all values so far, itself included, but never more than the newest `window`; shape (N, L)."""
    total = values.copy()
    for age in range(1, window):
        total[:, age:] += values[:, :-age]
    mean: FloatArray = total / np.minimum(np.arange(1, values.shape[1] + 1), window)
    return mean
