"""Keys that concern the accuracy view, and reading what it shows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from forecasting.domain.forecast import Origin, TrackRecord
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SymbolDetail
from forecasting.errors import TapecastError
from forecasting.frozen import dataclass
from tui.screens.angle import Angle, Reading, fuller_origin
from tui.screens.stage import Stage
from tui.screens.view import Scene

if TYPE_CHECKING:
    from forecasting.service.accuracy import Accuracy, AskAccuracy

    Asked = tuple[AskAccuracy, tuple[TrackRecord, ...]]
    """A question, and the records at the time: they change with every settlement, and so would the answer."""

KEPT = 24
"""Answers kept, so that going back to one shows it at once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question; it may be a problem."""

    asked: Asked
    accuracy: Accuracy | None
    problem: str | None


class AccuracyActions(Stage):
    """From where past forecasts are looked at; the worker is asked as soon as the view is on screen."""

    _angle = Angle()
    _accuracy_asked: Asked | None = None       # whose answer is on the way
    _answers: tuple[Answer, ...] = ()          # newest last

    def scene(self) -> Scene:
        """All that a view may show, with what has been read for this one."""
        scene = super().scene()
        if self.view_name != "accuracy":
            return scene
        question = self._accuracy_question()
        known = self._answer_to(question)
        accuracy, problem = (known.accuracy, known.problem) if known is not None else (None, None)
        row = scene.row
        model = self._angle.model or (row.model if row is not None else None) or scene.snapshot.model
        return replace(scene, reading=Reading(question, accuracy, problem, model))

    def show(self) -> None:
        """Paint, and ask for what is not known yet."""
        super().show()
        self._want_accuracy()

    def show_detail(self, symbol: Symbol, detail: SymbolDetail | None) -> None:
        """Take a symbol's detail; its records tell which origin has more to say."""
        super().show_detail(symbol, detail)
        self._want_accuracy()

    def _accuracy_question(self) -> AskAccuracy:
        from forecasting.service.accuracy import AskAccuracy  # 9 ms that the first paint need not wait for

        angle, snapshot = self._angle, self.place.snapshot
        symbol = None if angle.whole else self.place.symbol
        records = snapshot.records
        if symbol is not None and self.detail is not None and self.detail.symbol == symbol:
            records = self.detail.records
        return AskAccuracy(
            tuple(row.symbol for row in snapshot.rows), symbol, angle.horizon,
            angle.origin or fuller_origin(records, angle.horizon),
        )

    def _answer_to(self, question: AskAccuracy) -> Answer | None:
        return next((answer for answer in self._answers if answer.asked[0] == question), None)

    def _want_accuracy(self) -> None:
        """Ask the worker, unless its answer is known or on the way."""
        if not self.is_up or self.view_name != "accuracy":
            return
        asked: Asked = (self._accuracy_question(), self.place.snapshot.records)
        known = self._answer_to(asked[0])
        on_the_way = self._accuracy_asked is not None and self._accuracy_asked[0] == asked[0]
        if on_the_way or (known is not None and known.asked == asked):
            return
        if self._accuracy_asked is not None:
            self.engine.withdraw(type(asked[0]))
        self._accuracy_asked = asked
        engine = self.engine
        self.fetch(
            "accuracy", lambda: engine.inquire(asked[0], lambda step: None), partial(self._accuracy_came, asked),
            partial(self._accuracy_missed, asked),
        )

    def _accuracy_came(self, asked: Asked, accuracy: Accuracy) -> None:
        self._keep_accuracy(asked, accuracy, None)

    def _accuracy_missed(self, asked: Asked, error: TapecastError) -> None:
        if self._accuracy_asked == asked:
            self._keep_accuracy(asked, None, str(error))

    def _keep_accuracy(self, asked: Asked, accuracy: Accuracy | None, problem: str | None) -> None:
        if self._accuracy_asked == asked:
            self._accuracy_asked = None
        others = tuple(answer for answer in self._answers if answer.asked[0] != asked[0])
        self._answers = (*others, Answer(asked, accuracy, problem))[-KEPT:]
        if self.view_name == "accuracy":
            self.show()

    # -- keys ------------------------------------------------------------------------------------------------------

    def _look_from(self, angle: Angle) -> None:
        self._angle = angle
        self.show()

    def action_horizon(self, steps: int) -> None:
        """Forecasts further ahead, or less far."""
        self._look_from(self._angle.further(steps))

    def action_scope(self) -> None:
        """The selected symbol, or all."""
        self._look_from(replace(self._angle, whole=not self._angle.whole))

    def action_origin(self) -> None:
        """Live forecasts, or backfill; never added up."""
        live = self._accuracy_question().origin is Origin.LIVE
        self._look_from(replace(self._angle, origin=Origin.BACKFILL if live else Origin.LIVE))

    def action_forecaster(self) -> None:
        """The next model, round and round."""
        reading = self.scene().reading
        if reading is not None and reading.accuracy is not None and reading.shown is not None:
            names = [m.card.model for m in reading.accuracy.models]
            at = names.index(reading.shown.card.model)
            self._look_from(replace(self._angle, model=names[(at + 1) % len(names)]))
