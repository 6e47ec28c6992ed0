"""The backtest view: what is run when, what follows the keys at once, and what is said of the result."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import Static

from forecasting.domain.backtest import COSTS_BP, AskBacktest, BacktestReport, Forecasts, StrategyRun
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import NotEnoughHistory, QuestionWithdrawn
from forecasting.service.backend import OnStep, Step
from tests.support.backtests import answering, failing, never_traded, report
from tests.support.fake_engine import CORE
from tests.support.tui import COLOURS, fake, main_screen, make_app, press, settle
from tests.support.waiting import PATIENCE_S, soon
from tui.app import TapecastApp
from tui.backtesting import Backtesting, Running
from tui.screens.actions import backtest as actions
from tui.widgets.backtest_text import problem_table, verdict

SIZES = [(80, 24), (120, 35), (200, 50)]
SnapCompare = Callable[..., bool]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice need not rest."""
    monkeypatch.setattr(actions, "REST_S", 0.001)


def app_with(answer: Callable[[AskBacktest, OnStep], BacktestReport] = answering) -> TapecastApp:
    app = make_app()
    fake(app).answers[AskBacktest] = answer
    return app


async def keys(pilot: Pilot[None], *names: str) -> None:
    """Press them, each after all that the one before has set going."""
    for name in names:
        await press(pilot, name)
        await settle(pilot)


def asked(app: TapecastApp) -> list[AskBacktest]:
    return [call[1] for call in fake(app).calls if call[0] == "inquire" and isinstance(call[1], AskBacktest)]


def text_of(app: TapecastApp, name: str) -> str:
    lines = main_screen(app).query_one(name, Static).render_lines(main_screen(app).query_one(name).size.region)
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)


async def test_opening_the_view_runs_the_selected_symbols_recorded_forecasts_of_a_year() -> None:
    app = app_with()
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "j", "5")
        assert asked(app) == [AskBacktest((Symbol("AAPL"),), (), Forecasts.RECORDED, None, 252)]
        head = text_of(app, "#backtest-head")
        assert head.startswith("AAPL  ensemble direction long/flat  1y  cost")
        assert "12 live + 240 backfill + 1 without, 2025-03-12 to 2026-02-27, trial 34" in head


async def test_cost_and_strategy_follow_at_once_and_are_no_further_run() -> None:
    app = app_with()
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "5")
        told = []
        for key in ("comma", "full_stop", "full_stop", "s"):
            await keys(pilot, key)
            told.append(text_of(app, "#backtest-figures"))
        assert len(asked(app)) == 1
        assert len(set(told)) == 4
        for text, cost in zip(told, (5, 10, 15, 15), strict=True):
            assert f"cost at {cost} bp" in text
        assert "direction long/short" in told[-1]


async def test_the_cost_stops_at_both_ends() -> None:
    app = app_with()
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "5")
        await press(pilot, *["comma"] * 7)
        assert "[0]" in text_of(app, "#backtest-head")
        await press(pilot, *["full_stop"] * 11)
        assert f"[{COSTS_BP[-1]:g}]" in text_of(app, "#backtest-head")


async def test_another_span_is_another_run_and_going_back_to_the_former_is_not() -> None:
    app = app_with()
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "5", "d", "D", "D", "d", "d")
        assert [question.sessions for question in asked(app)] == [252, 504, 126]


async def test_enter_runs_the_same_again() -> None:
    app = app_with()
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "5", "enter")
        assert len(asked(app)) == 2
        assert len(set(asked(app))) == 1


async def test_the_whole_list_is_one_account_and_names_who_is_missing() -> None:
    app = app_with()
    async with app.run_test(size=(200, 50)) as pilot:
        await keys(pilot, "5", "c")
        assert asked(app)[-1].symbols == CORE
        head = text_of(app, "#backtest-head")
        assert head.startswith("Core (8 symbols)")
        assert "without BADSYM" in head


