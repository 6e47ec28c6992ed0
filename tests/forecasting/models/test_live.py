"""Bar by bar, the LSTM says what it says in one go."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.errors import ModelError
from forecasting.features.windows import BURN_IN, CHUNK_LENGTH
from forecasting.models.bodies import BodyKind
from forecasting.models.ensemble import Ensemble, EnsembleSettings
from forecasting.models.live import EnsembleState, LiveState, Rows
from forecasting.models.network import FittedNetwork, NetworkModel
from tests.support.panels import COLUMNS, TINY, TINY_LSTM, garch_t_returns, panel_from_returns, until

CUT, N_SESSIONS = 280, 500
PANEL = panel_from_returns(garch_t_returns(4, N_SESSIONS, seed=4))
# Symbol 1 rests now and then, symbol 2 is young: their chunks change at other sessions.
for _symbol, _rest in ((1, [255, 301, 302, 390]), (2, range(100))):
    PANEL.valid[_symbol, _rest] = PANEL.traded[_symbol, _rest] = False


@pytest.fixture(scope="module", params=[CHUNK_LENGTH, 40])
def fitted(request: pytest.FixtureRequest) -> FittedNetwork:
    return NetworkModel(replace(TINY_LSTM, lookback=request.param)).fit(PANEL, cut=CUT)


def test_steps_are_the_full_pass_across_two_changes_of_chunk(fitted: FittedNetwork) -> None:
    now = 320
    state = LiveState(fitted, until(PANEL, now))
    assert N_SESSIONS - now > 2 * (CHUNK_LENGTH - BURN_IN)
    at = range(now + 1, N_SESSIONS)
    told = np.concatenate([state.step(Rows.of(PANEL, t)).log_returns for t in at], axis=1)
    whole = fitted.predict(PANEL, at).log_returns
    assert np.isnan(whole).any()
    np.testing.assert_allclose(told, whole, rtol=2e-5, atol=1e-8)


def test_a_provisional_bar_is_forecast_from_and_forgotten(fitted: FittedNetwork) -> None:
    state = LiveState(fitted, until(PANEL, 400))
    wild = Rows.of(PANEL, 399)
    peeked = state.peek(wild).log_returns
    assert not np.array_equal(peeked, state.peek(Rows.of(PANEL, 401)).log_returns)
    np.testing.assert_array_equal(peeked, state.peek(wild).log_returns)
    np.testing.assert_allclose(
        state.step(Rows.of(PANEL, 401)).log_returns, fitted.predict(PANEL, [401]).log_returns, rtol=2e-5, atol=1e-8
    )


def test_an_ensemble_steps_like_its_full_pass() -> None:
    ensemble = Ensemble(EnsembleSettings(seeds=2), TINY_LSTM, columns=COLUMNS).fit(PANEL, cut=CUT)
    state = EnsembleState(ensemble, until(PANEL, 360))
    for now in (361, 362, 363):
        whole = ensemble.predict(PANEL, [now])
        for told in (state.peek(Rows.of(PANEL, now)), state.step(Rows.of(PANEL, now))):
            np.testing.assert_allclose(told.log_returns, whole.log_returns, rtol=2e-5, atol=1e-8)
            np.testing.assert_allclose(told.p_up, whole.p_up, rtol=1e-4)


def test_attention_has_no_state_to_carry() -> None:
    with pytest.raises(ModelError, match="transformer: only a plain LSTM"):
        LiveState(NetworkModel(TINY[BodyKind.TRANSFORMER]).fit(PANEL, cut=CUT), PANEL)
