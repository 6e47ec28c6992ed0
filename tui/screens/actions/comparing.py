"""Keys that set the list's symbols beside each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.errors import QuestionWithdrawn, TapecastError
from tui.screens.stage import Stage

A = TypeVar("A")


class ComparingActions(Stage):
    """Comparison and correlation of the rows on screen, the selected one first."""

    def action_compare(self) -> None:
        """One chart of all."""
        from tui.dialogs.compare import Compare

        if (symbols := self._beside()) is not None:
            self.app.push_screen(Compare(symbols, partial(self._inquire, "compare"), self.glyphs))

    def action_correlations(self) -> None:
        """Each pair."""
        from tui.dialogs.correlations import CorrelationMatrix

        if (symbols := self._beside()) is not None:
            self.app.push_screen(CorrelationMatrix(symbols, partial(self._inquire, "correlations")))

    def _beside(self) -> tuple[Symbol, ...] | None:
        """The rows' symbols; None, and a word about it, where there are fewer than two."""
        chosen, rows = self.place.symbol, [row.symbol for row in self.place.rows()]
        if len(rows) < 2 or chosen is None:
            self.tell("two symbols at least are needed to compare; a adds one")
            return None
        return (chosen, *(symbol for symbol in rows if symbol != chosen))

    def _inquire(
        self, topic: str, question: Question[A], then: Callable[[A], None], failed: Callable[[TapecastError], None]
    ) -> None:
        engine = self.engine

        def unless_withdrawn(error: TapecastError) -> None:
            if not isinstance(error, QuestionWithdrawn):      # a newer one is on its way
                failed(error)

        self.fetch(topic, lambda: engine.inquire(question, lambda step: None), then, unless_withdrawn)
