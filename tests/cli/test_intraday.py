"""Bars shorter than a session on the command line: forecasts of real slots, one evaluation, clear refusals."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from forecasting.data.sources.simulated import SimulatedSource
from forecasting.domain.clock import FrozenClock
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries
from forecasting.domain.sessions import in_slots
from tests.support.command_line import Run
from tests.support.markets import CALENDARS

LAST = date(2025, 3, 21)      # a Friday


@pytest.fixture(scope="module")
def quarters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three made-up tickers in quarters of an hour, as Yahoo's downloads write them."""
    folder = tmp_path_factory.mktemp("quarters")
    clock = FrozenClock(datetime(2025, 3, 22, tzinfo=UTC))
    source = SimulatedSource(clock=clock, calendars=CALENDARS, seed=3, symbols=3)
    for symbol in source.catalogue():
        series = source.history(symbol, Interval.QUARTER, date(2025, 1, 6))
        assert isinstance(series, BarSeries)
        with open(folder / f"{symbol}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("Datetime", "Open", "High", "Low", "Close", "Adj Close", "Volume"))
            writer.writerows(
                (b.session, b.open, b.high, b.low, b.close, b.adj_close, b.volume) for b in series.bars
            )
    return folder


def test_targets_are_the_closes_of_the_slots_that_follow_over_the_weekend(run: Run, quarters: Path) -> None:
    result = run("forecast", "SIM-001", "--csv-dir", quarters, "--interval", "15m", "--as-of", LAST, "--model", "har-t",
                 "--json")
    assert result.code == 0, result.err
    (forecast,) = result.json
    monday = datetime(2025, 3, 24, 13, 30, tzinfo=UTC)
    assert forecast["interval"] == "15m"
    assert forecast["as_of"] == "2025-03-21T20:00:00+00:00"
    assert forecast["train_end"] == "2025-03-21T19:30:00+00:00"
    assert [datetime.fromisoformat(h["target_time"]) for h in forecast["horizons"]] == [
        monday + timedelta(minutes=15 * i) for i in range(1, 11)
    ]
    widths = [h["log_returns"][-1] - h["log_returns"][0] for h in forecast["horizons"]]
    assert widths == sorted(widths)
    assert widths[1] < 1.35 * widths[0]       # slots that are alike would give 1.41: the night is in the first


def test_an_evaluation_issues_at_every_slot_of_its_days_on_the_same_rows(
    run: Run, quarters: Path, tmp_path: Path
) -> None:
    file = tmp_path / "answer.json"
    result = run("evaluate", "--csv-dir", quarters, "--interval", "15m", "--test-start", "2025-03-10", "--test-end",
                 "2025-03-14", "--models", "har,ewma-t,ewma,random-walk", "--refit-every", 26, "--json", file)
    assert result.code == 0, result.err
    answer = json.loads(file.read_text())
    slots = in_slots(CALENDARS.sessions("XNYS", date(2025, 3, 7), LAST), Interval.QUARTER)
    week = slots.between(datetime(2025, 3, 10, tzinfo=UTC), datetime(2025, 3, 15, tzinfo=UTC))
    assert answer["protocol"]["interval"] == "15m"
    assert (answer["protocol"]["test_start"], answer["protocol"]["test_end"]) == (
        week[0].open.isoformat(), week[-1].open.isoformat()
    )
    assert answer["protocol"]["fits_see_until"][:2] == ["2025-03-07T20:45:00+00:00", "2025-03-10T19:45:00+00:00"]
    # Outcomes are realised within the test: the last h slots have none.
    assert {(r["horizon"], r["n_forecasts"]) for r in answer["rows"]} == {(h, 3 * (130 - h)) for h in (1, 5, 10)}
    assert all(0.7 < r["coverage_80"] < 0.9 for r in answer["rows"] if r["horizon"] == 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("print", "--source", "replay"), "replay: its recordings are of daily bars, asked for 15m"),
        (("--demo",), "demo: its recordings are of daily bars, asked for 15m"),
        (("backtest", "--source", "simulated", "--test-start", "2025-03-10"), "backtest: it is about daily bars"),
        (("explain", "SIM-001", "--source", "simulated"), "explain: it is about daily bars"),
    ],
)
def test_what_has_daily_bars_only_says_so(run: Run, words: tuple[str, ...], said: str) -> None:
    result = run(*words, "--interval", "15m")
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("first", "last", "firings"), [("2025-02-03", "2025-03-13", 21), ("2025-03-13", "2025-03-13", 1)]
)
def test_a_rule_is_tried_on_recorded_days(run: Run, quarters: Path, first: str, last: str, firings: int) -> None:
    result = run("alerts", "backtest", "rsi crosses above 50 and change_pct > 0", "--symbol", "SIM-001", "--csv-dir",
                 quarters, "--interval", "15m", "--from", first, "--to", last, "--json")
    assert result.code == 0, result.err
    frame = pd.read_csv(quarters / "SIM-001.csv")
    opens, close = pd.to_datetime(frame["Datetime"], utc=True), frame["Adj Close"]
    rsi = pd.Series(talib.RSI(close.to_numpy(), 14))
    of_yesterday = opens.dt.date.map(close.groupby(opens.dt.date).last().shift(1))
    fires = (rsi > 50) & (rsi.shift(1) <= 50) & (close > of_yesterday) & opens.between(first, f"{last}T23:59Z")
    at = np.flatnonzero(fires)
    assert len(at) == firings
    assert [datetime.fromisoformat(r["data_time"]) for r in result.json] == list(opens[at] + timedelta(minutes=15))
    a_day, a_week = (close[at + sessions * 26].to_numpy() / close[at].to_numpy() - 1 for sessions in (1, 5))
    np.testing.assert_allclose(
        [(r["value"], r["return_1d"], r["return_5d"]) for r in result.json],
        np.column_stack((rsi[at], a_day, a_week)), rtol=1e-9,
    )  # fmt: skip


def test_a_folder_of_another_interval_is_refused_with_file_and_remedy(run: Run, quarters: Path) -> None:
    result = run("indicators", "SIM-001", "--csv-dir", quarters, "--interval", "5m", "--json")
    assert (result.code, result.json) == (1, [])
    assert "SIM-001.csv holds 15m bars, asked for 5m, give --interval 15m or another folder" in result.err


def test_an_interval_nobody_has_is_a_usage_error(run: Run) -> None:
    result = run("print", "--interval", "2m")
    assert result.code == 2
    assert "'2m' is not one of '1d', '1h', '15m', '5m'" in result.err


def test_doctor_looks_at_slots(run: Run, quarters: Path) -> None:
    checks = run("doctor", "--csv-dir", quarters, "--interval", "15m", "--leaks", "--json").checks
    assert checks["bars"]["found"].startswith("4,056 bars of 3 symbols, newest 2025-03-21 19:45:00+00:00")
    assert checks["calendars"]["status"] == "ok"
    assert checks["T1 future"]["found"] == "looked for in daily bars only, asked for 15m"
