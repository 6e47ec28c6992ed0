"""`tapecast backtest` and `tapecast explain` as scripts use them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Run
from tests.support.desk import recorded, write_csv

SERIES = recorded(("AAA", "BBB", "CCC"), date(2013, 10, 15), date(2015, 9, 30), seed=3)
START, END = "2015-06-01", "2015-09-15"

@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), SERIES)


def backtest(run: Run, folder: Path, *words: object) -> dict[str, Any]:
    code, out, err = run(
        "backtest", "--csv-dir", folder, "--test-start", START, "--test-end", END, "--model", "har-t", "--json", "-",
        *words,
    )
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_every_strategy_has_its_figures_and_a_curve_over_the_test_span(run: Run, folder: Path) -> None:
    answer = backtest(run, folder)
    names = [row["name"] for row in answer["strategies"]]
    assert names == [
        "har-t direction long/flat", "har-t direction long/short", "har-t vol-target long", "buy-and-hold",
        "vol-target buy-and-hold", "rsi long/flat", "rsi long/short", "macd long/flat", "macd long/short",
    ]
    sessions = [b.session.isoformat() for b in SERIES[0].bars if START <= b.session.isoformat() <= END]
    for row in answer["strategies"]:
        assert [day for day, _ in row["curve"]] == sessions
        assert row["curve"][0][1] == 1.0
        assert row["curve"][-1][1] == pytest.approx(1.0 + row["total_return"])
        assert row["n_days"] == len(sessions) - 1
        assert (row["sharpe"] is None) == (row["sharpe_se"] is None) == (row["n_fills"] == 0)
    protocol = answer["protocol"]
    assert (protocol["test_start"], protocol["test_end"], protocol["symbols"]) == (sessions[0], sessions[-1], 3)
    assert protocol["fits_see_until"] == ["2015-05-29"]


def test_a_model_without_an_opinion_on_direction_has_no_sharpe_ratio(run: Run, folder: Path) -> None:
    row = backtest(run, folder)["strategies"][0]
    assert (row["sharpe"], row["turnover"], row["total_return"]) == (None, 0.0, 0.0)


def test_dearer_trades_earn_less_in_proportion_to_what_is_traded(run: Run, folder: Path) -> None:
    cheap, dear = (
        {r["name"]: r for r in backtest(run, folder, "--cost-bp", bp)["strategies"]} for bp in ("0", "20")
    )
    for name in ("buy-and-hold", "macd long/flat"):
        traded = cheap[name]["turnover"] / 252 * cheap[name]["n_days"]
        lost = cheap[name]["total_return"] - dear[name]["total_return"]
        assert lost == pytest.approx(0.0020 * traded, rel=0.2)


@pytest.mark.honesty("T19")
def test_each_fit_raises_the_trial_counter_that_outlives_the_run(run: Run, folder: Path) -> None:
    first = backtest(run, folder)
    second = backtest(run, folder, "--refit-every", "40")      # two fits over 75 sessions
    assert (first["protocol"]["trials"], second["protocol"]["trials"]) == (1, 3)
    held = [next(r for r in a["strategies"] if r["name"] == "buy-and-hold") for a in (first, second)]
    assert held[1]["deflated_sharpe"] < held[0]["deflated_sharpe"]
    assert held[1]["sharpe"] == held[0]["sharpe"]


def test_bars_after_the_test_span_change_nothing(run: Run, folder: Path, tmp_path: Path) -> None:
    cut = write_csv(tmp_path / "cut", SERIES, until=date.fromisoformat(END))
    whole, blind = backtest(run, folder), backtest(run, cut)
    assert whole["strategies"][2:] != []
    for told, untold in zip(whole["strategies"], blind["strategies"], strict=True):
        assert told["curve"] == untold["curve"]


def test_people_get_a_table_and_files_get_the_answer(run: Run, folder: Path, tmp_path: Path) -> None:
    words = ("backtest", "--csv-dir", folder, "--test-start", START, "--model", "ewma-t")
    code, out, _ = run(*words)
    assert code == 0
    assert out.splitlines()[0].split()[:2] == ["strategy", "Sharpe"]
    assert len(out.splitlines()) == 1 + 9 + 1
    code, out, _ = run(*words, "--json", tmp_path / "answer.json")
    assert (code, out) == (0, "")
    assert json.loads((tmp_path / "answer.json").read_text())["protocol"]["model"] == "ewma-t"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--test-start", "2015-06-01", "--model", "oracle"), 2, "oracle"),
        (("--test-start", "2015-06-01", "--test-end", "2015-05-01"), 2, "--test-end"),
        (("--test-start", "2015-06-01", "--cost-bp", "-1"), 2, "--cost-bp"),
        (("--test-start", "2013-10-18"), 4, "--test-start"),
        ((), 2, "--test-start"),
        (("--test-start", "2015-06-01", "--json", "/nowhere/at/all.json"), 2, "/nowhere"),
    ],
)
def test_what_cannot_be_done_ends_with_one_clear_line(
    run: Run, folder: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    ended, out, err = run("backtest", "--csv-dir", folder, *words)
    assert (ended, out) == (code, "")
    assert says in err
    assert "Traceback" not in err


def test_an_explanation_adds_up_to_the_sigma_it_explains(run: Run, folder: Path) -> None:
    code, out, err = run("explain", "bbb", "--csv-dir", folder, "--model", "har-t", "--horizon", "1", "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert (answer["symbol"], answer["as_of"], answer["horizon"]) == ("BBB", "2015-09-30", 1)
    assert answer["train_end"] == "2015-09-29"
    assert answer["lstm"] is None
    har = answer["har"]
    assert [b["name"] for b in har["blocks"]] == [
        "day", "week", "month", "quarter", "leverage", "market", "other", "bounds",
    ]
    assert har["baseline"] + sum(b["value"] for b in har["blocks"]) == pytest.approx(har["log_sigma"], abs=1e-9)
    assert {i["block"] for i in answer["importance"]} == {b["name"] for b in har["blocks"]} - {"bounds"}
    assert all(i["low"] < i["crps_increase_pct"] < i["high"] and i["n_days"] > 200 for i in answer["importance"])


def test_an_explanation_of_a_network_says_whose_importance_it_shows(run: Run, folder: Path) -> None:
    code, out, err = run("explain", "AAA", "--csv-dir", folder, "--model", "lstm", "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert answer["har"] is None
    assert abs(answer["lstm"]["gap"]) < 1e-3
    # A year before the end there are too few bars for a network.
    assert (answer["model"], answer["importance_model"]) == ("lstm", "har-t")
    assert "HAR-t speaks instead" in err


def test_people_get_an_explanation_in_words(run: Run, folder: Path) -> None:
    code, out, _ = run("explain", "CCC", "--csv-dir", folder, "--model", "har-t")
    assert code == 0
    assert "sigma today" in out
    assert "leverage" in out


def test_a_symbol_without_bars_ends_with_1_and_its_reason(run: Run, folder: Path) -> None:
    code, out, err = run("explain", "NOPE", "--csv-dir", folder, "--model", "har-t", "--json")
    assert code == 1
    assert json.loads(out)["error"]["message"]
    assert "NOPE" in err


def test_a_model_that_cannot_be_taken_apart_is_refused(run: Run, folder: Path) -> None:
    code, out, err = run("explain", "AAA", "--csv-dir", folder, "--model", "garch-t")
    assert (code, out) == (2, "")
    assert "garch-t" in err
