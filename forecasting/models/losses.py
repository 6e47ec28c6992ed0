"""What networks are trained on. Outcomes that are NaN are not known yet: they have neither loss nor gradient.

Each returns the mean over what is known, as a scalar; 0 if nothing is.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def mean_known(values: Tensor, known: Tensor) -> Tensor:
    """Mean of `values` where `known`, both of one shape; 0 if nowhere.

    Values elsewhere must be finite: a NaN would survive a mask in the backward pass.
    """
    return (values * known).sum() / known.sum().clamp(min=1)


def mean_crps(quantiles: Tensor, actual: Tensor, levels: Tensor) -> Tensor:
    """Twice the mean pinball loss over the levels: the CRPS on a grid, in the units of `actual`.

    Args:
        quantiles: Forecast quantiles, shape (..., Q).
        actual: Observed values, shape (...).
        levels: In (0, 1), shape (Q,).

    References: Gneiting & Ranjan (2011), Journal of Business & Economic Statistics 29(3).
    """
    known, filled = _known(actual)
    error = filled.unsqueeze(-1) - quantiles
    # Pinball is the error times its slope, and a slope has no gradient: one pass forward and one back.
    slope = (levels - (error.detach() < 0.0).to(levels.dtype)) * known.unsqueeze(-1)
    return 2.0 * torch.dot(slope.flatten(), error.flatten()) / (known.sum().clamp(min=1) * len(levels))


def student_t_nll(log_scale: Tensor, nu: Tensor, actual: Tensor) -> Tensor:
    """Mean negative log-likelihood of `actual` (...) under exp(log_scale) t(nu), centred on 0; nu broadcasts."""
    known, filled = _known(actual)
    u = filled.square() * (-2.0 * log_scale).exp()
    constant = torch.lgamma(nu / 2.0) - torch.lgamma((nu + 1.0) / 2.0) + 0.5 * (math.pi * nu).log()
    return mean_known(constant + log_scale + (nu + 1.0) / 2.0 * torch.log1p(u / nu), known)


def mean_squared(point: Tensor, actual: Tensor) -> Tensor:
    """Mean squared error."""
    known, filled = _known(actual)
    return mean_known((point - filled).square(), known)


def mean_huber(point: Tensor, actual: Tensor) -> Tensor:
    """Huber loss: squared within one unit of `actual`, straight beyond (Huber 1964, Ann. Math. Statist. 35(1))."""
    known, filled = _known(actual)
    return mean_known(functional.huber_loss(point, filled, reduction="none"), known)


def mean_squared_log(variance: Tensor, actual: Tensor) -> Tensor:
    """Mean of (log(1 + variance) - log(1 + actual))^2, both >= 0."""
    known, filled = _known(actual)
    return mean_known((torch.log1p(variance) - torch.log1p(filled)).square(), known)


def cross_entropy(logits: Tensor, classes: Tensor, known: Tensor) -> Tensor:
    """Mean negative log-probability, logits (..., K), of the right class, integers (...)."""
    return mean_known(-logits.log_softmax(dim=-1).gather(-1, classes.unsqueeze(-1)).squeeze(-1), known)


def _known(actual: Tensor) -> tuple[Tensor, Tensor]:
    known = ~torch.isnan(actual)
    return known, torch.where(known, actual, 0.0)
