"""Answers why a band is as wide as it is: the decomposition of `tapecast explain`, of the model that is at work."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime

import numpy as np

from forecasting.domain.forecast import LEVELS
from forecasting.domain.market import Symbol
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.explain import NORMAL_80, Decomposition, log_sigma_of, weighted_decomposition
from forecasting.features.panel import Panel
from forecasting.models.base import Fitted
from forecasting.models.har import HarT
from forecasting.models.registry import create
from forecasting.service import shadow
from forecasting.service.backend import OnStep, Step
from forecasting.service.bench import ENSEMBLE
from forecasting.service.desk import Desk
from forecasting.service.explain import MODELS, halves, take_apart
from forecasting.service.model_board import AskBand, Band, Part

_LOW, _HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


def answer_band(desk: Desk, question: AskBand, now: datetime, on_step: OnStep) -> Band:
    """Take apart the newest band of the symbol, as the best model says it whose bands can be.

    Raises:
        NotEnoughHistory: If there is none.
    """
    symbol = question.symbol
    on_step(Step("features", f"features of {len(question.symbols)} symbols", None))
    panel = desk.panel(question.symbols, desk.tables(question.symbols))
    if panel is None or symbol not in panel.symbols:
        raise NotEnoughHistory(f"{symbol}: no bars are stored; they come with the next refresh")
    n = panel.symbols.index(symbol)
    rows = np.flatnonzero(panel.valid[n])
    if len(rows) < 2:
        raise NotEnoughHistory(f"{symbol}: {len(rows)} complete rows of features, needs 2; load more history")
    at = int(rows[-1])
    why: NotEnoughHistory | None = None
    for fitted in _speakers(desk, panel, at, on_step):
        on_step(Step("explain", f"{fitted.name} to {fitted.train_end}", None))
        try:
            parts = tuple(_parts(fitted, panel, n, at, question.horizon))
        except NotEnoughHistory as error:      # too young for networks; HAR needs less
            why = error
            continue
        issued = _issued(desk, symbol, fitted.name, panel.sessions[at], question.horizon)
        widened = None
        if issued is not None:
            own = log_sigma_of(fitted, panel, symbol=n, at=at, horizon=question.horizon)
            widened = (issued[1] - issued[0]) / (math.exp(own) * NORMAL_80)
        return Band(symbol, panel.sessions[at], question.horizon, fitted.name, fitted.model_id, fitted.train_end,
                    parts, issued, widened)
    raise why or NotEnoughHistory(f"{symbol}: no model speaks about it yet")


def _speakers(desk: Desk, panel: Panel, at: int, on_step: OnStep) -> Iterator[Fitted]:
    """Whose band it may be, best first. A view's own process has none at work: the champion's file, or a fit of HAR."""
    at_work = [fitted for fitted in desk.bench.at_work(panel.sessions[at]) if fitted.name in MODELS]
    if all(fitted.name != ENSEMBLE for fitted in at_work):
        kept = desk.bench.kept(shadow.champion_id(desk.store), panel.sessions[at])
        at_work = [kept, *at_work] if kept is not None else at_work
    yield from at_work
    if all(fitted.name != HarT.name for fitted in at_work):
        on_step(Step("fit", f"fitting HAR-t to {panel.sessions[at - 1]}", None))
        yield create(HarT.name, desk.bench.asked).fit(panel, cut=at - 1)


def _parts(fitted: Fitted, panel: Panel, n: int, at: int, horizon: int) -> Iterator[Part]:
    har, networks = take_apart(fitted, panel, symbol=n, at=at, horizon=horizon)
    weight = halves(fitted).har_weight
    both = [(d, w) for d, w in ((har, weight), (networks, 1.0 - weight)) if d is not None]
    if len(both) == 1:
        yield _part(fitted.name, 1.0, both[0][0])
        return
    own = log_sigma_of(fitted, panel, symbol=n, at=at, horizon=horizon)
    yield _part(fitted.name, 1.0, weighted_decomposition(both, own))
    for name, (parts, share) in zip(("har-t", "networks"), both, strict=True):
        yield _part(name, share, parts)


def _part(name: str, weight: float, parts: Decomposition) -> Part:
    return Part(name, weight, parts.log_sigma, parts.baseline, tuple(parts.blocks.items()), parts.gap)


def _issued(desk: Desk, symbol: Symbol, model: str, session: date, horizon: int) -> tuple[float, float] | None:
    entry = desk.store.ledger.latest([symbol]).get(symbol, {}).get(model)
    if entry is None or entry.forecast.as_of_session != session:
        return None
    row = entry.forecast.log_returns[horizon - 1]
    return row[_LOW], row[_HIGH]
