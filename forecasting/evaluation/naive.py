"""Directions that anyone could call without a model. A direction claim has to beat the best of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecasting.evaluation.metrics import direction
from forecasting.features.panel import FloatArray, Panel

MOMENTUM = 10      # sessions


def _climatology(panel: Panel) -> FloatArray:
    """What the symbol has done more often so far."""
    ups = np.where(np.isfinite(panel.returns), np.sign(panel.returns), 0.0)
    return direction(np.cumsum(ups, axis=1))


def _momentum(panel: Panel) -> FloatArray:
    """Where the last ten sessions went."""
    path = np.cumsum(np.nan_to_num(panel.returns), axis=1)
    before = np.concatenate([np.zeros((len(path), MOMENTUM)), path[:, :-MOMENTUM]], axis=1)[:, : path.shape[1]]
    return direction(path - before)


RULES: dict[str, Callable[[Panel], FloatArray]] = {
    "always-up": lambda panel: np.ones(panel.returns.shape),
    "always-down": lambda panel: np.zeros(panel.returns.shape),
    "climatology": _climatology,
    "reversal-1d": lambda panel: direction(-np.nan_to_num(panel.returns)),
    "momentum-10d": _momentum,
}
"""Claims at every session, shape (N, T): 1 for up, 0 for down, 1/2 for none; each knows bars up to it alone."""
