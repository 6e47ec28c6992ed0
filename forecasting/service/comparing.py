"""Answers how symbols have done since the same moment, and how their returns go together; from stored bars alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

from forecasting.domain.comparison import (
    BASE,
    AskComparison,
    AskCorrelations,
    Comparison,
    Correlations,
    Curve,
    Link,
)
from forecasting.domain.market import Symbol
from forecasting.evaluation.correlation import FloatArray, clustered, link
from forecasting.service.backend import OnStep, Step
from forecasting.service.desk import Desk

LATE = 5
"""Bars by which a history begins later than the window before that is worth a word."""
POINTS = 400
"""A chart has no more columns; what is between is left out of the curves, not out of the correlations."""


def compare(desk: Desk, question: AskComparison, now: datetime, on_step: OnStep) -> Comparison:
    """Rebase the symbols to the first bar that all of them have."""
    keys, symbols, closes = _closes(desk, question.symbols, question.bars)
    missing = tuple(s for s in question.symbols if s not in symbols)
    if not symbols:
        return Comparison((), (), missing, None)
    firsts = [int(np.flatnonzero(np.isfinite(row))[0]) for row in closes]
    start = _first_common(closes, max(firsts))
    if start is None:
        return Comparison((), (), (*missing, *symbols), None)
    keys, closes = keys[start:], closes[:, start:]
    logs = np.log(closes)
    shown = _thinned(len(keys))
    curves = []
    for i, symbol in enumerate(symbols):
        on_step(Step("compare", symbol, i / len(symbols)))
        values = closes[i] / closes[i, 0] * BASE
        thin = tuple(float(v) if np.isfinite(v) else None for v in values[shown])
        curves.append(Curve(symbol, thin, float(values[np.isfinite(values)][-1]), link(logs[0], logs[i])))
    shortest = symbols[firsts.index(max(firsts))] if max(firsts) > LATE else None
    return Comparison(tuple(keys[i].isoformat() for i in shown), tuple(curves), missing, shortest)


def correlate(desk: Desk, question: AskCorrelations, now: datetime, on_step: OnStep) -> Correlations:
    """Correlate each pair of the symbols over the bars both have."""
    _, symbols, closes = _closes(desk, question.symbols, question.bars)
    logs = np.log(closes)
    links: list[tuple[Link, ...]] = []
    for i in range(len(symbols)):
        on_step(Step("correlate", symbols[i], i / len(symbols)))
        links.append(tuple(link(logs[i], logs[j]) for j in range(i)))
    missing = tuple(s for s in question.symbols if s not in symbols)
    return Correlations(tuple(symbols), tuple(links), clustered(tuple(links)), missing)


def _closes(desk: Desk, symbols: Sequence[Symbol], bars: int) -> tuple[list[date], list[Symbol], FloatArray]:
    """Bars any symbol has, ascending; the symbols with any; their adjusted closes (symbol, bar), NaN where none is.

    The window is the newest `bars` of the first symbol that has any, so that one which trades at weekends does not
    shorten it for the others.
    """
    found = {symbol: desk.store.market.adjusted_closes(symbol) for symbol in dict.fromkeys(symbols)}
    own = next((list(closes) for closes in found.values() if closes), [])
    since = own[-bars - 1] if 0 < bars < len(own) else None
    kept = {s: {k: c for k, c in closes.items() if since is None or k >= since} for s, closes in found.items()}
    known = [symbol for symbol, closes in kept.items() if closes]
    keys = sorted({key for symbol in known for key in kept[symbol]})
    place = {key: i for i, key in enumerate(keys)}
    matrix = np.full((len(known), len(keys)), np.nan)
    for i, symbol in enumerate(known):
        for key, close in kept[symbol].items():
            matrix[i, place[key]] = close
    return keys, known, matrix


def _first_common(closes: FloatArray, start: int) -> int | None:
    whole = np.flatnonzero(np.isfinite(closes[:, start:]).all(axis=0))
    return start + int(whole[0]) if len(whole) else None


def _thinned(count: int) -> list[int]:
    """Places of at most `POINTS` bars, the first and the newest among them."""
    if count <= POINTS:
        return list(range(count))
    return sorted({round(i * (count - 1) / (POINTS - 1)) for i in range(POINTS)})
