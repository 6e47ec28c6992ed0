"""Keys that concern backtests: what is run, on what, at which cost."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from textual.timer import Timer

from forecasting.errors import QuestionWithdrawn, TapecastError
from tui.messages import Fetched
from tui.screens.stage import Stage
from tui.screens.view import Scene

if TYPE_CHECKING:
    from forecasting.domain.backtest import BacktestReport
    from forecasting.service.backend import Step
    from tui.backtesting import Backtesting, Choice

REST_S = 0.3
"""Seconds a choice has to rest before it is run: whoever passes over ten symbols has not tried ten."""


class BacktestActions(Stage):
    """Runs what the view shows, and keeps the answers."""

    _choice_rests: Timer | None = None

    @cached_property
    def _backtesting(self) -> Backtesting:
        from tui.backtesting import Backtesting  # 5 ms that the first paint need not wait for

        return Backtesting()

    def scene(self) -> Scene:
        """With the backtest's state, where its view is on screen."""
        scene = super().scene()
        if self.view_name != "backtest":
            return scene
        place = self.place
        self._backtesting = replace(
            self._backtesting, symbol=scene.symbol, listed=place.group.symbols if place.group else (),
            list_name=place.group_name, watched=tuple(row.symbol for row in place.snapshot.rows),
        )
        return replace(scene, backtest=self._backtesting)

    def show(self) -> None:
        """Run a choice that is quick to run once it has rested."""
        super().show()
        if self.view_name == "backtest" and self._backtesting.wants_run and self._choice_rests is None:
            self._choice_rests = self.set_timer(REST_S, partial(self._backtest_rested, self._backtesting.choice))

    def _backtest_rested(self, choice: Choice) -> None:
        self._choice_rests = None
        if self.view_name != "backtest" or not self._backtesting.wants_run:
            return
        if choice == self._backtesting.choice:
            self.action_run_backtest()
        else:
            self.show()

    def action_run_backtest(self) -> None:
        """Run the choice, anew if it has been run."""
        question, choice, engine = self._backtesting.question, self._backtesting.choice, self.engine
        if question is None:
            self.tell("no symbol to trade; a adds one")
            return
        engine.withdraw(type(question))      # one run at a time; the older would be waited for
        self._show_backtesting(self._backtesting.begun(choice))
        self.fetch(
            "backtest", lambda: engine.inquire(question, partial(self._backtest_stepped, choice)),
            partial(self._backtest_came, choice), partial(self._no_backtest, choice),
        )

    def action_cancel_backtest(self) -> None:
        """Take back what is being run."""
        from forecasting.domain.backtest import AskBacktest

        if self._backtesting.running is None:
            self.tell("nothing is being run")
            return
        self.engine.withdraw(AskBacktest)

    def action_backtest_cost(self, steps: int) -> None:
        """A dearer or cheaper trade; the curves follow at once."""
        self._show_backtesting(self._backtesting.dearer(steps))

    def action_backtest_strategy(self, steps: int) -> None:
        """Another strategy of the same run."""
        if (report := self._backtesting.report) is not None:
            self._change_backtest(strategy=(self._backtesting.strategy + steps) % len(report.strategies))

    def action_backtest_span(self, steps: int) -> None:
        """A longer or shorter span."""
        self._show_backtesting(self._backtesting.longer(steps))

    def action_backtest_subject(self) -> None:
        """The symbol under the cursor, or the whole list."""
        self._change_backtest(whole_list=not self._backtesting.whole_list)

    def action_backtest_followed(self) -> None:
        """Recorded forecasts, or those of a model fitted anew."""
        self._show_backtesting(self._backtesting.following_others())

    def _change_backtest(self, **changes: object) -> None:
        self._show_backtesting(replace(self._backtesting, **changes))  # type: ignore[arg-type]

    def _show_backtesting(self, backtesting: Backtesting) -> None:
        self._backtesting = backtesting
        self.show()

    def _backtest_stepped(self, choice: Choice, step: Step) -> None:
        """In the asking thread."""
        self.app.post_message(Fetched(partial(self._backtest_heard, choice, step)))

    def _backtest_heard(self, choice: Choice, step: Step) -> None:
        running = self._backtesting.running
        if running is not None and choice == self._backtesting.asked:
            heard = running.heard(step.message, step.fraction, self._monotonic())
            self._backtesting = replace(self._backtesting, running=heard)
            if self.view_name == "backtest":
                self.view.show(self.scene())

    def _backtest_came(self, choice: Choice, report: BacktestReport) -> None:
        self._show_backtesting(self._backtesting.answered(choice, report))

    def _no_backtest(self, choice: Choice, error: TapecastError) -> None:
        if choice == self._backtesting.asked:
            taken_back = isinstance(error, QuestionWithdrawn)
            self._change_backtest(running=None, problem="taken back; Enter runs it" if taken_back else str(error))
