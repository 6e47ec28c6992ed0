"""Heads that speak about how far: quantiles, and Student-t."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.models.head import (
    MIDDLE,
    RELUCTANCE,
    Head,
    Start,
    added_variance,
    bounded_exp,
    inverse_softplus,
    widened,
)
from forecasting.models.losses import mean_crps, student_t_nll
from forecasting.models.student_t import unit_quantiles


class QuantileHead(Head):
    """Quantiles, monotone by construction.

    Per horizon, a factor on the variance that this horizon adds: squared gaps between neighbouring levels are then sums
    of non-negative terms over h, so quantiles never cross and no spread falls with h, whatever the weights. Per
    horizon, a shift of the median at a hundredth of its weight: all symbols share their market's days, so a network
    free to bet on direction, by the median or by lopsided gaps, learns the few hundred days it was shown; measured on
    real bars, that freedom costs more than the volatility forecast earns.
    """

    measure = "CRPS"
    added: Tensor    # (H, H) from factors to squared gaps: each horizon's sum of what it and shorter ones add
    ladder: Tensor   # (Q-1, Q) from gaps between levels to distances from the median
    levels: Tensor   # (Q,)

    def __init__(self, width: int, start: Start) -> None:
        super().__init__(width, 2 * len(HORIZONS))
        added = np.maximum(np.diff(np.diff(start.quantiles, axis=1) ** 2, axis=0, prepend=0.0), 0.0)   # (H, Q-1)
        # Two matrix products in place of cumulative sums: nearly all of training's time is spent here.
        no_later = np.triu(np.ones((len(HORIZONS), len(HORIZONS))))
        sums = (no_later[:, :, None] * added[:, None, :]).reshape(len(HORIZONS), -1)
        steps, rungs = np.arange(len(LEVELS) - 1)[:, None], np.arange(len(LEVELS))
        above, below = (steps >= MIDDLE) & (steps < rungs), (steps < MIDDLE) & (steps >= rungs)
        self.register_buffer("added", torch.as_tensor(sums, dtype=torch.float32))
        self.register_buffer("ladder", torch.as_tensor(above.astype(np.float32) - below.astype(np.float32)))
        self.register_buffer("levels", torch.tensor(LEVELS, dtype=torch.float32))

    def loss(self, output: Tensor, z: Tensor) -> Tensor:
        """CRPS of z, so that every horizon and symbol counts alike."""
        median, distances = self._parts(output)
        return self._crps(distances, z - median / self.root_h)

    def validation_loss(self, output: Tensor, z: Tensor) -> Tensor:
        """The same with medians taken out: a hundred days' direction is luck, and must not choose when to stop."""
        return self._crps(self._parts(output)[1], z)

    def quantiles(self, output: Tensor) -> Tensor:
        """See `Head.quantiles`."""
        median, distances = self._parts(output)
        return median.unsqueeze(-1) + distances

    def _parts(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Medians, shape (..., H), and every level's distance from it, shape (..., H, Q); in units of s."""
        growth, opinion = output.tensor_split(2, dim=-1)                                    # (..., H) each
        gaps = (bounded_exp(growth) @ self.added).sqrt()                                    # (..., H)
        distances = gaps.reshape(*growth.shape, -1) @ self.ladder
        return RELUCTANCE * opinion * self.root_h, distances

    def _crps(self, distances: Tensor, z: Tensor) -> Tensor:
        return mean_crps(distances / self.root_h[:, None], z, self.levels)


class StudentTHead(Head):
    """Scale and tails of a Student-t about zero: variance increments are softplus > 0, so sigma never falls with h."""

    measure = "negative log-likelihood"
    start: Tensor    # (H,) variance increments before softplus
    unit: Tensor     # (H, Q) quantiles of t(nu), set when training ends

    def __init__(self, width: int, start: Start) -> None:
        super().__init__(width, len(HORIZONS))
        variance = start.factors**2 * np.array(HORIZONS)
        added = added_variance(variance)
        self.register_buffer("start", torch.as_tensor(inverse_softplus(added), dtype=torch.float32))
        self.register_buffer("unit", torch.as_tensor(unit_quantiles(start.nus), dtype=torch.float32))
        self.tails = nn.Parameter(torch.as_tensor(inverse_softplus(start.nus - 2.0), dtype=torch.float32))

    def sigma(self, output: Tensor) -> Tensor:
        """Scale in units of s, shape (..., H), never falling."""
        return functional.softplus(output + self.start).cumsum(dim=-1).sqrt()

    def nu(self) -> Tensor:
        """Degrees of freedom by horizon, shape (H,), above 2: the variance is finite."""
        return 2.0 + functional.softplus(self.tails)

    def loss(self, output: Tensor, z: Tensor) -> Tensor:
        """Negative log-likelihood of z."""
        return student_t_nll((self.sigma(output) / self.root_h).log(), self.nu(), z)

    def finish(self, output: Tensor, z: Tensor) -> None:
        """Quantiles of the t that training arrived at; scipy has them, torch does not."""
        self.unit.copy_(torch.as_tensor(unit_quantiles(self.nu().numpy().astype(np.float64))))

    def quantiles(self, output: Tensor) -> Tensor:
        """See `Head.quantiles`."""
        return widened(self.sigma(output).unsqueeze(-1) * self.unit)
