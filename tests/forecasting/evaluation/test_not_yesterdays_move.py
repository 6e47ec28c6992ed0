"""T6: the forecast is not yesterday's move shifted by one.

A network trained on prices learns to say the last one again: its line follows the price's, a day late, and every level
metric praises it. Here the move that is forecast for the next session is laid beside the one just seen. Neither its
size, nor its sign, nor the width of the band may be that move's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS, build_panel
from forecasting.models.base import Predictions
from forecasting.models.quantiles import predictions
from forecasting.models.registry import NAMES, create
from tests.support.bars import stocknet
from tests.support.controls import MOMENTUM, REVERSAL, null_market
from tests.support.panels import every_model

CUT = 400
MEDIAN, LOW, HIGH = (LEVELS.index(level) for level in (0.5, 0.1, 0.9))


@dataclass(frozen=True, slots=True)
class Echo:
    """How much of the move just seen is in what is forecast for the next session. 1 or -1 is all of it."""

    size: float      # slope of the median on that move
    sign: float      # correlation of the claimed direction with that move's
    width: float     # correlation of the band's width with that move's size

    @property
    def heard(self) -> bool:
        """Whether the forecast is that move again, or its mirror image."""
        return abs(self.size) > 0.1 or abs(self.sign) > 0.5 or abs(self.width) > 0.9


def echo(told: Predictions, panel: Panel, at: Sequence[int]) -> Echo:
    """What `told` has of the moves at the sessions `at`, one session ahead; rows without a forecast do not count."""
    move = panel.returns[:, list(at)]
    quantiles = told.log_returns[:, :, 0]
    there = np.isfinite(move) & np.isfinite(quantiles[..., MEDIAN])
    move, quantiles, claim = move[there], quantiles[there], np.sign(told.p_up[:, :, 0] - 0.5)[there]
    return Echo(
        size=float(quantiles[:, MEDIAN] @ move / (move @ move)),
        sign=correlation(claim, np.sign(move)),
        width=correlation(quantiles[:, HIGH] - quantiles[:, LOW], np.abs(move)),
    )


def correlation(a: FloatArray, b: FloatArray) -> float:
    """0 where one of them says the same all the time."""
    return 0.0 if np.ptp(a) == 0.0 or np.ptp(b) == 0.0 else float(np.corrcoef(a, b)[0, 1])


@pytest.fixture(scope="module")
def panel() -> Panel:
    return build_panel(null_market(3, symbols=6, sessions=620).series)


AT = range(CUT + 1, 610)


@pytest.mark.honesty("T6")
def test_no_model_says_yesterdays_move_again(panel: Panel) -> None:
    heard = {m.name: echo(m.fit(panel, cut=CUT).predict(panel, AT), panel, AT)
             for m in every_model((*HAR_COLUMNS, *MARKET_COLUMNS))}
    assert set(heard) == set(NAMES)
    assert {name: e for name, e in heard.items() if e.heard} == {}


@pytest.mark.honesty("T6")
def test_the_default_forecast_does_not_say_yesterdays_move_again_on_real_bars() -> None:
    panel = build_panel(stocknet("AAPL", "GE", "XOM", "JPM", "PG", "T"))
    cut, at = 700, range(701, 1200)
    ensemble = create("ensemble", seeds=1).fit(panel, cut=cut)
    assert not echo(ensemble.predict(panel, at), panel, at).heard


def around(median: Callable[[Panel], FloatArray], panel: Panel) -> Predictions:
    """EWMA's bands around another median."""
    told = REVERSAL(panel, AT)
    return predictions(told.log_returns + median(panel)[:, list(AT), None, None])


def as_wide_as_yesterday(panel: Panel) -> Predictions:
    """A band that is the size of the move just seen, and no direction."""
    shape = np.array(LEVELS) - 0.5
    reach = np.abs(panel.returns[:, list(AT), None, None]) * np.sqrt(np.array(HORIZONS))[:, None]
    return predictions(reach * shape)


@pytest.mark.honesty("T6", red=True)
@pytest.mark.parametrize(
    ("told", "size", "sign", "width"),
    [
        pytest.param(lambda p: around(lambda q: q.returns, p), 1.0, 1.0, 0.0, id="the last move again"),
        pytest.param(lambda p: around(lambda q: -q.returns, p), -1.0, -1.0, 0.0, id="its mirror image"),
        pytest.param(lambda p: around(lambda q: 0.2 * q.returns, p), 0.2, 1.0, 0.0, id="a fifth of it"),
        pytest.param(lambda p: MOMENTUM(p, AT), 0.0, 1.0, 0.0, id="its sign"),
        pytest.param(as_wide_as_yesterday, 0.0, 0.0, 1.0, id="its size"),
    ],
)
def test_an_echo_is_heard(
    panel: Panel, told: Callable[[Panel], Predictions], size: float, sign: float, width: float
) -> None:
    found = echo(told(panel), panel, AT)
    assert found.heard
    assert (found.size, found.sign) == pytest.approx((size, sign), abs=0.02)
    assert width == 0.0 or found.width == pytest.approx(width, abs=0.01)