async def test_a_list_whose_members_change_by_themselves_is_not_run_again() -> None:
    app = app_with()
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "5", "c")
        before = len(asked(app))
        fake(app).groups = (WatchGroup("Core", (Symbol("NVDA"), Symbol("AAPL"))), *fake(app).groups[1:])
        fake(app).push()
        await settle(pilot)
        assert len(asked(app)) == before
        assert text_of(app, "#backtest-head").startswith("Core (8 symbols)")      # those of the run
        await keys(pilot, "enter")
        assert asked(app)[-1].symbols == ("NVDA", "AAPL")


async def test_fits_made_anew_wait_for_enter_and_learn_from_all_that_is_watched() -> None:
    app = app_with()
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "5", "f")
        assert len(asked(app)) == 1
        assert "Enter fits har-t anew" in text_of(app, "#backtest-head")
        await keys(pilot, "enter")
        question = asked(app)[-1]
        assert (question.source, question.model, question.symbols) == (Forecasts.WALKED, "har-t", ("NVDA",))
        assert set(CORE) < set(question.learn_from)
        head = text_of(app, "#backtest-head")
        assert "har-t fitted anew 1 x, walk-forward, 2025-03-12 to 2026-02-27, trial 34" in head


async def test_a_run_shows_how_far_it_is_and_x_takes_it_back() -> None:
    held = threading.Event()

    def slowly(question: AskBacktest, on_step: OnStep) -> BacktestReport:
        on_step(Step("fit", "har-t to 2024-01-02: fitting", 0.25))
        held.wait(PATIENCE_S)
        raise QuestionWithdrawn("backtest: taken back")

    app = app_with(slowly)
    async with app.run_test(size=(120, 35)) as pilot:
        await press(pilot, "5")
        await soon(lambda: "25% har-t to 2024-01-02: fitting  x cancels" in text_of(app, "#backtest-head"))
        await press(pilot, "x")
        assert fake(app).calls[-1] == ("withdraw", AskBacktest)
        held.set()
        await settle(pilot)
        assert "taken back" in text_of(app, "#backtest-problem")


async def test_a_fit_under_way_is_not_given_up_for_a_look_at_another_symbol() -> None:
    held = threading.Event()

    def slowly(question: AskBacktest, on_step: OnStep) -> BacktestReport:
        if question.source is Forecasts.WALKED:
            held.wait(PATIENCE_S)
        return report(question)

    app = app_with(slowly)
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "5", "f")
        await press(pilot, "enter", "n", "f", "f")
        await soon(lambda: len(asked(app)) == 2)
        await pilot.pause(0.05)
        assert len(asked(app)) == 2
        held.set()
        await settle(pilot)


async def test_what_cannot_be_run_says_why() -> None:
    app = app_with(failing(NotEnoughHistory("backtest: no forecasts of ensemble are on record since 2025-01-02")))
    async with app.run_test(size=(120, 35)) as pilot:
        await keys(pilot, "5", "n")
        assert "no forecasts of ensemble are on record" in text_of(app, "#backtest-problem")
        assert not main_screen(app).query_one("#backtest-columns").display
        assert len(asked(app)) == 2       # each choice once; an error is not asked again by itself


async def test_an_engine_without_a_worker_says_so() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await keys(pilot, "5")
        assert "no worker process" in text_of(app, "#backtest-problem")


