"""Answers about symbols beside each other, from the fake engine's bars."""

from __future__ import annotations

import math
from datetime import date

from forecasting.domain.comparison import (
    AskComparison,
    AskCorrelations,
    Comparison,
    Correlations,
    Curve,
    Link,
)
from tests.support.fake_engine import FakeEngine, bars


def made_link(one: str, other: str) -> Link:
    """Round figures that differ from pair to pair."""
    r = 1.0 if one == other else round(math.sin(sum(map(ord, one + other))) * 0.9, 2)
    return Link(r, max(-1.0, r - 0.12), min(1.0, r + 0.12), 251)


def answer_comparisons(engine: FakeEngine) -> None:
    """Let `engine` answer both questions."""
    def compare(question: AskComparison, on_step: object) -> Comparison:
        series = {s: bars(s)[-(question.bars or 300) :] for s in question.symbols if s != "BADSYM"}
        days: tuple[date, ...] = tuple(bar.session for bar in next(iter(series.values())))
        first = question.symbols[0]
        curves = tuple(
            Curve(s, tuple(b.close / own[0].close * 100.0 for b in own), own[-1].close / own[0].close * 100.0,
                  made_link(first, s))
            for s, own in series.items()
        )
        missing = tuple(s for s in question.symbols if s not in series)
        return Comparison(tuple(day.isoformat() for day in days), curves, missing, None)

    def correlate(question: AskCorrelations, on_step: object) -> Correlations:
        symbols = tuple(s for s in question.symbols if s != "BADSYM")
        links = tuple(tuple(made_link(s, other) for other in symbols[:i]) for i, s in enumerate(symbols))
        missing = tuple(s for s in question.symbols if s not in symbols)
        return Correlations(symbols, links, tuple(reversed(range(len(symbols)))), missing)

    engine.answers[AskComparison] = compare
    engine.answers[AskCorrelations] = correlate
