"""Output heads: each owns the projection from a network's state to a forecast and how it is decoded."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from forecasting.features.panel import FloatArray

_LIMIT = 3.0          # how far the log of a variance may move from its start: a guard, not a tuning knob
_RELUCTANCE = 0.01    # weight of the state in the median


class QuantileHead(nn.Module):
    """Quantiles of cumulative returns in units of the current scale, monotone by construction.

    It starts from given quantiles and moves them. Per horizon, a factor on the variance that this horizon adds: squared
    gaps between neighbouring levels are then sums of non-negative terms over h, so quantiles never cross and no spread
    falls with h, whatever the weights. Per horizon, a shift of the median at a hundredth of its weight: all symbols
    share their market's days, so a network free to bet on direction, by the median or by lopsided gaps, learns the few
    hundred days it was shown; measured on real bars, that freedom costs more than the volatility forecast earns.
    The projection starts at zero, which leaves the given quantiles as they are.
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
        self.projection = nn.Linear(width, 2 * self.horizons)
        nn.init.zeros_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, state: Tensor) -> Tensor:
        """Quantiles, shape (..., H, Q), from states, shape (..., D)."""
        growth, opinion = self.projection(state).tensor_split(2, dim=-1)                    # (..., H) each
        median = _RELUCTANCE * opinion * self.root_h
        factor = (_LIMIT * torch.tanh(growth / _LIMIT)).exp()
        gaps = (self.start * factor.unsqueeze(-1)).cumsum(dim=-2).sqrt()                    # (..., H, Q-1)
        ladder = nn.functional.pad(gaps.cumsum(dim=-1), (1, 0))                             # (..., H, Q)
        quantiles: Tensor = median.unsqueeze(-1) + (ladder - ladder[..., self.middle, None])
        return quantiles
