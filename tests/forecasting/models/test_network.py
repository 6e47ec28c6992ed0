import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from forecasting.errors import NotEnoughHistory
from forecasting.models.base import Progress
from forecasting.models.bodies import BodySettings
from forecasting.models.ewma_t import EwmaT
from forecasting.models.naive import Naive
from forecasting.models.network import FittedNetwork, NetworkModel, NetworkSettings
from forecasting.models.training import TrainingSettings
from tests.support.panels import TINY_LSTM, garch_t_returns, mean_crps, panel_from_returns
from tests.support.waiting import PATIENCE_S

PANEL = panel_from_returns(garch_t_returns(3, 420, seed=2))
CUT = 380


@pytest.fixture(scope="module")
def fitted() -> FittedNetwork:
    return NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT)


def test_before_its_first_epoch_it_is_the_ewma_t_forecast() -> None:
    untrained = replace(TINY_LSTM, training=TrainingSettings(max_epochs=0))
    lstm = NetworkModel(untrained).fit(PANEL, cut=CUT).predict(PANEL, [400])
    ewma = EwmaT().fit(PANEL, cut=CUT).predict(PANEL, [400])
    assert lstm.log_returns == pytest.approx(ewma.log_returns, rel=1e-5, abs=1e-9)
    assert lstm.p_up == pytest.approx(ewma.p_up, abs=1e-6)


def test_the_same_seed_and_data_give_the_same_bytes_and_another_seed_does_not(fitted: FittedNetwork) -> None:
    again, other = NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT), NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT, seed=1)
    assert again.model_id == fitted.model_id != other.model_id
    assert all(again.parameters.arrays[k].tobytes() == a.tobytes() for k, a in fitted.parameters.arrays.items())
    assert again.predict(PANEL, [400]).log_returns.tobytes() == fitted.predict(PANEL, [400]).log_returns.tobytes()


def test_two_fits_at_once_give_the_bytes_that_each_gives_alone(fitted: FittedNetwork) -> None:
    other_told, other = threading.Event(), NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT, seed=1)
    said: list[str] = []

    def hear(progress: Progress) -> None:
        said.append(progress.message)
        other_told.set()

    with ThreadPoolExecutor(1) as pool:
        begun: list[Future[FittedNetwork]] = []

        def let_the_other_begin(_: Progress) -> None:
            if not begun:
                begun.append(pool.submit(NetworkModel(TINY_LSTM).fit, PANEL, cut=CUT, seed=1, on_progress=hear))
                assert other_told.wait(PATIENCE_S)

        beside = NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT, on_progress=let_the_other_begin)
        assert (beside.model_id, begun[0].result(10.0).model_id) == (fitted.model_id, other.model_id)
        for one, alone in ((beside, fitted), (begun[0].result(), other)):
            assert all(one.parameters.arrays[k].tobytes() == a.tobytes() for k, a in alone.parameters.arrays.items())
    assert said[0] == "waits for a network that another job trains"
    assert said[-1].startswith("epoch 2 of at most 2")


def test_a_forecast_does_not_wait_for_a_fit(fitted: FittedNetwork) -> None:
    alone, found = fitted.predict(PANEL, [400]), []

    def forecast_beside(_: Progress) -> None:
        with ThreadPoolExecutor(1) as pool:
            found.append(pool.submit(fitted.predict, PANEL, [400]).result(10.0))

    NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT, on_progress=forecast_beside)
    assert [f.log_returns.tobytes() for f in found] == 3 * [alone.log_returns.tobytes()]


def test_a_session_reads_the_same_alone_and_among_many_in_any_order(fitted: FittedNetwork) -> None:
    many = [410, 390, 300, *range(391, 410)]
    together = fitted.predict(PANEL, many).log_returns
    for i in (0, 1, 2, 10):
        assert together[:, i] == pytest.approx(fitted.predict(PANEL, [many[i]]).log_returns[:, 0], rel=1e-5)


def test_it_is_silent_about_symbols_with_less_than_a_year_of_bars(fitted: FittedNetwork) -> None:
    assert np.isnan(fitted.predict(PANEL, [248]).p_up).all()
    assert np.isfinite(fitted.predict(PANEL, [249]).p_up).all()


def test_a_watchlist_with_less_than_a_year_of_bars_is_refused() -> None:
    with pytest.raises(NotEnoughHistory, match="lstm: the longest history has 200 bars until 2010-07-22, needs 250"):
        NetworkModel(TINY_LSTM).fit(PANEL, cut=199)


def test_progress_rises_to_one_and_names_the_epoch() -> None:
    seen: list[Progress] = []
    NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT, on_progress=seen.append)
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert [p.message.split(",")[0] for p in seen] == [f"epoch {i} of at most 2" for i in range(3)]


def test_an_exception_from_the_callback_cancels_the_fit() -> None:
    class Cancelled(Exception):
        pass

    def cancel(_: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT, on_progress=cancel)


def test_a_planted_volatility_regime_is_learned() -> None:
    rng = np.random.default_rng(11)
    regime = (rng.random((6, 900)) < 0.3).astype(np.float64)
    sd = np.where(np.roll(regime, 1, axis=1) == 1.0, 0.03, 0.01)
    panel = panel_from_returns(sd * rng.standard_normal(regime.shape), regime=regime)
    at = range(700, 899)
    training = TrainingSettings(max_epochs=12, batch=8, learning_rate=0.02)
    settings = NetworkSettings(BodySettings(hidden=8, dropout=0.0), training=training)
    lstm = mean_crps(NetworkModel(settings).fit(panel, cut=699).predict(panel, at), panel, at, horizon=1)
    walk = mean_crps(Naive("random-walk").fit(panel, cut=699).predict(panel, at), panel, at, horizon=1)
    assert lstm < 0.97 * walk
