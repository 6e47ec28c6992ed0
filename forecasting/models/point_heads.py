"""Heads that speak about one number: the expected return, the realised variance, or the direction."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.models.head import RELUCTANCE, Head, Start, added_variance, bounded_exp, widened
from forecasting.models.losses import cross_entropy, mean_huber, mean_squared, mean_squared_log


class PointHead(Head):
    """The expected return, by squared or Huber loss; the spread stays the EWMA forecast's."""

    start: Tensor    # (H, Q)

    def __init__(self, width: int, start: Start, *, robust: bool) -> None:
        super().__init__(width, len(HORIZONS))
        self._error = mean_huber if robust else mean_squared
        self.measure = "Huber loss" if robust else "squared error"
        self.register_buffer("start", torch.as_tensor(start.quantiles, dtype=torch.float32))

    def loss(self, output: Tensor, z: Tensor) -> Tensor:
        """Error of z."""
        return self._error(RELUCTANCE * output, z)

    def quantiles(self, output: Tensor) -> Tensor:
        """See `Head.quantiles`."""
        return self.start + (RELUCTANCE * output * self.root_h).unsqueeze(-1)


class VarianceHead(Head):
    """Realised variance until each horizon, by squared log error; the shape stays the EWMA forecast's.

    What minimises a squared log error lies below the mean, and z of one day ahead has heavy tails: a factor per
    horizon, fitted on the validation rows when training ends, brings the mean back.
    """

    measure = "squared log error"
    start: Tensor    # (H, Q)
    added: Tensor    # (H,) variance that each horizon adds at the start, units of s^2
    factor: Tensor   # (H,)

    def __init__(self, width: int, start: Start) -> None:
        super().__init__(width, len(HORIZONS))
        self.register_buffer("start", torch.as_tensor(start.quantiles, dtype=torch.float32))
        variance = start.factors**2 * np.array(HORIZONS) * (start.nus / (start.nus - 2.0))
        added = added_variance(variance)
        self.register_buffer("added", torch.as_tensor(added, dtype=torch.float32))
        self.register_buffer("factor", torch.ones(len(HORIZONS)))

    def variance(self, output: Tensor) -> Tensor:
        """Variance of the sessions until each horizon in units of s^2, shape (..., H), never falling."""
        return (self.added * bounded_exp(output)).cumsum(dim=-1)

    def loss(self, output: Tensor, z: Tensor) -> Tensor:
        """Squared log error of the variance against the sum of squared daily returns."""
        return mean_squared_log(self.variance(output), self._realised(z))

    def finish(self, output: Tensor, z: Tensor) -> None:
        """Fit the factor."""
        realised = self._realised(z)
        variance = torch.where(torch.isnan(realised), torch.nan, self.variance(output))
        axes = tuple(range(z.ndim - 1))
        ratio = realised.nansum(dim=axes) / variance.nansum(dim=axes)
        self.factor.copy_(torch.where(ratio.isfinite() & (ratio > 0.0), ratio, 1.0))

    def quantiles(self, output: Tensor) -> Tensor:
        """See `Head.quantiles`."""
        ratio = self.factor * self.variance(output) / self.added.cumsum(dim=-1)
        return widened(self.start * ratio.sqrt().unsqueeze(-1))

    def _realised(self, z: Tensor) -> Tensor:
        daily = torch.diff(z * self.root_h, prepend=torch.zeros_like(z[..., :1]))
        return daily.square().cumsum(dim=-1)


class DirectionHead(Head):
    """Probabilities of down, (flat,) up by cross-entropy, divided by a temperature fitted on the validation rows.

    Source of the temperature: Guo et al. (2017), ICML, "On calibration of modern neural networks".
    """

    measure = "cross-entropy"
    start: Tensor         # (H, Q)
    temperature: Tensor   # ()

    def __init__(self, width: int, start: Start, *, flat: float, classes: int) -> None:
        super().__init__(width, classes * len(HORIZONS))
        self.flat, self.classes = flat, classes
        self.register_buffer("start", torch.as_tensor(start.quantiles, dtype=torch.float32))
        self.register_buffer("temperature", torch.ones(()))

    def loss(self, output: Tensor, z: Tensor) -> Tensor:
        """Cross-entropy at a temperature of 1."""
        return cross_entropy(self._logits(output), self._class(z), ~torch.isnan(z))

    def finish(self, output: Tensor, z: Tensor) -> None:
        """Fit the temperature on a grid of logarithms; 1 where it makes no difference."""
        grid = sorted(torch.linspace(-2.0, 4.0, 121).exp().tolist(), key=lambda t: abs(np.log(t)))
        logits, classes, known = self._logits(output), self._class(z), ~torch.isnan(z)
        self.temperature.fill_(min(grid, key=lambda t: float(cross_entropy(logits / t, classes, known))))

    def p_up(self, output: Tensor) -> Tensor:
        """Probability of a rise, shape (..., H); half of flat counts."""
        p = (self._logits(output) / self.temperature).softmax(dim=-1)
        return 0.5 * (1.0 + p[..., -1] - p[..., 0])

    def quantiles(self, output: Tensor) -> Tensor:
        """The start's, moved until the probability above zero is `p_up`, as far as the outermost levels allow."""
        levels = torch.tensor(LEVELS, device=output.device)
        below = (1.0 - self.p_up(output)).clamp(LEVELS[0], LEVELS[-1])                      # (..., H)
        right = torch.searchsorted(levels, below.contiguous()).clamp(1, len(LEVELS) - 1)
        share = (below - levels[right - 1]) / (levels[right] - levels[right - 1])
        ladder = self.start.expand(*below.shape, len(LEVELS))
        left_q, right_q = (ladder.gather(-1, i.unsqueeze(-1)).squeeze(-1) for i in (right - 1, right))
        return self.start - (left_q + share * (right_q - left_q)).unsqueeze(-1)

    def _logits(self, output: Tensor) -> Tensor:
        return output.reshape(*output.shape[:-1], len(HORIZONS), self.classes)

    def _class(self, z: Tensor) -> Tensor:
        up = (z > self.flat).long()
        return up if self.classes == 2 else up + (z >= -self.flat).long()
