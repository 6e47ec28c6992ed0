"""What networks are trained on."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_crps(quantiles: Tensor, actual: Tensor, levels: Tensor) -> Tensor:
    """Twice the mean pinball loss over the levels: the CRPS on a grid, in the units of `actual`.

    Args:
        quantiles: Forecast quantiles, shape (..., Q).
        actual: Observed values, shape (...). NaN where there is none yet: such entries are left out of the mean.
        levels: In (0, 1), shape (Q,).

    Returns:
        A scalar; 0 if nothing was observed.

    References: Gneiting & Ranjan (2011), Journal of Business & Economic Statistics 29(3).
    """
    known = ~torch.isnan(actual)
    # Missing values are replaced before the subtraction: a NaN would survive a mask in the backward pass.
    error = torch.where(known, actual, 0.0).unsqueeze(-1) - quantiles
    pinball = torch.maximum(levels * error, (levels - 1.0) * error).mean(dim=-1)
    return 2.0 * (pinball * known).sum() / known.sum().clamp(min=1)
