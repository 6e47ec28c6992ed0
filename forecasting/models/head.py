"""What every output head is made of: where it starts, and the three things it owns.

A head owns the projection from a network's state, the loss it is trained on, and how its output is decoded. Whatever
it is trained on, it is decoded to quantiles of the return in units of the current scale s, so that all networks can be
shown, scored and compared alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.features.panel import FloatArray

MIDDLE = len(LEVELS) // 2
RELUCTANCE = 0.01      # weight of the state in the median: direction is nearly unpredictable
_LIMIT = 3.0           # how far the log of a variance may move from its start: a guard, not a tuning knob
_LEAST = 1e-3          # variance in units of s^2 that a further day adds at least: sigma must not fall with h


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """The EWMA-t forecast that a head starts from."""

    factors: FloatArray    # (H,) scale in units of s sqrt(h)
    nus: FloatArray        # (H,)
    quantiles: FloatArray  # (H, Q) in units of s, median 0


class Head(nn.Module, ABC):
    """From states to a raw output, from that to a loss and to quantiles.

    Targets are z = y / (s sqrt(h)), NaN where unknown.
    """

    measure = "loss"       # what `validation_loss` is called in progress messages
    root_h: Tensor         # (H,)

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("root_h", torch.tensor(HORIZONS, dtype=torch.float32).sqrt())
        self.projection = nn.Linear(width, outputs)
        nn.init.zeros_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, state: Tensor) -> Tensor:
        """Raw output, shape (..., outputs), from states, shape (..., D)."""
        output: Tensor = self.projection(state)
        return output

    @abstractmethod
    def loss(self, output: Tensor, z: Tensor) -> Tensor:
        """What training minimises: a scalar from raw output (..., outputs) and targets (..., H)."""

    @abstractmethod
    def quantiles(self, output: Tensor) -> Tensor:
        """Quantiles in units of s, shape (..., H, Q), ascending; no spread falls with h."""

    def validation_loss(self, output: Tensor, z: Tensor) -> Tensor:
        """What decides when training stops."""
        return self.loss(output, z)

    def finish(self, output: Tensor, z: Tensor) -> None:
        """Set what is fitted after training, given raw output and targets of the validation rows."""


def added_variance(variance: FloatArray) -> FloatArray:
    """What each horizon adds to the variance of the horizon before, shape (H,), in units of s^2, > 0."""
    added: FloatArray = np.maximum(np.diff(variance, prepend=0.0), _LEAST)
    return added


def widened(quantiles: Tensor) -> Tensor:
    """Quantiles about a median of 0, shape (..., H, Q), with gaps between levels made never to fall with h."""
    gaps = quantiles.diff(dim=-1).cummax(dim=-2).values
    ladder = functional.pad(gaps.cumsum(dim=-1), (1, 0))
    return ladder - ladder[..., MIDDLE, None]


def bounded_exp(x: Tensor) -> Tensor:
    """exp(x), but never beyond exp(+-3)."""
    return (_LIMIT * torch.tanh(x / _LIMIT)).exp()


def inverse_softplus(x: FloatArray) -> FloatArray:
    """What softplus turns into x > 0."""
    inverse: FloatArray = np.log(np.expm1(x))
    return inverse
