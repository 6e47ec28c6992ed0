"""Backtest: what following a strategy would have earned, beside holding the same symbols.

Curves first, then what may be said of them, then the figures; on a small terminal the rest is a scroll away.
"""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize
from textual.widgets import Static

from forecasting.domain.backtest import COSTS_BP, Forecasts
from tui.backtesting import Backtesting
from tui.charts.axis import TimeAxis
from tui.charts.backtest import account_charts
from tui.screens.view import Scene, View
from tui.widgets.backtest_text import (
    FIGURES_WIDTH,
    SMALL_PRINT,
    figures_table,
    problem_table,
    provenance,
    short_name,
    strategies_table,
    title,
    under_way,
    verdict,
)
from tui.widgets.chart_pane import ChartPane

SIDE_BY_SIDE, BESIDE, TABLES = 116, 168, 88
"""Cells from which the tables stand beside each other, and beside the curves; their width there."""


class BacktestView(View):
    """One account's curves and figures, and all strategies."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """Title and state, curves, tables."""
        yield Static(id="backtest-head", markup=False)
        yield Static(id="backtest-problem", markup=False)
        with Container(id="backtest-body"):
            with Container(id="backtest-curves"):
                yield ChartPane(id="equity")
                yield ChartPane(id="drawdown")
            with Container(id="backtest-tables"):
                yield Static(id="backtest-verdict", markup=False)
                with Container(id="backtest-columns"):
                    yield Static(id="backtest-figures", markup=False)
                    yield Static(id="backtest-strategies", markup=False)
                yield Static(id="small-print", markup=False)

    def on_resize(self, event: Resize) -> None:
        """Put the tables beside the curves where there is room."""
        width = event.size.width - 2
        self.set_class(width >= BESIDE, "-beside")
        self.set_class(SIDE_BY_SIDE <= width < BESIDE, "-side-by-side")

    def show(self, scene: Scene) -> None:
        """Show the choice and its answer, or what is in the way of one."""
        state = scene.backtest
        if state is None:
            return
        facts = (state, scene.palette, scene.glyphs, self.size.width)
        if facts == self._shown:
            return
        self._shown = facts
        self._show_head(state, scene)
        self._show_curves(state, scene)
        self._show_tables(state, scene)

    def _show_head(self, state: Backtesting, scene: Scene) -> None:
        palette = scene.palette
        idle = state.running is None and state.choice == state.asked
        problem = state.problem or "" if idle else ""
        if state.running is not None:
            second = under_way(state.running, palette, scene.glyphs, self.room)
        elif problem:
            second = Text("not run", f"bold {palette.error}")
        elif state.shown is not None:
            second = provenance(state.shown[0], palette, self.room)
        else:
            second = Text(_next_step(state), palette.warning)
        head = Text("\n").join([title(state, palette, self.room), second])
        self.query_one("#backtest-head", Static).update(head)
        told = self.query_one("#backtest-problem", Static)
        told.display = bool(problem)
        told.update(problem_table(problem, palette))

    def _show_curves(self, state: Backtesting, scene: Scene) -> None:
        panes = [self.query_one(name, ChartPane) for name in ("#equity", "#drawdown")]
        self.query_one("#backtest-curves").display = state.shown is not None
        if (shown := state.shown) is None:
            for pane in panes:
                pane.show(None, scene.palette, scene.glyphs)
            return
        report, run, own, held = shown
        note = f"at {COSTS_BP[state.cost]:g} bp a side"
        equity, drawdown = account_charts(short_name(run, report), note, TimeAxis(report.days), own, held)
        panes[0].show(equity, scene.palette, scene.glyphs)
        panes[1].show(drawdown, scene.palette, scene.glyphs)

    def _show_tables(self, state: Backtesting, scene: Scene) -> None:
        palette, shown = scene.palette, state.shown
        self.query_one("#small-print", Static).update(Text(SMALL_PRINT, palette.muted))
        for name in ("#backtest-verdict", "#backtest-columns"):
            self.query_one(name).display = shown is not None
        if shown is None:
            return
        report, run, own, _ = shown
        width = self.size.width - 2
        rest = TABLES if width >= BESIDE else width - FIGURES_WIDTH - 4 if width >= SIDE_BY_SIDE else width
        self.query_one("#backtest-verdict", Static).update(verdict(report, run, own, palette))
        self.query_one("#backtest-figures", Static).update(figures_table(state, palette, width))
        self.query_one("#backtest-strategies", Static).update(strategies_table(state, palette, scene.glyphs, rest))


def _next_step(state: Backtesting) -> str:
    """What to press where nothing has been asked."""
    question = state.question
    if question is None:
        return "no symbol to trade; a adds one"
    if question.source is Forecasts.WALKED:
        return f"Enter fits {question.model} anew, walk-forward; each fit is a trial. f goes back to recorded ones"
    return "Enter runs it"
