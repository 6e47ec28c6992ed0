"""The table of what the screen may ask of the worker: one entry makes a question.

A handler is a function of (desk, question, now, on_step) that returns the answer. It is named, not imported: the screen
reads this table too. It runs in the worker beside ticks and long jobs, one question after the other but for those
that take long; it should say a step at least every second or two, since a question that was taken back ends where its
handler says the next one.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecasting.domain.backtest import AskBacktest, BacktestReport
from forecasting.domain.comparison import AskComparison, AskCorrelations, Comparison, Correlations
from forecasting.domain.question import Question
from forecasting.domain.search import AskMatches, Matches
from forecasting.service import wire
from forecasting.service.accuracy import Accuracy, AskAccuracy
from forecasting.service.charting import AskChart, AskChosen, ChartAnswer, Chosen
from forecasting.service.model_board import AskBand, AskModels, Band, ModelBoard

if TYPE_CHECKING:
    from forecasting.service.backend import OnStep
    from forecasting.service.local import LocalBackend


@dataclass(frozen=True, slots=True)
class Entry:
    """One question that may be asked."""

    name: str                        # for messages; also its topic: the newest question of a topic replaces the older
    question: type[Question[Any]]    # frozen dataclasses, these two; they cross the pipe as JSON
    answer: type[Any]
    handler: str                     # "package.module:function"
    deadline_s: float = 60.0         # from asking to the answer, waiting included
    long: bool = False               # may take minutes: runs beside the others, whose deadlines could not wait for it


QUESTIONS: tuple[Entry, ...] = (
    Entry("backtest", AskBacktest, BacktestReport, "forecasting.service.backtest_answer:answer", deadline_s=7200.0,
          long=True),
    Entry("accuracy", AskAccuracy, Accuracy, "forecasting.service.scoring:answer_accuracy"),
    Entry("models", AskModels, ModelBoard, "forecasting.service.model_answers:answer_models"),
    Entry("band", AskBand, Band, "forecasting.service.band:answer_band"),
    Entry("chart", AskChart, ChartAnswer, "forecasting.service.chart_answers:answer_chart"),
    Entry("chosen-indicators", AskChosen, Chosen, "forecasting.service.chart_answers:answer_chosen"),
    Entry("matches", AskMatches, Matches, "forecasting.service.finding:find", deadline_s=20.0),
    Entry("comparison", AskComparison, Comparison, "forecasting.service.comparing:compare"),
    Entry("correlations", AskCorrelations, Correlations, "forecasting.service.comparing:correlate"),
)


def entry_of(kind: type[Question[Any]], table: Sequence[Entry] = QUESTIONS) -> Entry:
    """The entry of a type of question.

    Raises:
        LookupError: If it has none.
    """
    return _only((entry for entry in table if entry.question is kind), kind.__name__)


def answer(backend: LocalBackend, asked: wire.AskArgs, on_step: OnStep) -> object:
    """Have a question answered by its handler.

    Raises:
        TapecastError: If the handler cannot answer it.
    """
    entry = _only((entry for entry in QUESTIONS if entry.name == asked.name), asked.name)
    backend.move_on(asked.now)
    handler = pkgutil.resolve_name(entry.handler)
    return handler(backend.desk, wire.unpack(entry.question, asked.question), asked.now, on_step)


def _only(found: Iterator[Entry], wanted: str) -> Entry:
    for entry in found:
        return entry
    raise LookupError(f"{wanted} is no question: forecasting.service.questions has no entry for it")
