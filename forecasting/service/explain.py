"""`tapecast explain`: what a band is made of, as plain JSON values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting.config import ModelSettings, Settings
from forecasting.domain.market import Symbol
from forecasting.errors import ConfigError, NotEnoughHistory
from forecasting.evaluation.explain import (
    Decomposition,
    Importance,
    explain_har,
    explain_network,
    importance,
    mean_decomposition,
)
from forecasting.features.panel import Panel
from forecasting.features.pipeline import FeatureSpec, build_panel
from forecasting.models.base import Fitted, Progress
from forecasting.models.har import FittedHarT, HarT
from forecasting.models.registry import create
from forecasting.service.backend import OnStep, Step
from forecasting.service.backtest import read_bars
from forecasting.service.headless import Answer, daily_only

if TYPE_CHECKING:
    from forecasting.models.network import FittedNetwork

MODELS = ("ensemble", "lstm", "har-t")
"""Models whose bands can be taken apart."""

HELD_OUT = 252
"""Newest sessions on which importance is measured, by a fit that has not seen them."""


@dataclass(frozen=True, slots=True)
class Halves:
    """What a model is put together from."""

    har: FittedHarT | None
    networks: tuple[FittedNetwork, ...]
    har_weight: float        # in the ensemble's mean; the networks share the rest


def explain(
    settings: Settings, symbol: Symbol, as_of: date | None, on_step: OnStep, *, horizon: int = 5,
    model: str = MODELS[0],
) -> Answer:
    """Take apart the newest band of `symbol`, by a fit to the session before it.

    Without history enough for networks, HAR-t speaks alone, and a note says so.

    Raises:
        ConfigError: If the model's bands cannot be taken apart.
        NotEnoughHistory: If no model speaks about the symbol.
    """
    daily_only(settings, "explain")
    if model not in MODELS:
        raise ConfigError(f"--model {model}: only bands of {', '.join(MODELS)} can be taken apart")
    series, tables, failures = read_bars(settings, as_of, on_step, also=[symbol])
    found = next((f for f in failures if f.symbol == symbol), None)
    if found is not None or symbol not in {s.symbol for s in series}:
        kind, message = (found.kind, found.message) if found else ("no-data", f"{symbol}: the source has no bars")
        return Answer({"symbol": symbol, "error": {"kind": kind, "message": message}}, (message,), 1)
    on_step(Step("features", f"features of {len(series)} symbols", None))
    panel = build_panel(series, FeatureSpec(settings.model.features), tables)
    n = panel.symbols.index(symbol)
    rows = np.flatnonzero(panel.valid[n])
    if len(rows) < 2:
        raise NotEnoughHistory(f"{symbol}: {len(rows)} complete rows of features, needs 2; load more history")
    at = int(rows[-1])
    notes = [f.message for f in failures]
    fitted = _fit(model, settings.model, panel, at - 1, notes, on_step)
    har, networks = take_apart(fitted, panel, symbol=n, at=at, horizon=horizon)
    importance_of, by_block = _importance(fitted.name, settings.model, panel, at, horizon, notes, on_step)
    value = {
        "symbol": symbol,
        "as_of": panel.sessions[at].isoformat(),
        "horizon": horizon,
        "model": fitted.name,
        "train_end": fitted.train_end.isoformat(),
        "har": None if har is None else _half(har),
        "lstm": None if networks is None else _half(networks),
        "importance": [_plain(i) for i in by_block],
        "importance_model": importance_of,
    }
    return Answer(value, tuple(notes), 0)


def _fit(
    model: str, asked: ModelSettings, panel: Panel, cut: int, notes: list[str], on_step: OnStep
) -> Fitted:
    """A fit of `model`; of HAR-t, and a note, where history is too short for networks."""
    def progress(fit: Progress) -> None:
        on_step(Step("fit", f"{model} to {panel.sessions[cut]}: {fit.message}", fit.fraction))

    try:
        return create(model, asked).fit(panel, cut=cut, on_progress=progress)
    except NotEnoughHistory as error:
        if model == HarT.name:
            raise
        notes.append(f"{error}; HAR-t speaks instead")
        return create(HarT.name, asked).fit(panel, cut=cut, on_progress=progress)


def take_apart(
    fitted: Fitted, panel: Panel, *, symbol: int, at: int, horizon: int
) -> tuple[Decomposition | None, Decomposition | None]:
    """The band of one of `MODELS` by its HAR half and the mean of its networks; None for a half it has not.

    Arguments and errors as those of `evaluation.explain.explain_har`.
    """
    parts = halves(fitted)
    har = None if parts.har is None else explain_har(parts.har, panel, symbol=symbol, at=at, horizon=horizon)
    networks = [explain_network(f, panel, symbol=symbol, at=at, horizon=horizon) for f in parts.networks]
    return har, mean_decomposition(networks) if networks else None


def halves(fitted: Fitted) -> Halves:
    """Take a model of `MODELS` to pieces."""
    if isinstance(fitted, FittedHarT):
        return Halves(fitted, (), 1.0)
    from forecasting.models.ensemble import FittedEnsemble
    from forecasting.models.network import FittedNetwork

    members = fitted.members.values() if isinstance(fitted, FittedEnsemble) else (fitted,)
    return Halves(
        next((m for m in members if isinstance(m, FittedHarT)), None),
        tuple(m for m in members if isinstance(m, FittedNetwork)),
        fitted.weights[HarT.name] if isinstance(fitted, FittedEnsemble) else 0.0,
    )


def _importance(
    model: str, asked: ModelSettings, panel: Panel, at: int, horizon: int, notes: list[str], on_step: OnStep
) -> tuple[str | None, tuple[Importance, ...]]:
    """On the newest sessions that are settled, by a fit to the session before them, and the name of what was fitted.

    None, and a note, if there is too little history.
    """
    cut = at - HELD_OUT
    try:
        if cut < 1:
            raise NotEnoughHistory(f"{at + 1} sessions, needs more than {HELD_OUT + 1}; load more history")
        fitted = _fit(model, asked, panel, cut, notes, on_step)
        on_step(Step("importance", f"shuffling the days of {HELD_OUT} sessions", None))
        return fitted.name, importance(fitted, panel, range(cut + 1, at + 1 - horizon), horizon=horizon)
    except NotEnoughHistory as error:
        notes.append(f"importance is left out: {error}")
        return None, ()


def _half(parts: Decomposition) -> dict[str, Any]:
    return {
        "log_sigma": parts.log_sigma,
        "baseline": parts.baseline,
        "blocks": [{"name": name, "value": value} for name, value in parts.blocks.items()],
        "gap": parts.gap,
    }


def _plain(row: Importance) -> dict[str, Any]:
    low, high = (None if x is None else 100.0 * x for x in (row.low, row.high))
    return {
        "block": row.block, "crps_increase_pct": 100.0 * row.crps_increase, "low": low, "high": high,
        "n_days": row.n_days,
    }