async def test_place_cause_and_remedy_of_a_run_that_failed_stand_on_lines_of_their_own() -> None:
    error = NotEnoughHistory(
        "NVDA: 43 bars before 2026-03-02, where a fit with a lookback of 60 needs 61; widen history in config.toml"
    )
    app = app_with(failing(error))
    async with app.run_test(size=(60, 24)) as pilot:
        await keys(pilot, "5")
        assert text_of(app, "#backtest-problem").splitlines() == [
            "place   NVDA",
            "cause   43 bars before 2026-03-02, where a fit with a",
            "        lookback of 60 needs 61",
            "remedy  widen history in config.toml",
        ]
        assert "not run" in text_of(app, "#backtest-head")


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("taken back; Enter runs it", ["cause   taken back", "remedy  Enter runs it"]),
        ("the worker died", ["cause  the worker died"]),
        ("store: locked; twice; quit the other", ["place   store", "cause   locked; twice", "remedy  quit the other"]),
    ],
)
def test_what_a_problem_does_not_say_has_no_line(problem: str, told: list[str]) -> None:
    console = Console(width=60, file=StringIO())
    with console.capture() as captured:
        console.print(problem_table(problem, COLOURS))
    assert [line.rstrip() for line in captured.get().splitlines()] == told


async def test_on_a_small_terminal_the_most_important_figures_are_on_screen() -> None:
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await keys(pilot, "5")
        figures = main_screen(app).query_one("#backtest-figures")
        visible = main_screen(app).query_one("#backtest").region.bottom - figures.region.y
        assert visible >= 6
        rows = [line.split("  ")[0] for line in text_of(app, "#backtest-figures").splitlines()]
        assert rows[:6] == ["n=252 sessions", "return", "Sharpe a year", "max drawdown", "up days", "excess a year"]


@pytest.mark.parametrize("size", [(40, 20), (24, 8), (300, 100)])
async def test_any_size_and_any_key_is_taken(size: tuple[int, int]) -> None:
    app = app_with()
    async with app.run_test(size=size) as pilot:
        await keys(pilot, "5")
        await press(pilot, "s", "S", "comma", "c", "f", "enter", "d", "j", "G", "n", "x")
        await settle(pilot)
        assert main_screen(app).view_name == "backtest"


def shown(question: AskBacktest) -> tuple[BacktestReport, StrategyRun]:
    made = report(question)
    return made, made.strategies[0]


QUESTION = AskBacktest((Symbol("NVDA"),), (), Forecasts.RECORDED, None, 252)


def test_doubt_is_said_with_its_reasons() -> None:
    made, run = shown(QUESTION)
    assert verdict(made, run, run.accounts[4], COLOURS).plain == (
        "No skill shown: Sharpe's interval reaches 0; P(Sharpe > 0) is 41% after 34 trials; not shown to beat holding."
    )


def test_only_what_holds_against_luck_trials_and_holding_is_called_more() -> None:
    made, run = shown(QUESTION)
    account = run.accounts[0]
    good = replace(account, excess=0.2, excess_se=0.05,
                   figures=replace(account.figures, sharpe=3.0, sharpe_se=1.0, deflated_sharpe=0.97))
    assert verdict(made, run, good, COLOURS).plain.startswith("More than luck explains, on 252 past sessions")
    for worse in (
        replace(good, excess_se=0.2), replace(good, figures=replace(good.figures, deflated_sharpe=0.94)),
        replace(good, figures=replace(good.figures, sharpe_se=2.0)),
    ):
        assert verdict(made, run, worse, COLOURS).plain.startswith("No skill shown")


def test_a_model_without_an_opinion_never_trades_and_says_so() -> None:
    made, run = shown(replace(QUESTION, model="har-t"))
    run = never_traded(run)
    assert verdict(made, run, run.accounts[0], COLOURS).plain == "Never traded: har-t has no opinion on direction."


def test_time_to_go_is_told_from_the_pace_so_far() -> None:
    running = Running("waiting").heard("first", 0.2, 100.0)
    assert running.eta_s is None
    assert running.heard("second", 0.4, 110.0).eta_s == pytest.approx(30.0)


def test_no_more_answers_are_kept_than_are_looked_at() -> None:
    state = Backtesting(symbol=Symbol("NVDA"))
    for sessions in range(20):
        state = state.answered((False, "NVDA", sessions, 0), report(QUESTION))
    assert len(state.kept) == 12


def drawn(*names: str) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await keys(pilot, *names)

    return run


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(app_with(), terminal_size=size, run_before=drawn("5"))
