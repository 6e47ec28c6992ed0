"""The screen's backtest: the command's figures, from recorded forecasts and from fits made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from forecasting.config import Settings
from forecasting.domain.backtest import COSTS_BP, AskBacktest, BacktestReport, Forecasts
from forecasting.domain.forecast import Origin
from forecasting.domain.market import Symbol
from forecasting.errors import NotEnoughHistory, QuestionWithdrawn
from forecasting.features.pipeline import build_panel
from forecasting.models.forecasts import to_forecasts
from forecasting.models.registry import create
from forecasting.service.backend import Step
from forecasting.service.backtest import Question, backtest
from forecasting.service.backtest_answer import answer
from forecasting.service.client import WorkerClient
from forecasting.service.local import LocalBackend
from forecasting.service.wire import pack, unpack
from tests.support.desk import backend, recorded, setup, write_csv

NOW = datetime(2015, 10, 1, 12, 0, tzinfo=UTC)
SYMBOLS = tuple(Symbol(s) for s in ("AAA", "BBB", "CCC"))
SERIES = recorded(SYMBOLS, date(2012, 10, 15), date(2015, 9, 30), seed=3)
SPAN = 75


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), SERIES)


@pytest.fixture
def local(folder: Path, tmp_path: Path) -> Iterator[LocalBackend]:
    """With all bars stored."""
    with backend(folder, tmp_path / "own", "csv") as made:
        for symbol in SYMBOLS:
            assert made.take_history(symbol, NOW, lambda step: None) is None
        yield made


def ask(local: LocalBackend, source: Forecasts, *symbols: Symbol, sessions: int | None = SPAN) -> BacktestReport:
    question = AskBacktest(symbols or SYMBOLS, SYMBOLS, source, "har-t", sessions)
    return answer(local.desk, question, NOW, lambda step: None)


def record(local: LocalBackend) -> None:
    """Put into the ledger what a fit before the span says of it."""
    tables = local.desk.tables(SYMBOLS)
    panel = build_panel(local.desk.series(SYMBOLS), local.desk.bench.spec, {t.exchange: t for t in tables.values()})
    first = len(panel.sessions) - 1 - SPAN
    fitted = create("har-t", local.desk.bench.asked).fit(panel, cut=first - 1)
    forecasts = to_forecasts(fitted, panel, range(first, len(panel.sessions)), tables=tables)
    local.desk.store.ledger.append(forecasts, Origin.BACKFILL, at=NOW)


@pytest.fixture
def told(folder: Path, tmp_path: Path) -> dict[str, Any]:
    """What the command says of the same span at 10 bp, by strategy."""
    settings = Settings().overridden(source="csv", csv_dir=folder, data_dir=tmp_path / "command")
    question = Question(SERIES[0].bars[-1 - SPAN].session, model="har-t")
    rows = backtest(settings, question, None, lambda step: None).value["strategies"]
    return {row["name"]: row for row in rows}


def agree(report: BacktestReport, told: dict[str, Any]) -> None:
    """Every figure of every strategy at 10 bp, the deflated Sharpe ratio too, since both are the first trial."""
    assert [run.name for run in report.strategies] == list(told)
    for run in report.strategies:
        account, row = run.accounts[COSTS_BP.index(10.0)], told[run.name]
        figures = asdict(account.figures)
        assert figures == pytest.approx({name: row[name] for name in figures}, rel=1e-5, abs=1e-9)
        assert run.n_fills == row["n_fills"]
        assert account.equity == pytest.approx([value for _, value in row["curve"]], abs=1e-6)


def test_fits_made_anew_give_the_commands_figures(local: LocalBackend, told: dict[str, Any]) -> None:
    report = ask(local, Forecasts.WALKED)
    agree(report, told)
    assert report.fits_see_until == (SERIES[0].bars[-2 - SPAN].session,)
    assert (report.first, report.last) == (SERIES[0].bars[-1 - SPAN].session, SERIES[0].bars[-1].session)


def test_recorded_forecasts_of_the_same_fit_give_the_commands_figures(
    local: LocalBackend, told: dict[str, Any]
) -> None:
    record(local)
    report = ask(local, Forecasts.RECORDED)
    agree(report, told)
    assert (report.sessions_live, report.sessions_backfill) == (0, SPAN + 1)


def test_sessions_with_a_live_forecast_are_counted_as_live(local: LocalBackend) -> None:
    record(local)
    # A live row cannot be made in the past, so some are copied as such.
    with local.desk.store.ledger._database.transaction() as connection:
        connection.execute(
            "INSERT INTO forecasts (symbol, model, origin, as_of_session, hash, body) SELECT symbol, model, 'live',"
            " as_of_session, hash, body FROM forecasts WHERE symbol = 'AAA' ORDER BY as_of_session DESC LIMIT 5"
        )
    report = ask(local, Forecasts.RECORDED)
    assert (report.sessions_live, report.sessions_backfill) == (5, SPAN + 1 - 5)


def test_each_run_over_recorded_forecasts_is_a_trial_and_all_its_costs_are_one(local: LocalBackend) -> None:
    record(local)
    first, second = ask(local, Forecasts.RECORDED), ask(local, Forecasts.RECORDED, Symbol("AAA"))
    assert (first.trials, second.trials) == (1, 2)
    assert all(len(run.accounts) == len(COSTS_BP) for run in first.strategies)
    macd = next(run for run in first.strategies if run.name == "macd long/flat")
    returns = [account.figures.total_return for account in macd.accounts]
    assert returns == sorted(returns, reverse=True)
    assert len(set(returns)) == len(COSTS_BP)


def test_one_symbol_is_traded_with_all_the_capital(local: LocalBackend) -> None:
    record(local)
    closes = [bar.adj_close for bar in SERIES[0].bars]
    opened = SERIES[0].bars[-SPAN].open * SERIES[0].bars[-SPAN].adj_close / SERIES[0].bars[-SPAN].close
    for source in Forecasts:
        report = ask(local, source, Symbol("AAA"))
        assert report.symbols == ("AAA",)
        gross = report.hold.accounts[0].figures.total_return
        assert gross == pytest.approx(closes[-1] / opened - 1.0)


def test_buy_and_hold_has_no_excess_over_itself(local: LocalBackend) -> None:
    record(local)
    report = ask(local, Forecasts.RECORDED)
    assert {(account.excess, account.excess_se) for account in report.hold.accounts} == {(None, None)}


def test_the_drawn_curves_keep_both_ends_and_the_deepest_fall(local: LocalBackend) -> None:
    report = ask(local, Forecasts.WALKED, sessions=200)
    assert (report.days[0], report.days[-1]) == (report.first, report.last)
    for run in report.strategies:
        for account in run.accounts:
            assert len(account.equity) == len(account.drawdown) == len(report.days)
            assert account.equity[-1] == pytest.approx(1.0 + account.figures.total_return, abs=1e-6)
            assert max(account.drawdown) == pytest.approx(account.figures.max_drawdown, abs=1e-6)


def test_without_recorded_forecasts_it_says_what_to_do(local: LocalBackend) -> None:
    with pytest.raises(NotEnoughHistory, match=r"no forecasts of har-t are on record .* fitted anew"):
        ask(local, Forecasts.RECORDED)


def test_without_bars_it_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    with backend(folder, tmp_path / "empty", "csv") as empty, pytest.raises(NotEnoughHistory, match="no bars of AAA"):
        ask(empty, Forecasts.RECORDED)


def test_a_fit_is_broken_off_where_the_question_is_taken_back(local: LocalBackend) -> None:
    def taken_back(step: Step) -> None:
        if step.stage == "fit":
            raise QuestionWithdrawn("taken back")

    question = AskBacktest(SYMBOLS, SYMBOLS, Forecasts.WALKED, "har-t", SPAN)
    with pytest.raises(QuestionWithdrawn):
        answer(local.desk, question, NOW, taken_back)


def test_the_answer_crosses_the_pipe_as_it_is(local: LocalBackend) -> None:
    record(local)
    report = ask(local, Forecasts.RECORDED)
    plain = json.loads(json.dumps(pack(report), allow_nan=False))
    assert unpack(BacktestReport, plain) == report


def test_the_worker_process_answers_after_its_first_tick(folder: Path, tmp_path: Path) -> None:
    client = WorkerClient(setup(folder, tmp_path / "data", "csv"), log_path=tmp_path / "w.log")
    steps: list[Step] = []
    question = AskBacktest(SYMBOLS[:1], SYMBOLS, Forecasts.WALKED, "har-t", SPAN)
    (tmp_path / "data").mkdir()
    try:
        with pytest.raises(NotEnoughHistory, match="no bars of AAA, BBB, CCC are stored yet"):
            client.ask(question, NOW, steps.append)
        client.tick(SYMBOLS, NOW, lambda step: None)
        assert client.ask(question, NOW, steps.append).symbols == ("AAA",)
    finally:
        client.close()
    fractions = [step.fraction for step in steps if step.fraction is not None]
    assert fractions == sorted(fractions)
    assert {step.stage for step in steps} == {"read", "fit", "follow"}
