"""What a person sets in `[model]` reaches the network that is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from forecasting.config import ModelSettings
from forecasting.config import settings as config
from forecasting.errors import CheckpointError, ConfigError
from forecasting.features.pipeline import DEFAULT_SPEC, GROUPS, FeatureSpec, build_panel
from forecasting.features.scaling import Scaling
from forecasting.models import checkpoint
from forecasting.models.bodies import BodyKind, CausalTransformer
from forecasting.models.ensemble import Ensemble, FittedEnsemble
from forecasting.models.heads import HeadKind
from forecasting.models.network import FittedNetwork, NetworkSettings
from forecasting.models.recipe import network_settings
from forecasting.models.registry import create
from forecasting.models.training import Optimiser, Schedule
from tests.support.bars import random_walk_series

CHOSEN = ModelSettings(
    seeds=1, normalisation="min-max", lookback=60, features=("volatility", "technical", "time"), body="transformer",
    layers=2, hidden=8, dropout=0.1, head="student-t", optimizer="rmsprop", learning_rate=0.001,
    schedule="cosine", l1=1e-5, l2=0.002, epochs=2, patience=1, device="cpu",
)
SPEC = FeatureSpec(CHOSEN.features)
BARS = [random_walk_series(name, 420, seed=i) for i, name in enumerate(("AAA", "BBB"))]


def fitted_to(asked: ModelSettings) -> FittedEnsemble:
    panel = build_panel(BARS, FeatureSpec(asked.features))
    fitted = create("ensemble", asked).fit(panel, cut=410)
    assert isinstance(fitted, FittedEnsemble)
    return fitted


@pytest.fixture(scope="module")
def fitted() -> FittedEnsemble:
    return fitted_to(CHOSEN)


def test_what_can_be_asked_for_is_what_there_is() -> None:
    assert get_args(config.FeatureGroup) == GROUPS
    assert get_args(config.Normalisation) == tuple(Scaling)
    assert get_args(config.Body) == tuple(BodyKind)
    assert get_args(config.Head) == tuple(HeadKind)
    assert set(get_args(config.OptimizerName)) == set(Optimiser)
    assert get_args(config.Schedule) == tuple(Schedule)


def test_nothing_asked_for_is_the_network_that_was_chosen_before_2015() -> None:
    assert network_settings(ModelSettings()) == NetworkSettings()
    assert FeatureSpec(ModelSettings().features) == DEFAULT_SPEC


def test_every_setting_reaches_the_trained_network(fitted: FittedEnsemble) -> None:
    network = fitted.members["transformer-0"]
    assert isinstance(network, FittedNetwork)
    kept = NetworkSettings.from_dict(network.parameters.settings)
    assert (kept.scaling, kept.lookback, network.lookback) == (Scaling.MIN_MAX, 60, 60)
    assert (kept.body.layers, kept.body.hidden, kept.body.dropout) == (2, 8, 0.1)
    assert kept.head.kind is HeadKind.STUDENT_T
    training = kept.training
    assert (training.optimiser, training.schedule) == (Optimiser.RMSPROP, Schedule.COSINE)
    assert training.learning_rate == 0.001
    assert (training.l1, training.weight_decay, training.max_epochs, training.patience) == (1e-5, 0.002, 2, 1)
    assert training.device == "cpu"
    body = network.network.body
    assert isinstance(body, CausalTransformer)
    assert len(body.blocks) == 2
    columns = network.parameters.settings["columns"]
    assert {"log_atr", "log_gk_1", "weekday_sin"} <= set(columns)
    assert "rsi" not in columns
    assert fitted.members["har-t"].parameters.settings["columns"] == list(SPEC.har_columns)


def test_a_checkpoint_of_other_settings_is_refused_and_one_of_the_same_speaks_alike(
    fitted: FittedEnsemble, tmp_path: Path
) -> None:
    path = checkpoint.save(fitted, tmp_path, spec_hash=SPEC.hash)
    again = checkpoint.load(path, spec_hash=SPEC.hash, recipe=network_settings(CHOSEN).hash)
    panel = build_panel(BARS, SPEC)
    assert again.predict(panel, [415]).log_returns.tobytes() == fitted.predict(panel, [415]).log_returns.tobytes()
    others: list[dict[str, Any]] = [{"lookback": 88}, {"head": "quantile"}, {"l1": 0.0}, {"normalisation": "z-score"}]
    for changed in others:
        other = network_settings(replace(CHOSEN, **changed)).hash
        with pytest.raises(CheckpointError, match=r"made with other \[model\] settings; train the model again"):
            checkpoint.load(path, spec_hash=SPEC.hash, recipe=other)
    with pytest.raises(CheckpointError, match="made for another spec_hash"):
        checkpoint.load(path, spec_hash=DEFAULT_SPEC.hash, recipe=network_settings(CHOSEN).hash)


def test_other_settings_make_another_model(fitted: FittedEnsemble) -> None:
    other = fitted_to(replace(CHOSEN, l1=0.0))
    assert other.model_id != fitted.model_id
    assert network_settings(CHOSEN).hash == network_settings(replace(CHOSEN, device="auto")).hash


def test_without_any_of_its_columns_har_is_a_constant_times_the_scale() -> None:
    asked = replace(CHOSEN, features=("indicators",), body="lstm", lookback=40)
    fitted = fitted_to(asked)
    assert fitted.members["har-t"].parameters.arrays["coefficients"].shape == (10, 1)
    assert set(fitted.members) == {"har-t", "lstm-0"}


def test_a_device_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"^\[model\] device = mps: torch finds none here; choose auto,"):
        fitted_to(replace(CHOSEN, device="mps"))


def test_networks_take_their_body_from_their_name_and_the_rest_from_the_settings() -> None:
    made = create("lstm-attention", CHOSEN)
    assert made.name == "lstm-attention"
    ensemble = create("ensemble", CHOSEN, seeds=4)
    assert isinstance(ensemble, Ensemble)
    assert (ensemble.settings.seeds, ensemble.network.hash) == (4, network_settings(CHOSEN).hash)
