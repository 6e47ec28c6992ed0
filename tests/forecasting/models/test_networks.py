"""Heads and losses of networks, by arithmetic and for random weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.models.heads import QuantileHead
from forecasting.models.losses import mean_crps
from forecasting.models.quantiles import widening
from forecasting.models.reading import ROOT_H
from forecasting.models.student_t import unit_quantiles

START = widening(ROOT_H[:, None] * unit_quantiles(np.full(len(HORIZONS), 6.0)))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.1, 1.0, 30.0]))
def test_quantiles_are_monotone_and_no_spread_falls_with_the_horizon_for_random_weights(seed: int, size: float) -> None:
    torch.manual_seed(seed)
    head = QuantileHead(4, START)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=size)
    with torch.no_grad():
        quantiles = head(torch.randn(16, 4)).numpy()
    assert np.isfinite(quantiles).all()
    gaps = np.diff(quantiles.astype(np.float64), axis=-1)
    assert (gaps >= 0.0).all()
    spreads = quantiles[..., -1] - quantiles[..., 0]
    assert (np.diff(spreads, axis=-1) >= -1e-5 * np.abs(quantiles).max()).all()


def test_an_untrained_head_gives_the_quantiles_it_starts_from() -> None:
    with torch.no_grad():
        quantiles = QuantileHead(3, START)(torch.randn(5, 3)).numpy()
    assert quantiles == pytest.approx(np.broadcast_to(START, quantiles.shape), rel=1e-5, abs=1e-6)


def test_crps_on_a_grid_is_twice_the_mean_pinball_loss() -> None:
    levels = torch.tensor([0.25, 0.75])
    forecast, actual = torch.tensor([[-1.0, 1.0]]), torch.tensor([2.0])
    # Pinball: .25 x 3 = .75 and .75 x 1 = .75.
    assert mean_crps(forecast, actual, levels) == pytest.approx(1.5)


def test_an_outcome_still_unknown_has_neither_loss_nor_gradient() -> None:
    levels = torch.tensor(LEVELS)
    forecast = torch.zeros(2, len(LEVELS), requires_grad=True)
    loss = mean_crps(forecast, torch.tensor([1.0, torch.nan]), levels)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(2.0 * np.mean(LEVELS), rel=1e-5)
    assert forecast.grad is not None
    assert (forecast.grad[1] == 0.0).all()
