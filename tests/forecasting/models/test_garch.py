import numpy as np
import pytest

from forecasting.domain.forecast import HORIZONS
from forecasting.errors import NotEnoughHistory
from forecasting.features.panel import FloatArray
from forecasting.models.ewma_t import EwmaT
from forecasting.models.garch import GarchT
from forecasting.models.naive import Naive
from forecasting.models.student_t import unit_quantiles
from tests.support.panels import covered, garch_t_returns, mean_crps, panel_from_returns

RETURNS = garch_t_returns(6, 1_500, seed=12, nu=6.0)
PANEL = panel_from_returns(RETURNS)
CUT = 1_000


def test_it_finds_the_recursion_that_made_the_data() -> None:
    arrays = GarchT().fit(PANEL, cut=CUT).parameters.arrays
    assert np.median(arrays["alpha"]) == pytest.approx(0.08, abs=0.03)
    assert np.median(arrays["alpha"] + arrays["beta"]) == pytest.approx(0.98, abs=0.025)
    assert arrays["factors"][0] == pytest.approx(np.sqrt(4.0 / 6.0), abs=0.03)     # a t of nu 6 has variance 6 / 4
    assert 4.5 < arrays["nus"][0] < 8.5


def test_the_variance_of_many_days_is_the_sum_of_their_expectations() -> None:
    fitted = GarchT().fit(PANEL, cut=CUT)
    a = {k: fitted.parameters.arrays[k] for k in ("omega", "alpha", "beta", "start")}
    variance, now = a["start"][0], 1_100
    for r in PANEL.returns[0, 1 : now + 1]:
        variance = a["omega"][0] + a["alpha"][0] * r**2 + a["beta"][0] * variance
    expected, total = variance, 0.0
    sd: FloatArray = np.empty(len(HORIZONS))
    for i in range(len(HORIZONS)):
        total += expected
        sd[i] = np.sqrt(total)
        expected = a["omega"][0] + (a["alpha"][0] + a["beta"][0]) * expected
    arrays = fitted.parameters.arrays
    outer = (sd * arrays["factors"])[:, None] * unit_quantiles(arrays["nus"])
    told = fitted.predict(PANEL, [now]).log_returns[0, 0]
    assert told[0, 0] == pytest.approx(outer[0, 0])
    assert told[:, -1] - told[:, 0] == pytest.approx(outer[:, -1] - outer[:, 0], rel=0.01)


def test_where_volatility_comes_back_fast_it_beats_ewma_and_covers() -> None:
    panel = panel_from_returns(garch_t_returns(20, 2_000, seed=5, persistence=0.94))
    at = range(1_000, 1_990)
    told = GarchT().fit(panel, cut=999).predict(panel, at)
    ewma = Naive("ewma").fit(panel, cut=999).predict(panel, at)
    for horizon in (1, 10):
        assert mean_crps(told, panel, at, horizon=horizon) < mean_crps(ewma, panel, at, horizon=horizon)
        assert covered(told, panel, at, horizon) == pytest.approx(0.80, abs=0.02)


def test_a_symbol_without_a_fit_gets_the_ewma_t_forecast_and_is_named() -> None:
    returns = RETURNS[:3].copy()
    returns[1] = 0.0                                  # never moves: there is nothing to fit
    panel = panel_from_returns(returns)
    panel.returns[2, :900] = np.nan                   # a hundred returns are too few
    fitted = GarchT().fit(panel, cut=CUT)
    assert fitted.parameters.settings["fallbacks"] == ["S01", "S02"]
    assert fitted.parameters.settings["n_fallbacks"] == 2
    told = fitted.predict(panel, [1_200]).log_returns
    ewma_t = EwmaT().fit(panel, cut=CUT).predict(panel, [1_200]).log_returns
    assert told[1:].tobytes() == ewma_t[1:].tobytes()
    assert told[0].tobytes() != ewma_t[0].tobytes()


def test_a_watchlist_without_a_year_of_returns_is_refused() -> None:
    with pytest.raises(NotEnoughHistory, match="garch-t: no symbol has the 250 returns until 2010-07-23"):
        GarchT().fit(PANEL, cut=200)
