"""Keys that concern charts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from forecasting.errors import TapecastError
from tui.screens.stage import Stage

if TYPE_CHECKING:
    from forecasting.service.charting import AskChart, ChartAnswer, Chosen
    from tui.screens.chart import ChartView


class ChartActions(Stage):
    """What charts show, and of how long a time."""

    _chosen_read = False      # whether the indicators chosen in an earlier run have been asked for

    @property
    def _chart(self) -> ChartView:
        """The view on screen; keys that need it apply there alone."""
        return cast("ChartView", self.view)

    def action_timeframe(self, steps: int) -> None:
        """A longer or shorter timeframe."""
        self.options = self.options.longer(steps)
        self.show()

    def action_toggle_option(self, option: str) -> None:
        """Turn one of the charts' switches."""
        self.options = self.options.toggled(option)
        self.show()

    def action_past_forecasts(self) -> None:
        """Forecasts that were made so long before, or none."""
        self.options = self.options.next_past()
        self.show()

    def action_zoom(self, steps: int) -> None:
        """Closer, or farther."""
        self._chart.zoom(steps)

    def action_pan(self, steps: int) -> None:
        """Later bars, or earlier ones."""
        self._chart.pan(steps)

    def action_page_sideways(self, pages: int) -> None:
        """The readout a page of bars on, or back."""
        self._chart.page_sideways(pages)

    def action_further_indicators(self) -> None:
        """Choose among further indicators; the choice is kept for the next run."""
        from tui.dialogs.indicators import ChooseIndicators

        self.app.push_screen(ChooseIndicators(self.options.extra, self.glyphs), self._choose_indicators)

    def _choose_indicators(self, keys: tuple[str, ...] | None) -> None:
        if keys is None or keys == self.options.extra:
            return
        from forecasting.service.charting import AskChosen

        engine = self.engine
        self.options = replace(self.options, extra=keys)
        self.show()
        self.fetch("chosen", lambda: engine.inquire(AskChosen(keys), _silently), lambda kept: None, self._not_kept)

    def _not_kept(self, error: TapecastError) -> None:
        self.refused(f"the choice holds for this run only: {error}")

    def on_chart_view_opened(self) -> None:
        """Take up the indicators that were chosen in an earlier run, once."""
        if self._chosen_read:
            return
        from forecasting.service.charting import AskChosen

        engine, self._chosen_read = self.engine, True
        self.fetch("chosen", lambda: engine.inquire(AskChosen(), _silently), self._recalled, lambda error: None)

    def _recalled(self, kept: Chosen) -> None:
        if kept.indicators and not self.options.extra:
            self.options = replace(self.options, extra=kept.indicators)
            self.show()

    def on_chart_view_lacking(self, message: ChartView.Lacking) -> None:
        """Ask the worker for what the chart lacks; the rest is on screen meanwhile."""
        engine, question = self.engine, message.question
        self.fetch(
            "chart", lambda: engine.inquire(question, _silently), lambda answer: self._take(question, answer),
            lambda error: self._without(question, error),
        )

    def _take(self, question: AskChart, answer: ChartAnswer) -> None:
        from tui.charts.beyond import beyond_of

        if self.detail is not None and self.detail.symbol == question.symbol == self.place.symbol:
            self.beyond = beyond_of(answer, self.detail.instrument)
            self.view.show(self.scene())

    def _without(self, question: AskChart, error: TapecastError) -> None:
        from forecasting.errors import QuestionWithdrawn
        from tui.charts.beyond import Beyond

        if not isinstance(error, QuestionWithdrawn) and question.symbol == self.place.symbol:
            self.beyond = Beyond(question.symbol, note=str(error))
            self.view.show(self.scene())


def _silently(step: object) -> None:
    """Nobody waits for it: the chart is on screen."""
