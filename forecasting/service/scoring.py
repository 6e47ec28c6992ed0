"""Answers how good past forecasts were, from the ledger's settled rows. Runs in the worker process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np

from forecasting.data.store.ledger import Ledger
from forecasting.domain.forecast import BASELINE, LEVELS, MODELS, Outcome
from forecasting.domain.market import Symbol
from forecasting.evaluation.scorecard import BANDS, Rows, rolled, scorecard, window_days
from forecasting.service.accuracy import Accuracy, AskAccuracy, ModelAccuracy, PastForecast
from forecasting.service.backend import OnStep, Step
from forecasting.service.desk import Desk

PAST = 60
"""Past forecasts shown of each model."""

Said = Sequence[tuple[Outcome, tuple[float, ...]]]


def answer_accuracy(desk: Desk, question: AskAccuracy, now: datetime, on_step: OnStep) -> Accuracy:
    """The worker's answer."""
    return accuracy(desk.store.ledger, question, on_step)


def accuracy(ledger: Ledger, question: AskAccuracy, on_step: OnStep) -> Accuracy:
    """Every model's record as the ledger has it; of the baseline's too, against itself."""
    watched = {question.symbol} if question.symbol is not None else set(question.symbols)
    theirs = _said(ledger, BASELINE, question, watched)
    baseline = rows_of(theirs)
    losses = {(o.symbol, o.as_of_session): o.crps for o, _ in theirs}
    found: list[ModelAccuracy] = []
    for place, model in enumerate(MODELS):
        on_step(Step("accuracy", f"scoring {model}", place / len(MODELS)))
        said = theirs if model == BASELINE else _said(ledger, model, question, watched)
        rows = rows_of(said)
        card = scorecard(model, rows, baseline, horizon=question.horizon)
        if card is not None:
            points = rolled(rows, baseline, horizon=question.horizon)
            found.append(ModelAccuracy(card, points, window_days(question.horizon), _past(said, losses)))
    symbols = {o.symbol for o, _ in theirs}
    return Accuracy(question.symbol, question.horizon, question.origin, len(symbols), tuple(found))


def _said(ledger: Ledger, model: str, question: AskAccuracy, watched: set[Symbol]) -> Said:
    rows = ledger.said(model, question.horizon, question.origin, question.symbol)
    # An older version's levels may have been others; figures over two grids cannot be compared.
    return [(o, quantiles) for o, quantiles in rows if o.symbol in watched and len(quantiles) == len(LEVELS)]


def rows_of(said: Said) -> Rows:
    """The ledger's rows as arrays."""
    outcomes = [outcome for outcome, _ in said]
    return Rows(
        symbols=tuple(o.symbol for o in outcomes),
        days=tuple(o.as_of_session for o in outcomes),
        targets=tuple(o.target_session for o in outcomes),
        actual=np.array([o.actual for o in outcomes], dtype=float),
        quantiles=np.array([q for _, q in said], dtype=float).reshape(len(said), len(LEVELS)),
        p_up=np.array([o.p_up for o in outcomes], dtype=float),
    )


def _past(said: Said, losses: Mapping[tuple[Symbol, date], float]) -> tuple[PastForecast, ...]:
    newest = sorted(said, key=lambda row: (row[0].target_session, row[0].symbol))[-PAST:]
    return tuple(
        PastForecast(
            o.symbol, o.as_of_session, o.target_session, tuple(_band(quantiles, share) for share in reversed(BANDS)),
            o.median, o.p_up, o.actual, o.crps, losses.get((o.symbol, o.as_of_session)),
        )
        for o, quantiles in newest
    )


def _band(quantiles: Sequence[float], share: float) -> tuple[float, float]:
    low, high = (LEVELS.index(round((1.0 + side * share) / 2.0, 4)) for side in (-1.0, 1.0))
    return quantiles[low], quantiles[high]
