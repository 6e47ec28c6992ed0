"""What a band is made of adds up, and what a forecast needs is what it was given."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from forecasting.domain.forecast import HORIZONS
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.explain import (
    BLOCKS,
    BOUNDS,
    RUN,
    Decomposition,
    _shuffled_runs,
    block_of,
    explain_har,
    explain_network,
    importance,
    integrated_gradients,
    mean_decomposition,
)
from forecasting.features.panel import Panel
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS, build_panel
from forecasting.models.bodies import BodySettings
from forecasting.models.har import FittedHarT, HarT
from forecasting.models.network import FittedNetwork, NetworkModel, NetworkSettings
from forecasting.models.training import TrainingSettings
from tests.support.bars import random_walk_series
from tests.support.panels import COLUMNS, garch_t_returns, panel_from_returns

CUT = 420


@pytest.fixture(scope="module")
def panel() -> Panel:
    return build_panel([random_walk_series(f"S{i}", 480, seed=i, daily_sd=0.01 + 0.004 * i) for i in range(3)])


@pytest.fixture(scope="module")
def har(panel: Panel) -> FittedHarT:
    return HarT((*HAR_COLUMNS, *MARKET_COLUMNS)).fit(panel, cut=CUT)


@pytest.fixture(scope="module")
def network(panel: Panel) -> FittedNetwork:
    settings = NetworkSettings(BodySettings(hidden=8), training=TrainingSettings(max_epochs=4, batch=8, patience=4))
    trained = NetworkModel(settings).fit(panel, cut=CUT).parameters
    # Noise on the weights: a network that has learnt nothing would have nothing to explain.
    rng = np.random.default_rng(0)
    noisy = {k: a + 0.2 * rng.normal(size=a.shape).astype(a.dtype) if "weight" in k else a
             for k, a in trained.arrays.items()}
    return FittedNetwork(replace(trained, arrays=noisy))


def test_every_feature_has_a_block(panel: Panel) -> None:
    assert {block_of(name) for name in panel.names} == set(BLOCKS)
    har = {name: block_of(name) for name in (*HAR_COLUMNS, *MARKET_COLUMNS)}
    assert [name for name, block in har.items() if block == "other"] == ["log_turnover", "log_gap"]
    assert [block_of(c) for c in ("log_gk_1", "log_r2_5", "log_night_22", "log_ewma", "log_gk_66", "market_gk_1")] == [
        "day", "week", "month", "month", "quarter", "market",
    ]


@pytest.mark.parametrize("horizon", [1, 5, 10])
def test_har_is_the_sum_of_its_blocks_to_nine_digits(panel: Panel, har: FittedHarT, horizon: int) -> None:
    for symbol in range(3):
        for at in range(CUT + 1, 480, 7):
            told = explain_har(har, panel, symbol=symbol, at=at, horizon=horizon)
            q = har.predict(panel, [at]).log_returns[symbol, 0, horizon - 1]
            assert told.log_sigma == pytest.approx(np.log((q[18] - q[2]) / 2.5631031310892007), abs=1e-12)
            plain = {name: part for name, part in told.blocks.items() if name != BOUNDS}
            if horizon == 1:        # nothing to be clipped, no shorter horizon to be held up by
                assert told.blocks[BOUNDS] == pytest.approx(0.0, abs=1e-9)
                assert told.baseline + sum(plain.values()) == pytest.approx(told.log_sigma, abs=1e-9)
            assert told.baseline + sum(told.blocks.values()) + told.gap == pytest.approx(told.log_sigma, abs=1e-9)


def test_a_change_in_one_block_changes_that_block_alone(panel: Panel, har: FittedHarT) -> None:
    before = explain_har(har, panel, symbol=1, at=450, horizon=1)
    features = panel.features.copy()
    features[1, 450, panel.names.index("log_r2_5")] += 0.3
    after = explain_har(har, replace(panel, features=features), symbol=1, at=450, horizon=1)
    changed = {name for name in before.blocks if abs(after.blocks[name] - before.blocks[name]) > 1e-9}
    assert changed == {"week"}
    assert after.log_sigma - before.log_sigma == pytest.approx(after.blocks["week"] - before.blocks["week"], abs=1e-9)


def test_a_sigma_held_back_by_its_bounds_says_so(panel: Panel, har: FittedHarT) -> None:
    wild = FittedHarT(replace(har.parameters, arrays={
        **har.parameters.arrays, "coefficients": 50.0 * har.parameters.arrays["coefficients"],
    }))
    told = [explain_har(wild, panel, symbol=0, at=at, horizon=1) for at in range(430, 470)]
    assert any(abs(t.blocks[BOUNDS]) > 0.1 for t in told)
    for t in told:
        assert t.baseline + sum(t.blocks.values()) == pytest.approx(t.log_sigma, abs=1e-9)


def test_the_usual_day_is_the_symbols_own(panel: Panel, har: FittedHarT) -> None:
    baselines = [explain_har(har, panel, symbol=n, at=450, horizon=1).baseline for n in range(3)]
    assert baselines == sorted(baselines)       # daily_sd .010, .014, .018
    assert np.exp(baselines) == pytest.approx([0.010, 0.014, 0.018], rel=0.15)


def test_a_row_the_model_is_silent_about_is_refused(panel: Panel, har: FittedHarT) -> None:
    with pytest.raises(NotEnoughHistory, match="S0"):
        explain_har(har, panel, symbol=0, at=20, horizon=1)


def test_integrated_gradients_split_a_product_evenly_and_a_sum_exactly() -> None:
    x, start = torch.tensor([3.0, 2.0], dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    product = integrated_gradients(lambda b: b[:, 0] * b[:, 1], x, start)
    assert product.tolist() == pytest.approx([3.0, 3.0])
    linear = integrated_gradients(lambda b: 5.0 * b[:, 0] - b[:, 1], x, start, steps=1)
    assert linear.tolist() == pytest.approx([15.0, -2.0])


def test_integrated_gradients_are_captum_s() -> None:
    captum = pytest.importorskip("captum.attr")
    torch.manual_seed(0)
    net = torch.nn.LSTM(5, 8, batch_first=True, dtype=torch.float64)

    def f(x: Tensor) -> Tensor:
        states: Tensor = net(x)[0]
        return states[:, -1].exp().sum(dim=-1)

    x, start = torch.randn(12, 5, dtype=torch.float64), torch.randn(12, 5, dtype=torch.float64)
    theirs = captum.IntegratedGradients(f).attribute(x[None], baselines=start[None], n_steps=64)[0]
    np.testing.assert_allclose(integrated_gradients(f, x, start, steps=64).numpy(), theirs.numpy(), atol=1e-10)


@pytest.mark.parametrize("horizon", [1, 10])
def test_a_networks_blocks_leave_next_to_no_gap(panel: Panel, network: FittedNetwork, horizon: int) -> None:
    for at in (430, 450, 479):
        told = explain_network(network, panel, symbol=1, at=at, horizon=horizon)
        assert sum(abs(x) for x in told.blocks.values()) > 0.05
        assert abs(told.gap) < 1e-4
        assert told.baseline + sum(told.blocks.values()) + told.gap == pytest.approx(told.log_sigma, abs=1e-12)


def test_too_few_steps_leave_a_gap_that_is_shown(panel: Panel, network: FittedNetwork) -> None:
    gaps = [abs(explain_network(network, panel, symbol=1, at=450, horizon=1, steps=s).gap) for s in (1, 64)]
    assert gaps[0] > 20.0 * gaps[1]


def test_the_mean_of_decompositions_adds_up_as_they_do() -> None:
    parts = [Decomposition(-3.0, -3.5, {"day": 0.4, "week": 0.0}, 0.1), Decomposition(-4.0, -4.0, {"day": 0.0,
             "week": 0.2}, -0.2)]
    mean = mean_decomposition(parts)
    assert mean.blocks == pytest.approx({"day": 0.2, "week": 0.1})
    assert mean.baseline + sum(mean.blocks.values()) + mean.gap == pytest.approx(mean.log_sigma)


def test_importance_finds_the_planted_regime_and_nothing_in_noise() -> None:
    rng = np.random.default_rng(7)
    regime = np.where(np.cumsum(rng.random(900) < 0.05) % 2 == 0, -0.5, 0.5)        # known at the close before
    base = rng.standard_t(8, (6, 900)) * 0.01
    returns = base * np.exp(np.concatenate([[0.0], regime[:-1]]))
    planted = panel_from_returns(returns, regime=np.tile(regime, (6, 1)))
    noise = panel_from_returns(garch_t_returns(6, 900, seed=8))
    at = range(601, 880)
    found, empty = (
        {i.block: i for i in importance(HarT(COLUMNS).fit(p, cut=600), p, at, horizon=1)} for p in (planted, noise)
    )
    assert found["other"].low is not None
    assert found["other"].low > 0.02
    assert next(iter(found)) == "other"           # the dearest first
    assert empty["other"].low is not None
    assert empty["other"].low < 0.005
    assert abs(empty["other"].crps_increase) < 0.01
    assert found["other"].n_days == len(at)


def test_importance_of_too_few_days_has_no_interval() -> None:
    p = panel_from_returns(garch_t_returns(6, 500, seed=9))
    rows = importance(HarT(COLUMNS).fit(p, cut=400), p, range(410, 430), horizon=HORIZONS[0])
    assert {(r.low, r.high, r.n_days) for r in rows} == {(None, None, 20)}


def test_shuffled_days_stay_in_runs_and_are_each_there_once() -> None:
    order = _shuffled_runs(23, np.random.default_rng(1))
    assert sorted(order) == list(range(23))
    assert order != list(range(23))
    assert sum(b == a + 1 for a, b in pairwise(order)) >= 23 - 23 // RUN - 1
