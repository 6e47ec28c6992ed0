"""Output heads: each owns the projection from a network's state to a forecast and how it is decoded."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from forecasting.features.panel import FloatArray

_LIMIT = 3.0   # log of how far any one factor may move a variance from its start: a guard, not a tuning knob


class QuantileHead(nn.Module):
    """Quantiles of cumulative returns in units of the current scale, monotone by construction.

    It starts from given quantiles and moves them: per horizon a shift of the median and a factor on the variance that
    horizon adds, per gap between neighbouring levels a factor on its width. Squared gaps are sums of non-negative terms
    over h, so quantiles never cross and no spread falls with h, whatever the weights. The projection starts at zero,
    which leaves the given quantiles as they are.
    """

    start: Tensor    # (H, Q-1) squared gaps that each horizon adds
    root_h: Tensor   # (H,)

    def __init__(self, width: int, start: FloatArray) -> None:
        """Read states of size `width`; start from quantiles `start`, shape (H, Q), Q odd, with a median of 0."""
        super().__init__()
        self.horizons, levels = start.shape
        self.middle = levels // 2
        squared_gaps = np.diff(start, axis=1) ** 2
        added = np.maximum(np.diff(squared_gaps, axis=0, prepend=0.0), 0.0)
        self.register_buffer("start", torch.as_tensor(added, dtype=torch.float32))
        self.register_buffer("root_h", torch.arange(1.0, self.horizons + 1.0).sqrt())
        self.projection = nn.Linear(width, 2 * self.horizons + levels - 1)
        nn.init.zeros_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, state: Tensor) -> Tensor:
        """Quantiles, shape (..., H, Q), from states, shape (..., D)."""
        return self.decode(self.projection(state))

    def decode(self, raw: Tensor) -> Tensor:
        """Quantiles, shape (..., H, Q), from projections, shape (..., 2 H + Q - 1)."""
        shift, growth, shape = raw.tensor_split((self.horizons, 2 * self.horizons), dim=-1)
        factor = _limited(growth).unsqueeze(-1) + _limited(shape).unsqueeze(-2)      # (..., H, Q-1)
        gaps = (self.start * factor.exp()).cumsum(dim=-2).sqrt()
        below = -gaps[..., : self.middle].flip(-1).cumsum(dim=-1).flip(-1)
        above = gaps[..., self.middle :].cumsum(dim=-1)
        median = (shift * self.root_h).unsqueeze(-1)
        return median + torch.cat([below, torch.zeros_like(median), above], dim=-1)


def _limited(x: Tensor) -> Tensor:
    """`x` near zero, within +-_LIMIT everywhere."""
    return _LIMIT * torch.tanh(x / _LIMIT)
