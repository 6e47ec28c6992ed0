"""Markets whose truth is known, and forecasters that know it: what an honest evaluation must and must not find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
from scipy.special import stdtrit

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.domain.market import BarSeries
from forecasting.evaluation import walk_forward
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.scaling import Scaler
from forecasting.models.base import Model, OnProgress, Predictions
from forecasting.models.har import design
from forecasting.models.registry import create
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
MOMENTUM = claims(lambda panel: panel.returns)
LEAK = claims(lambda panel: np.concatenate([panel.returns[:, 1:], panel.returns[:, -1:]], axis=1))
"""Yesterday's move reversed; the same again; and, by `shift(-1)`, tomorrow's move itself."""


class Probe:
    """A model that claims a direction wherever any feature, to first order, has told one: least squares on its sign."""

    name = "probe"

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> ToldModel:
        """Fit what was known at session index `cut`."""
        past = panel.targets_until(cut)
        scaler = Scaler.fit(panel.features[:, : cut + 1][panel.valid[:, : cut + 1]])
        columns = design(scaler.transform(panel.features[:, : cut + 1]))
        weights = []
        for h in range(len(HORIZONS)):
            rows = panel.valid[:, : cut + 1] & np.isfinite(past[:, : cut + 1, h])
            weights.append(np.linalg.lstsq(columns[rows], np.sign(past[:, : cut + 1, h][rows]), rcond=None)[0])

        def tell(panel: Panel, at: Sequence[int]) -> Predictions:
            told, now = CLAIMLESS(panel, at), design(scaler.transform(panel.features[:, list(at)]))
            told.p_up[:] = 0.5 + 0.05 * np.sign(now @ np.array(weights).T)
            return told

        return ToldModel(Teller(self.name, tell, []), panel, cut)


CLAIMLESS = claims(lambda panel: np.zeros_like(panel.returns))
"""EWMA's spread, and no direction."""


@contextmanager
def installed(models: Mapping[str, Model]) -> Iterator[None]:
    """A walk-forward knows these models too, or instead of its own."""
    with patch.object(walk_forward, "create", knowing(models)):
        yield


def knowing(models: Mapping[str, Model]) -> Callable[..., Model]:
    """The registry's `create`, which also knows `models`."""
    def made(name: str, **options: Any) -> Model:
        return models[name] if name in models else create(name, **options)

    return made
