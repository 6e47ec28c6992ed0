"""What a person has chosen in the backtest view, what has been answered, and what is under way. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace

from forecasting.domain.backtest import (
    COSTS_BP,
    DEFAULT_COST_BP,
    WALKED,
    Account,
    AskBacktest,
    BacktestReport,
    Forecasts,
    StrategyRun,
)
from forecasting.domain.market import Symbol
from forecasting.domain.time_left import Marks, marked, seconds_left

SPANS: tuple[tuple[str, int | None], ...] = (
    ("3mo", 63), ("6mo", 126), ("1y", 252), ("2y", 504), ("5y", 1260), ("max", None),
)
FOLLOWED: tuple[tuple[str, Forecasts, str | None], ...] = (
    ("recorded forecasts", Forecasts.RECORDED, None),
    *((f"{model} fitted anew", Forecasts.WALKED, model) for model in WALKED),
)
Choice = tuple[bool, str, int, int]
"""Whether it is a whole list, whose name it is, span, whose forecasts: what a person has chosen to look at.

A list goes by its name: who is on a smart list may change with every tick, and that is nobody's wish for another run.
"""

KEPT = 12
"""Answers that are kept, so that going back to one is not another run."""


@dataclass(frozen=True, slots=True)
class Running:
    """How far the run under way is."""

    message: str
    fraction: float | None = None
    eta_s: float | None = None
    marks: Marks = ()      # how far it was when, for the ETA

    def heard(self, message: str, fraction: float | None, at: float) -> Running:
        """The same, one step on, at `at` seconds."""
        if fraction is None:
            return replace(self, message=message, fraction=None, eta_s=None)
        marks = marked(self.marks, fraction, at)
        return Running(message, fraction, seconds_left(marks), marks)


@dataclass(frozen=True, slots=True)
class Backtesting:
    """All that the view shows."""

    symbol: Symbol | None = None               # under the cursor
    listed: tuple[Symbol, ...] = ()            # on the list
    list_name: str = ""
    watched: tuple[Symbol, ...] = ()           # on any list: what models learn from
    whole_list: bool = False
    span: int = 2                              # of SPANS
    followed: int = 0                          # of FOLLOWED
    cost: int = COSTS_BP.index(DEFAULT_COST_BP)
    strategy: int = 0                          # of a report's strategies
    asked: Choice | None = None                # of the newest run
    running: Running | None = None             # its run, while it is under way
    problem: str | None = None                 # why it was not answered
    kept: tuple[tuple[Choice, BacktestReport], ...] = ()

    @property
    def choice(self) -> Choice:
        """What is to be looked at."""
        name = self.list_name if self.whole_list else str(self.symbol)
        return self.whole_list, name, self.span, self.followed

    @property
    def question(self) -> AskBacktest | None:
        """What the choice asks for; None where there is nothing to trade."""
        symbols = self.listed if self.whole_list else (self.symbol,) if self.symbol is not None else ()
        _, source, model = FOLLOWED[self.followed]
        learn_from = self.watched if source is Forecasts.WALKED else ()
        return AskBacktest(symbols, learn_from, source, model, SPANS[self.span][1]) if symbols else None

    @property
    def report(self) -> BacktestReport | None:
        """The answer to the choice, if there is one."""
        return next((report for asked, report in reversed(self.kept) if asked == self.choice), None)

    @property
    def shown(self) -> tuple[BacktestReport, StrategyRun, Account, Account] | None:
        """The report, the strategy, its account at the cost, and buy-and-hold's."""
        if (report := self.report) is None:
            return None
        run = report.strategies[self.strategy % len(report.strategies)]
        return report, run, run.accounts[self.cost], report.hold.accounts[self.cost]

    @property
    def subject(self) -> str:
        """Whose account it is."""
        if not self.whole_list:
            return str(self.symbol or "no symbol")
        report = self.report
        return f"{self.list_name} ({len(self.listed if report is None else report.symbols)} symbols)"

    @property
    def wants_run(self) -> bool:
        """Whether the choice is to be answered without being asked: what takes minutes is begun by the person alone."""
        quick = self.question is not None and self.question.source is Forecasts.RECORDED
        busy = self.running is not None and self.asked is not None and FOLLOWED[self.asked[3]][1] is Forecasts.WALKED
        return quick and not busy and self.choice != self.asked and self.report is None

    def dearer(self, steps: int) -> Backtesting:
        """With another cost, stopping at the ends."""
        return replace(self, cost=max(0, min(self.cost + steps, len(COSTS_BP) - 1)))

    def longer(self, steps: int) -> Backtesting:
        """With another span, stopping at the ends."""
        return replace(self, span=max(0, min(self.span + steps, len(SPANS) - 1)))

    def following_others(self) -> Backtesting:
        """With the next kind of forecasts, round and round."""
        return replace(self, followed=(self.followed + 1) % len(FOLLOWED))

    def begun(self, choice: Choice) -> Backtesting:
        """With a run that has been asked for."""
        return replace(self, asked=choice, running=Running("waiting for the worker"), problem=None)

    def answered(self, choice: Choice, report: BacktestReport) -> Backtesting:
        """With an answer more; its run has ended if it was the newest."""
        kept = (*(pair for pair in self.kept if pair[0] != choice), (choice, report))[-KEPT:]
        mine = choice == self.asked
        return replace(self, kept=kept, running=None if mine else self.running, problem=None if mine else self.problem)
