"""Synthetic panels: returns whose true distribution is known, and causal features of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.domain.market import Symbol
from forecasting.features.panel import FloatArray, Panel
from forecasting.models.base import Model, Predictions
from forecasting.models.bodies import BodyKind, BodySettings
from forecasting.models.ensemble import Ensemble, EnsembleSettings
from forecasting.models.ewma_t import EwmaT
from forecasting.models.garch import GarchT
from forecasting.models.har import HarT
from forecasting.models.naive import NAIVE, Naive
from forecasting.models.network import NetworkModel, NetworkSettings
from forecasting.models.training import TrainingSettings

COLUMNS = ("log_ewma", "log_r2_5", "log_r2_22", "leverage", "regime")
"""Features of the synthetic panels. `regime` is noise unless a test plants something in it."""

TINY = {
    kind: NetworkSettings(BodySettings(kind, hidden=4, heads=2), training=TrainingSettings(max_epochs=2, batch=8))
    for kind in BodyKind
}
"""Networks that train in a fraction of a second."""

TINY_LSTM = TINY[BodyKind.LSTM]


def every_model(columns: Sequence[str]) -> tuple[Model, ...]:
    """All of tapecast's models, small enough for tests, on a panel that has these columns."""
    return (
        *map(Naive, NAIVE), EwmaT(), GarchT(), HarT(columns), *map(NetworkModel, TINY.values()),
        Ensemble(EnsembleSettings(seeds=2), TINY_LSTM, columns=columns),
    )


EVERY_MODEL = every_model(COLUMNS)

_DECAY = 0.94


def garch_t_returns(
    n_symbols: int, n_sessions: int, *, seed: int = 0, nu: float = 6.0, persistence: float = 0.98
) -> FloatArray:
    """GARCH(1,1)-t log returns of about 1.5 % a day, shape (N, T)."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(nu, size=(n_symbols, n_sessions)) / np.sqrt(nu / (nu - 2.0))
    returns = np.empty((n_symbols, n_sessions))
    base = 0.015**2
    variance = np.full(n_symbols, base)
    for t in range(n_sessions):
        returns[:, t] = np.sqrt(variance) * shocks[:, t]
        variance = (1.0 - persistence) * base + (persistence - 0.08) * variance + 0.08 * returns[:, t] ** 2
    return returns


def panel_from_returns(returns: FloatArray, *, regime: FloatArray | None = None, warm_up: int = 30) -> Panel:
    """A panel of symbols that trade in every session; the first `warm_up` rows have no features.

    Args:
        returns: Log returns, shape (N, T); the first is taken as unknown.
        regime: The extra feature, shape (N, T); seeded noise if None.
        warm_up: Sessions without features.
    """
    n, t = returns.shape
    returns = returns.copy()
    returns[:, 0] = np.nan
    squares = np.where(np.isnan(returns), 0.015**2, returns**2)
    scale = np.sqrt(_ewma(squares))
    noise = np.random.default_rng(99).normal(size=(n, t)) if regime is None else regime
    features = np.stack(
        [
            np.log(scale),
            0.5 * np.log(_rolling_mean(squares, 5) + 1e-10) - np.log(scale),
            0.5 * np.log(_rolling_mean(squares, 22) + 1e-10) - np.log(scale),
            np.minimum(np.nan_to_num(returns), 0.0) / scale,
            noise,
        ],
        axis=-1,
    )
    features[:, :warm_up] = np.nan
    scale[:, :warm_up] = np.nan
    targets, ends = _targets(np.nan_to_num(returns))
    return Panel(
        symbols=tuple(Symbol(f"S{i:02d}") for i in range(n)),
        sessions=tuple(date(2010, 1, 4) + timedelta(days=i) for i in range(t)),
        names=COLUMNS,
        features=features,
        returns=returns,
        scale=scale,
        targets=targets,
        target_ends=ends,
        closes=100.0 * np.exp(np.cumsum(np.nan_to_num(returns), axis=1)),
        traded=np.ones((n, t), dtype=bool),
        valid=np.isfinite(features).all(axis=-1) & np.isfinite(scale),
    )


def until(panel: Panel, cut: int) -> Panel:
    """The panel as it stood at the close of session index `cut`: nothing later exists."""
    seen = slice(0, cut + 1)
    unknown = panel.target_ends[:, seen] > cut
    return replace(
        panel,
        sessions=panel.sessions[seen],
        features=panel.features[:, seen],
        returns=panel.returns[:, seen],
        scale=panel.scale[:, seen],
        targets=np.where(unknown, np.nan, panel.targets[:, seen]),
        target_ends=np.where(unknown, cut + 1, panel.target_ends[:, seen]),
        closes=panel.closes[:, seen],
        traded=panel.traded[:, seen],
        valid=panel.valid[:, seen],
    )


def poisoned(panel: Panel, cut: int, *, value: float = 1e9) -> Panel:
    """The panel with everything after session index `cut` spoilt: features `value`, targets past the cut NaN."""
    after = np.arange(len(panel.sessions)) > cut
    return replace(
        panel,
        features=np.where(after[None, :, None], value, panel.features),
        returns=np.where(after[None, :], -value, panel.returns),
        scale=np.where(after[None, :], value, panel.scale),
        targets=np.where(panel.target_ends > cut, np.nan, panel.targets),
    )


def mean_crps(predicted: Predictions, panel: Panel, at: Sequence[int], *, horizon: int) -> float:
    """Twice the mean pinball loss of forecasts made at the sessions `at`, in log return."""
    error = panel.targets[:, list(at), horizon - 1, None] - predicted.log_returns[:, :, horizon - 1]
    levels = np.array(LEVELS)
    return float(2.0 * np.nanmean(np.maximum(levels * error, (levels - 1.0) * error)))


def covered(predicted: Predictions, panel: Panel, at: Sequence[int], horizon: int) -> float:
    """The share of outcomes inside the 80 % band."""
    actual, quantiles = panel.targets[:, list(at), horizon - 1], predicted.log_returns[:, :, horizon - 1]
    inside = (quantiles[..., LEVELS.index(0.1)] <= actual) & (actual <= quantiles[..., LEVELS.index(0.9)])
    return float(inside[np.isfinite(actual)].mean())


def _ewma(squares: FloatArray) -> FloatArray:
    out = np.empty_like(squares)
    level = squares[:, 0]
    for t in range(squares.shape[1]):
        level = _DECAY * level + (1.0 - _DECAY) * squares[:, t]
        out[:, t] = level
    return out


def _rolling_mean(values: FloatArray, width: int) -> FloatArray:
    total = np.cumsum(values, axis=1)
    total[:, width:] = total[:, width:] - total[:, :-width]
    mean: FloatArray = total / np.minimum(np.arange(1, values.shape[1] + 1), width)
    return np.maximum(mean, 0.0)


def _targets(returns: FloatArray) -> tuple[FloatArray, np.typing.NDArray[np.int64]]:
    n, t = returns.shape
    path = np.cumsum(returns, axis=1)
    targets = np.full((n, t, len(HORIZONS)), np.nan)
    ends = np.full((n, t, len(HORIZONS)), t, dtype=np.int64)
    for i, h in enumerate(HORIZONS):
        targets[:, : t - h, i] = path[:, h:] - path[:, : t - h]
        ends[:, : t - h, i] = np.arange(h, t)
    return targets, ends
