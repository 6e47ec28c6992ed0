import numpy as np
import pytest
from scipy.special import ndtri

from forecasting.errors import NotEnoughHistory
from forecasting.features.panel import FloatArray
from forecasting.models.base import Model
from forecasting.models.ewma_t import EwmaT
from forecasting.models.har import HarT
from forecasting.models.naive import Naive
from tests.support.panels import COLUMNS, covered, garch_t_returns, mean_crps, panel_from_returns


def test_the_random_walk_spreads_the_historical_deviation_over_the_root_of_time() -> None:
    returns = np.tile([0.01, -0.01], (1, 100))
    walk = Naive("random-walk").fit(panel_from_returns(returns), cut=100)
    quantiles = walk.predict(panel_from_returns(returns), [150]).log_returns[0, 0]
    assert quantiles[0, 1] == pytest.approx(0.01 * ndtri(0.05))
    assert quantiles[3] == pytest.approx(2.0 * quantiles[0])


def test_centred_forecasts_claim_no_direction() -> None:
    panel = panel_from_returns(garch_t_returns(2, 300))
    for model in (Naive("random-walk"), EwmaT(), HarT(COLUMNS)):
        assert (model.fit(panel, cut=250).predict(panel, [299]).p_up == 0.5).all()


def test_below_sixty_bars_only_historical_deviation_speaks() -> None:
    long, young = garch_t_returns(2, 400)
    panel = panel_from_returns(np.stack([long, young]))
    panel.traded[1, :350] = panel.valid[1, :350] = False
    panel.returns[1, :351] = np.nan
    spoken = {
        m.name: np.isfinite(m.fit(panel, cut=340).predict(panel, [355, 365, 399]).p_up[1, :, 0]).tolist()
        for m in (Naive("random-walk"), EwmaT(), HarT(COLUMNS))
    }
    # 6, 16 and 50 bars, and one return fewer; ten make the first deviation.
    assert spoken == {
        "random-walk": [False, True, True], "ewma-t": [False, False, False], "har-t": [False, False, False],
    }


@pytest.mark.parametrize("model", [EwmaT(), HarT(COLUMNS)], ids=lambda m: m.name)
def test_too_few_rows_are_refused_with_the_number_needed(model: Model) -> None:
    panel = panel_from_returns(garch_t_returns(1, 200))
    with pytest.raises(NotEnoughHistory, match=r"needs \d+"):
        model.fit(panel, cut=45)


def test_a_young_watchlist_whose_ten_day_targets_are_not_there_yet_is_refused() -> None:
    panel = panel_from_returns(garch_t_returns(40, 100))     # 40 rows a session after 30 sessions of warm-up
    with pytest.raises(NotEnoughHistory, match="har-t: 40 complete rows until 2010-02-13, needs 120"):
        HarT(COLUMNS).fit(panel, cut=40)


def test_a_price_that_never_moves_gets_a_finite_narrow_forecast() -> None:
    panel = panel_from_returns(np.zeros((2, 200)))
    predicted = EwmaT().fit(panel, cut=150).predict(panel, [180]).log_returns
    assert np.isfinite(predicted).all()
    assert np.abs(predicted).max() < 1e-4


@pytest.mark.parametrize("model", [EwmaT(), HarT(COLUMNS)], ids=lambda m: m.name)
def test_the_80_percent_band_covers_80_percent_of_a_garch_world(model: Model) -> None:
    panel = panel_from_returns(garch_t_returns(20, 2_000, seed=5))
    at = range(1_000, 1_990)
    predicted = model.fit(panel, cut=999).predict(panel, at)
    for horizon in (1, 5, 10):
        assert covered(predicted, panel, at, horizon) == pytest.approx(0.80, abs=0.02)


def _planted_regime() -> tuple[FloatArray, FloatArray]:
    """Returns whose deviation is 3 % after a session marked 1 and 1 % after one marked 0."""
    rng = np.random.default_rng(11)
    regime = (rng.random((10, 1_500)) < 0.3).astype(np.float64)
    sd = np.where(np.roll(regime, 1, axis=1) == 1.0, 0.03, 0.01)
    return sd * rng.standard_normal(regime.shape), regime


def test_a_planted_volatility_regime_is_found() -> None:
    returns, regime = _planted_regime()
    panel = panel_from_returns(returns, regime=regime)
    at = range(1_000, 1_499)
    crps = {
        m.name: mean_crps(m.fit(panel, cut=999).predict(panel, at), panel, at, horizon=1)
        for m in (Naive("random-walk"), EwmaT(), HarT(COLUMNS))
    }
    # Mean CRPS of N(0, sd) is .564 sd: knowing the regime .564 x (.3 x 3 % + .7 x 1 %) = .90 %.
    assert crps["har-t"] == pytest.approx(0.0090, abs=0.0002)
    assert crps["har-t"] < 0.97 * min(crps["ewma-t"], crps["random-walk"])
