"""What a forecasting model must be able to do.

A `Model` is a recipe; `fit` turns it into a `Fitted`, which holds parameters and nothing else. Fitting reads the panel
only up to and including its cut; forecasting at session t reads it only up to and including t. The same seed and the
same data give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from forecasting.domain.training import Epoch
from forecasting.features.panel import FloatArray, Panel


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fit is."""

    fraction: float           # 0..1
    message: str              # "epoch 3 of at most 20, validation CRPS 1.013"
    epoch: Epoch | None = None    # the one that has just ended, of a network


OnProgress = Callable[[Progress], None]
"""Called from the fitting thread. May raise to cancel the fit."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Forecast distributions for N symbols at K sessions; NaN where the model cannot say."""

    log_returns: FloatArray   # (N, K, H, Q) cumulative, ascending along Q, at domain.forecast.LEVELS
    p_up: FloatArray          # (N, K, H) probability that the return is above zero


class Fitted(Protocol):
    """A model with its parameters."""

    name: str                 # one of registry.NAMES
    model_id: str             # content hash of the parameters, first 12 hex digits
    train_end: date           # newest session any parameter depends on
    data_hash: str            # of the training rows
    seed: int

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """Forecast at the given session indices (K of them) for every symbol of the panel."""
        ...


class Model(Protocol):
    """A recipe for a fit."""

    name: str

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> Fitted:
        """Fit on sessions 0..cut, targets realised by then.

        Raises:
            NotEnoughHistory: If there are too few rows; the message says how many are needed.
        """
        ...
