"""What every model promises: causality (T1, T2), order (T21), the same bytes again (T22), a true checkpoint.

One fit of each serves all tests.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecasting.domain.forecast import LEVELS
from forecasting.features.panel import FloatArray, Panel
from forecasting.models.base import Fitted, Model
from forecasting.models.checkpoint import Storable, load, save
from forecasting.models.naive import NAIVE
from forecasting.models.parameters import FittedBase
from forecasting.models.registry import NAMES, NETWORKS
from tests.support.panels import EVERY_MODEL, garch_t_returns, panel_from_returns, poisoned, until

N_SESSIONS, CUT = 420, 330


def _panel() -> Panel:
    """Three markets whose next session is rough or calm as `regime` says.

    Without something to learn every network ends where it starts, at EWMA's forecast: it would read no feature, and no
    test here could find one that knows the future.
    """
    regime = np.repeat(np.random.default_rng(5).choice([-1.0, 1.0], (3, N_SESSIONS // 10)), 10, axis=1)
    returns = garch_t_returns(3, N_SESSIONS, seed=1)
    returns[:, 1:] *= np.exp(0.6 * regime[:, :-1])
    return panel_from_returns(returns, regime=regime)


PANEL = _panel()

Change = Callable[[FloatArray], FloatArray]


def _after(panel: Panel, cut: int, change: Change) -> Panel:
    """The panel with all that came after session index `cut` changed."""
    def spoil(values: FloatArray) -> FloatArray:
        spoilt = values.copy()
        spoilt[:, cut + 1 :] = change(values[:, cut + 1 :])
        return spoilt

    changed = replace(
        panel, features=spoil(panel.features), returns=spoil(panel.returns), scale=spoil(panel.scale),
        targets=spoil(panel.targets), closes=spoil(panel.closes),
    )
    return replace(changed, valid=panel.valid & np.isfinite(changed.features).all(axis=-1))


FUTURES: dict[str, Callable[[Panel, int], Panel]] = {
    "deleted": until,
    "a thousand times larger": lambda p, cut: _after(p, cut, lambda x: x * 1e3),
    "missing": lambda p, cut: _after(p, cut, lambda x: x * np.nan),
    "with its sign flipped": lambda p, cut: _after(p, cut, lambda x: -x),
}


def test_the_models_below_are_all_there_are() -> None:
    assert {m.name for m in EVERY_MODEL} == set(NAMES)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Fitted]:
    return {m.name: m.fit(PANEL, cut=CUT) for m in EVERY_MODEL}


@pytest.mark.honesty("T1")
@pytest.mark.parametrize("future", FUTURES)
@pytest.mark.parametrize("name", NAMES)
def test_forecasts_are_bitwise_the_same_whatever_comes_later(
    fitted: dict[str, Fitted], name: str, future: str
) -> None:
    rng = np.random.default_rng(7)
    for now in rng.integers(CUT + 4, N_SESSIONS - 1, size=25):
        at = [int(now) - 3, int(now)]
        told = fitted[name].predict(PANEL, at)
        blind = fitted[name].predict(FUTURES[future](PANEL, int(now)), at)
        assert np.isfinite(told.log_returns).all()
        assert told.log_returns.tobytes() == blind.log_returns.tobytes()
        assert told.p_up.tobytes() == blind.p_up.tobytes()


@pytest.mark.honesty("T2")
@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda m: m.name)
def test_a_fit_on_a_poisoned_future_has_the_same_bytes(fitted: dict[str, Fitted], model: Model) -> None:
    clean, poison = fitted[model.name], model.fit(poisoned(PANEL, CUT), cut=CUT)
    assert isinstance(clean, FittedBase)
    assert isinstance(poison, FittedBase)
    for key, array in clean.parameters.arrays.items():
        assert array.tobytes() == poison.parameters.arrays[key].tobytes(), key
    assert clean.model_id == poison.model_id


@pytest.mark.honesty("T2", red=True)
@pytest.mark.parametrize("model", [m for m in EVERY_MODEL if m.name not in NAIVE], ids=lambda m: m.name)
def test_a_fit_on_a_poisoned_past_differs(fitted: dict[str, Fitted], model: Model) -> None:
    assert fitted[model.name].model_id != model.fit(poisoned(PANEL, CUT - 40), cut=CUT).model_id


@pytest.mark.honesty("T21")
@pytest.mark.parametrize("name", NAMES)
def test_quantiles_ascend_and_no_spread_falls_with_the_horizon(fitted: dict[str, Fitted], name: str) -> None:
    predicted = fitted[name].predict(PANEL, range(CUT + 1, N_SESSIONS))
    quantiles = predicted.log_returns
    assert (np.diff(quantiles, axis=-1) >= 0.0).all()
    for outer in range(len(LEVELS) // 2):
        spread = quantiles[..., -1 - outer] - quantiles[..., outer]
        assert (np.diff(spread, axis=-1) >= -1e-6 * spread.max()).all()
    assert ((predicted.p_up > 0.0) & (predicted.p_up < 1.0)).all()


@pytest.mark.honesty("T22")
@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda m: m.name)
def test_the_same_seed_and_data_give_the_same_bytes(fitted: dict[str, Fitted], model: Model) -> None:
    again = model.fit(PANEL, cut=CUT)
    assert again.model_id == fitted[model.name].model_id
    at = [400, N_SESSIONS - 1]
    told, told_again = (f.predict(PANEL, at).log_returns for f in (fitted[model.name], again))
    assert told.tobytes() == told_again.tobytes()


@pytest.mark.honesty("T22", red=True)
@pytest.mark.parametrize("model", [m for m in EVERY_MODEL if m.name in ("ensemble", *NETWORKS)], ids=lambda m: m.name)
def test_another_seed_gives_other_bytes(fitted: dict[str, Fitted], model: Model) -> None:
    one, other = fitted[model.name], model.fit(PANEL, cut=CUT, seed=1)
    assert one.predict(PANEL, [400]).log_returns.tobytes() != other.predict(PANEL, [400]).log_returns.tobytes()


@pytest.mark.honesty("T22")
@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda m: m.name)
def test_the_same_seed_and_data_write_the_same_checkpoint(
    fitted: dict[str, Fitted], model: Model, tmp_path: Path
) -> None:
    files = []
    for name, fit in (("one", fitted[model.name]), ("other", model.fit(PANEL, cut=CUT))):
        assert isinstance(fit, Storable)
        (tmp_path / name).mkdir()
        files.append(save(fit, tmp_path / name, spec_hash="0123456789ab"))
    assert files[0].name == files[1].name
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_comes_back_from_its_checkpoint_as_it_was(
    fitted: dict[str, Fitted], name: str, tmp_path: Path
) -> None:
    kept = fitted[name]
    assert isinstance(kept, Storable)
    back = load(save(kept, tmp_path, spec_hash="0123456789ab"), spec_hash="0123456789ab")
    assert (back.name, back.model_id, back.train_end, back.data_hash, back.seed) == (
        name, kept.model_id, PANEL.sessions[CUT], kept.data_hash, 0,
    )
    at = [CUT + 1, N_SESSIONS - 1]
    assert back.predict(PANEL, at).log_returns.tobytes() == kept.predict(PANEL, at).log_returns.tobytes()
