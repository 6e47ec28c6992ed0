"""Normalisation of features: fitted on training rows, then frozen and kept with the model.

Three ways, all of the form (clip(x) - centre) / spread, where clip keeps x within five training standard deviations of
the training mean:

    z-score      centre = mean, spread = standard deviation
    min-max      centre = least, spread = greatest - least: training rows land in 0..1
    log-return   centre = 0, spread = 1: the features are logarithms and returns in units of the symbol's scale already
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np

from forecasting.errors import CheckpointError, NotEnoughHistory
from forecasting.features.panel import FloatArray

CLIP = 5.0


class Scaling(StrEnum):
    """Ways to normalise."""

    Z_SCORE = "z-score"
    MIN_MAX = "min-max"
    LOG_RETURN = "log-return"


@dataclass(frozen=True, slots=True, eq=False)
class Scaler:
    """A fitted normalisation of F columns."""

    kind: Scaling
    low: FloatArray       # (F,) values below are raised to this
    high: FloatArray      # (F,) values above are lowered to this
    centre: FloatArray    # (F,)
    spread: FloatArray    # (F,) > 0

    @classmethod
    def fit(cls, rows: FloatArray, kind: Scaling = Scaling.Z_SCORE) -> Self:
        """Learn from training rows, shape (M, F); rows with a NaN are left out.

        A column that never moves in training says nothing: it is held at its one value for ever.

        Raises:
            NotEnoughHistory: If fewer than two rows are complete.
        """
        complete = rows[np.isfinite(rows).all(axis=1)]
        if len(complete) < 2:
            raise NotEnoughHistory(
                f"{kind} scaling: {len(complete)} complete rows of features, needs 2; load more history"
            )
        mean, sd = complete.mean(axis=0), complete.std(axis=0)
        # The mean of equal numbers is rounded, so their standard deviation may be a speck above zero.
        constant = np.ptp(complete, axis=0) == 0.0
        mean, sd = np.where(constant, complete[0], mean), np.where(constant, 0.0, sd)
        low, high = mean - CLIP * sd, mean + CLIP * sd
        match kind:
            case Scaling.Z_SCORE:
                centre, spread = mean, sd
            case Scaling.MIN_MAX:
                kept = np.clip(complete, low, high)
                centre, spread = kept.min(axis=0), np.ptp(kept, axis=0)
            case Scaling.LOG_RETURN:
                centre, spread = np.zeros_like(mean), np.ones_like(mean)
        return cls(kind, low, high, centre, np.where(spread > 0.0, spread, 1.0))

    def transform(self, features: FloatArray) -> FloatArray:
        """Normalise the last axis of `features`, shape (..., F); NaN stays NaN."""
        scaled: FloatArray = (np.clip(features, self.low, self.high) - self.centre) / self.spread
        return scaled

    def to_dict(self) -> dict[str, str | list[float]]:
        """Plain values that JSON carries without loss."""
        return {
            "kind": self.kind.value,
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "centre": self.centre.tolist(),
            "spread": self.spread.tolist(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The scaler that `to_dict` wrote.

        Raises:
            CheckpointError: If the content is not one.
        """
        names = ("low", "high", "centre", "spread")
        try:
            kind = Scaling(content["kind"])
            low, high, centre, spread = columns = [np.array(content[name], dtype=np.float64) for name in names]
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"scaler of a checkpoint: {error!r}; train the model again") from error
        if len({c.shape for c in columns}) != 1 or not np.isfinite(columns).all() or not (spread > 0.0).all():
            raise CheckpointError("scaler of a checkpoint: columns do not fit together; train the model again")
        return cls(kind, low, high, centre, spread)
