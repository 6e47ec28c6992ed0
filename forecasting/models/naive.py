"""The forecasts that fit nothing: random walk, drift, sixty days, EWMA.

All are normal with a mean and a standard deviation per session read off the symbol's own returns so far, stretched to
h sessions by h and by its root. EWMA(.94) normal is the reference of every skill figure (RiskMetrics Technical
Document, 1996, section 5.2); the others say what a plain memory of the past is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import ndtri

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.rolling import trailing_means
from forecasting.models.base import OnProgress, Predictions, Progress
from forecasting.models.parameters import FittedBase, Parameters
from forecasting.models.quantiles import predictions
from forecasting.models.reading import MIN_BARS, ROOT_H, bars_until, training_hash

MIN_RETURNS = 10
"""Own returns a symbol needs before its historical mean and standard deviation mean anything."""

WINDOW = 60
"""Returns of the rolling standard deviation."""

Moments = tuple[FloatArray, FloatArray]
"""Mean and standard deviation of the next day's log return, shape (N, T) each; NaN where the rule cannot say."""


class Naive:
    """Recipe of one of `NAIVE`; fitting only remembers where the training rows end."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> FittedNaive:
        """See `Model.fit`."""
        if on_progress is not None:
            on_progress(Progress(1.0, f"{self.name} needs no fit"))
        return FittedNaive(
            Parameters(
                name=self.name, arrays={}, settings={}, train_end=panel.sessions[cut],
                data_hash=training_hash(panel, cut), seed=seed,
            )
        )


class FittedNaive(FittedBase):
    """A rule without parameters."""

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """Quantiles mean[t] h + sd[t] sqrt(h) Phi^-1(level); see `Fitted.predict`."""
        mean, sd = (
            np.where(panel.traded, moment, np.nan)[:, list(at), None, None] for moment in NAIVE[self.name](panel)
        )
        normal = ndtri(np.array(LEVELS))
        normal[len(LEVELS) // 2] = 0.0
        alike = mean * np.array(HORIZONS)[:, None] + sd * (ROOT_H[:, None] * normal)
        return predictions(panel.width(list(at))[..., None] * alike)


def _random_walk(panel: Panel) -> Moments:
    sd = np.sqrt(_expanding_mean(panel.returns**2))
    return np.zeros_like(sd), sd


def _drift(panel: Panel) -> Moments:
    mean = _expanding_mean(panel.returns)
    return mean, np.sqrt(np.maximum(_expanding_mean(panel.returns**2) - mean**2, 0.0))


def _rolling(panel: Panel) -> Moments:
    sd = np.full(panel.returns.shape, np.nan)
    for own, returns in zip(sd, panel.returns, strict=True):
        known = np.isfinite(returns)
        own[known] = np.sqrt(trailing_means(returns[None, known] ** 2, (WINDOW,))[0][0])
    return np.zeros_like(sd), sd


def _ewma(panel: Panel) -> Moments:
    sd = np.where(bars_until(panel, range(len(panel.sessions))) >= MIN_BARS, panel.scale, np.nan)
    return np.zeros_like(sd), sd


def _expanding_mean(values: FloatArray) -> FloatArray:
    """Mean of the known values so far, shape (N, T); NaN below MIN_RETURNS of them."""
    known = np.isfinite(values)
    count = np.cumsum(known, axis=1)
    total = np.cumsum(np.where(known, values, 0.0), axis=1)
    mean: FloatArray = np.divide(total, count, out=np.full(values.shape, np.nan), where=count >= MIN_RETURNS)
    return mean


NAIVE: dict[str, Callable[[Panel], Moments]] = {
    "random-walk": _random_walk,
    "drift": _drift,
    "rolling-60": _rolling,
    "ewma": _ewma,
}
"""Rules by name."""
