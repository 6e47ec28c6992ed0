"""Nothing after the cut reaches a fit, and nothing after a session reaches its forecast (T1, T2, T3)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.features.panel import FloatArray, Panel
from forecasting.models.base import Fitted, Model
from forecasting.models.naive import NAIVE
from forecasting.models.parameters import FittedBase
from forecasting.models.reading import purged_split, scaled_targets
from tests.support.panels import EVERY_MODEL, garch_t_returns, panel_from_returns, poisoned, until

N_SESSIONS, CUT = 420, 330
PANEL = panel_from_returns(garch_t_returns(3, N_SESSIONS, seed=1))

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


@pytest.fixture(scope="module")
def fitted() -> dict[str, Fitted]:
    return {m.name: m.fit(PANEL, cut=CUT) for m in EVERY_MODEL}


@pytest.mark.parametrize("future", FUTURES)
@pytest.mark.parametrize("name", [m.name for m in EVERY_MODEL])
def test_forecasts_are_bitwise_the_same_whatever_comes_later(
    fitted: dict[str, Fitted], name: str, future: str
) -> None:
    rng = np.random.default_rng(7)
    for now in rng.integers(CUT + 1, N_SESSIONS - 1, size=25 if future == "deleted" else 8):
        at = [int(now) - 3, int(now)]
        told = fitted[name].predict(PANEL, at)
        blind = fitted[name].predict(FUTURES[future](PANEL, int(now)), at)
        assert np.isfinite(told.log_returns).all()
        assert told.log_returns.tobytes() == blind.log_returns.tobytes()
        assert told.p_up.tobytes() == blind.p_up.tobytes()


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda m: m.name)
def test_a_fit_on_a_poisoned_future_has_the_same_bytes(model: Model) -> None:
    clean, poison = model.fit(PANEL, cut=CUT), model.fit(poisoned(PANEL, CUT), cut=CUT)
    assert isinstance(clean, FittedBase)
    assert isinstance(poison, FittedBase)
    for key, array in clean.parameters.arrays.items():
        assert array.tobytes() == poison.parameters.arrays[key].tobytes(), key
    assert clean.model_id == poison.model_id


@pytest.mark.parametrize("model", [m for m in EVERY_MODEL if m.name not in NAIVE], ids=lambda m: m.name)
def test_a_fit_on_a_poisoned_past_differs(model: Model) -> None:
    assert model.fit(PANEL, cut=CUT).model_id != model.fit(poisoned(PANEL, CUT - 40), cut=CUT).model_id


@given(cut=st.integers(20, N_SESSIONS - 1))
def test_no_training_target_ends_after_the_cut(cut: int) -> None:
    read = np.isfinite(scaled_targets(PANEL, cut))
    assert PANEL.target_ends[read].max(initial=0) <= cut


@given(cut=st.integers(100, N_SESSIONS - 1), share=st.floats(0.05, 0.5))
def test_no_training_target_ends_where_validation_begins(cut: int, share: float) -> None:
    training, validation = (np.isfinite(z) for z in purged_split(PANEL, cut, validation_share=share))
    first_validated = np.argwhere(validation.any(axis=(0, 2)))[0, 0]
    assert PANEL.target_ends[training].max() < first_validated
    assert PANEL.target_ends[validation].max() <= cut
