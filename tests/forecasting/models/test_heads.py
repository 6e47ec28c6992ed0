"""Heads and losses of networks, by arithmetic and for random weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.features.panel import FloatArray
from forecasting.models.ewma_t import unit
from forecasting.models.head import Start
from forecasting.models.heads import HeadKind, HeadSettings, make_head
from forecasting.models.losses import mean_crps
from forecasting.models.point_heads import DirectionHead, VarianceHead
from forecasting.models.quantiles import probability_up
from forecasting.models.spread_heads import StudentTHead

FACTORS, NUS = np.linspace(0.85, 0.95, len(HORIZONS)), np.linspace(5.0, 12.0, len(HORIZONS))
START = Start(FACTORS, NUS, unit(FACTORS, NUS))
KINDS = pytest.mark.parametrize("kind", HeadKind)


def _targets(n: int, seed: int = 0) -> torch.Tensor:
    """Scaled returns z, shape (n, H), of independent days with a standard deviation of 1."""
    days = torch.randn(n, len(HORIZONS), generator=torch.Generator().manual_seed(seed))
    return days.cumsum(dim=-1) / torch.tensor(HORIZONS).sqrt()


@pytest.mark.honesty("T21")
@KINDS
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.1, 1.0, 30.0]))
def test_quantiles_are_monotone_and_no_spread_falls_with_the_horizon_for_random_weights(
    kind: HeadKind, seed: int, size: float
) -> None:
    torch.manual_seed(seed)
    head = make_head(HeadSettings(kind), 4, START)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=size)
    with torch.no_grad():
        output = head(torch.randn(16, 4))
        head.finish(output, _targets(16))
        quantiles = head.quantiles(output).numpy().astype(np.float64)
    assert np.isfinite(quantiles).all()
    assert in_order(quantiles) == (True, True)


def in_order(quantiles: FloatArray) -> tuple[bool, bool]:
    """Whether quantiles, shape (..., H, Q), never fall along Q, and no spread along H; but for rounding."""
    least = -1e-5 * np.abs(quantiles).max()
    spreads = quantiles[..., ::-1] - quantiles
    outer = spreads[..., : len(LEVELS) // 2]
    return bool((np.diff(quantiles, axis=-1) >= least).all()), bool((np.diff(outer, axis=-2) >= least).all())


@pytest.mark.honesty("T21", red=True)
def test_a_head_without_either_promise_is_found() -> None:
    torch.manual_seed(3)
    levels = torch.tensor(unit(FACTORS, NUS), dtype=torch.float32)
    sigma = torch.randn(16, len(HORIZONS), 1).exp()                   # a scale for each horizon, as it comes
    assert in_order((sigma * levels).double().numpy()) == (True, False)
    free = torch.randn(16, 1, len(LEVELS)).expand(16, len(HORIZONS), len(LEVELS))      # a number for each level
    assert in_order(free.double().numpy())[0] is False


@KINDS
def test_an_untrained_head_gives_the_forecast_it_starts_from(kind: HeadKind) -> None:
    head = make_head(HeadSettings(kind), 3, START)
    with torch.no_grad():
        quantiles = head.quantiles(head(torch.randn(5, 3))).numpy()
    assert quantiles == pytest.approx(np.broadcast_to(START.quantiles, quantiles.shape), rel=1e-4, abs=1e-5)


@KINDS
def test_a_head_learns_and_unknown_outcomes_leave_no_trace(kind: HeadKind) -> None:
    torch.manual_seed(0)
    head = make_head(HeadSettings(kind), 2, START)
    states, z = torch.randn(64, 2), _targets(64) + 1.0
    z[32:] = torch.nan
    first = head.loss(head(states), z)
    states.requires_grad_()
    optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(20):
        optimiser.zero_grad()
        head.loss(head(states), z).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert head.loss(head(states), z) < first
    assert states.grad is not None
    assert states.grad[:32].abs().sum() > 0.0
    assert (states.grad[32:] == 0.0).all()


def test_a_direction_says_in_its_quantiles_what_it_says_in_its_probability() -> None:
    torch.manual_seed(1)
    for kind in (HeadKind.UP_DOWN, HeadKind.UP_FLAT_DOWN):
        head = make_head(HeadSettings(kind), 2, START)
        assert isinstance(head, DirectionHead)
        output = 0.5 * torch.randn(32, head.projection.out_features)
        p_up = probability_up(head.quantiles(output).double().numpy())
        assert p_up == pytest.approx(head.p_up(output).numpy(), abs=1e-4)
        assert np.ptp(p_up) > 0.1


def test_a_temperature_cools_a_direction_that_is_too_sure() -> None:
    z = _targets(4_000)
    head = make_head(HeadSettings(HeadKind.UP_DOWN), 2, START)
    assert isinstance(head, DirectionHead)
    sure = 3.0 * torch.randn(4_000, head.projection.out_features, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        head.finish(sure, z)
    assert head.temperature > 10.0                        # random opinions are worth nothing
    assert (head.p_up(sure) - 0.5).abs().max() < 0.15


def test_a_variance_that_is_off_by_a_factor_is_put_right_on_the_validation_rows() -> None:
    head = make_head(HeadSettings(HeadKind.MSLE), 2, START)
    assert isinstance(head, VarianceHead)
    output = torch.full((50_000, len(HORIZONS)), 1.0)
    with torch.no_grad():
        head.finish(output, _targets(50_000))
        scaled = head.factor * head.variance(output)[0]
    assert scaled.numpy() == pytest.approx(np.array(HORIZONS), rel=0.02)     # h days of variance 1


def test_the_likelihood_finds_scale_and_tails() -> None:
    rng = np.random.default_rng(2)
    z = torch.as_tensor(0.8 * rng.standard_t(4.0, (10_000, len(HORIZONS))), dtype=torch.float32)
    head = make_head(HeadSettings(HeadKind.STUDENT_T), 1, START)
    assert isinstance(head, StudentTHead)
    states, optimiser = torch.ones(10_000, 1), torch.optim.Adam(head.parameters(), lr=0.1)
    for _ in range(200):
        optimiser.zero_grad()
        head.loss(head(states), z).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert (head.sigma(head(states[:1]))[0] / head.root_h).tolist() == pytest.approx([0.8] * 10, rel=0.04)
    assert head.nu().tolist() == pytest.approx([4.0] * 10, abs=0.6)


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
