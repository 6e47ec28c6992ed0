"""Markets whose truth is known, and forecasters that know it: what an honest evaluation must and must not find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.domain.market import BarSeries
from forecasting.features.panel import FloatArray, Panel
from forecasting.models.base import OnProgress, Predictions
from tests.support.bars import START, make_series, weekdays

NU = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class NullMarket:
    """GARCH-t random walks with a common factor: nothing can be known of direction, or of spread beyond `sd`."""

    series: list[BarSeries]
    sd: FloatArray             # (N, T) true standard deviation of the return after session t


def null_market(seed: int, *, symbols: int = 8, sessions: int = 620, load: float = 0.6) -> NullMarket:
    """Multivariate Student-t shocks, so that every symbol's own are exactly Student-t."""
    rng = np.random.default_rng(seed)
    shape = (sessions, symbols)
    gauss = load * rng.normal(size=(sessions, 1)) + np.sqrt(1.0 - load**2) * rng.normal(size=shape)
    shocks = gauss / np.sqrt(rng.chisquare(NU, size=(sessions, 1)) / NU) / np.sqrt(NU / (NU - 2.0))
    variance, returns, sd = np.full(symbols, 0.015**2), np.empty(shape), np.empty(shape)
    for t in range(sessions):
        returns[t] = np.sqrt(variance) * shocks[t]
        variance = 0.03 * 0.015**2 + 0.90 * variance + 0.07 * returns[t] ** 2
        sd[t] = np.sqrt(variance)
    return NullMarket(series_of(returns.T), sd.T)


def series_of(returns: FloatArray) -> list[BarSeries]:
    """Bars whose closes move by the given log returns, shape (N, T)."""
    days = weekdays(returns.shape[1], START)
    closes = 50.0 * np.exp(np.cumsum(returns, axis=1))
    return [make_series(f"N{i:02d}", row.tolist(), sessions=days) for i, row in enumerate(closes)]


Rule = Callable[[Panel, Sequence[int]], Predictions]


@dataclass(slots=True, eq=False)
class Teller:
    """A model that needs no fit. It remembers when it was asked for one."""

    name: str
    rule: Rule
    cuts: list[int]

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> ToldModel:
        self.cuts.append(cut)
        return ToldModel(self, panel, cut)


class ToldModel:
    """A fitted `Teller`."""

    def __init__(self, teller: Teller, panel: Panel, cut: int) -> None:
        self.name, self.model_id, self.data_hash, self.seed = teller.name, "0" * 12, "0" * 12, 0
        self.train_end = panel.sessions[cut]
        self._rule, self._cut = teller.rule, cut

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        assert min(at) > self._cut
        return self._rule(panel, at)


def oracle(sd: FloatArray) -> Rule:
    """The true distribution one session ahead; at longer horizons the same, scaled."""
    unit = stdtrit(NU, np.array(LEVELS)) / np.sqrt(NU / (NU - 2.0))

    def tell(panel: Panel, at: Sequence[int]) -> Predictions:
        spread = sd[:, list(at), None] * np.sqrt(np.array(HORIZONS))
        return Predictions(spread[..., None] * unit, np.full(spread.shape, 0.5))

    return tell


def claims(up: Callable[[Panel], FloatArray]) -> Rule:
    """A rule about direction alone: `up` says above zero for up, per symbol and session; spread as EWMA's."""
    unit = stdtrit(NU, np.array(LEVELS)) / np.sqrt(NU / (NU - 2.0))

    def tell(panel: Panel, at: Sequence[int]) -> Predictions:
        spread = panel.scale[:, list(at), None] * np.sqrt(np.array(HORIZONS))
        p_up = 0.5 + 0.05 * np.sign(np.nan_to_num(up(panel)[:, list(at)]))[..., None]
        return Predictions(spread[..., None] * unit, np.broadcast_to(p_up, spread.shape).copy())

    return tell


REVERSAL = claims(lambda panel: -panel.returns)
LEAK = claims(lambda panel: np.concatenate([panel.returns[:, 1:], panel.returns[:, -1:]], axis=1))
"""Yesterday's move reversed; and, by `shift(-1)`, tomorrow's move itself."""
