"""`tapecast evaluate` as scripts use it: the contract's keys, one set of rows for all models, clear refusals."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from forecasting.data.store import Store
from forecasting.service.backend import Step
from tests.support.command_line import Result, Run
from tests.support.desk import recorded, write_csv
from tui.cli_evaluate import progress

SYMBOLS = ("AAA", "BBB", "CCC")
ROW_KEYS = {
    "model", "horizon", "n_forecasts", "n_days", "crps", "skill_vs_ewma", "dm_t_vs_garch_t", "dm_t_vs_har",
    "coverage_80", "coverage_95", "width_80", "interval_score_80", "hit_rate", "hit_rate_low", "hit_rate_high",
    "rmse_skill", "mae_skill",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), recorded(SYMBOLS, date(2013, 6, 3), date(2015, 9, 30), seed=3))


def walk(run: Run, folder: Path, *words: object) -> Result:
    return run("evaluate", "--csv-dir", folder, "--test-start", "2015-02-02", "--test-end", "2015-08-31", *words)


def test_the_answer_has_the_contracts_keys(run: Run, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    result = walk(run, folder, "--models", "har,ewma-t,ewma,random-walk", "--refit-every", 60, "--json", file)
    assert (result.code, result.out) == (0, "")
    answer: dict[str, Any] = json.loads(file.read_text())
    assert set(answer) == {"protocol", "rows", "per_ticker", "seconds"}
    assert len(answer["rows"]) == 4 * 3
    for row in answer["rows"]:
        assert set(row) >= ROW_KEYS
    assert {(r["horizon"], r["n_forecasts"]) for r in answer["rows"]} == {(1, 3 * 146), (5, 3 * 142), (10, 3 * 137)}
    assert answer["protocol"]["fits_see_until"] == ["2015-01-30", "2015-04-28", "2015-07-23"]
    assert answer["protocol"]["left_out"] == {"1": 0, "5": 0, "10": 0}


@pytest.mark.honesty("T19")
def test_every_fit_of_a_learning_model_counts_as_a_trial(run: Run, folder: Path, data: Path) -> None:
    walk(run, folder, "--models", "har,ewma-t,ewma", "--refit-every", 60, "--json", "-")
    [path] = data.glob("csv-*/store.db")
    with Store.open(path) as own:
        assert own.runs.trials() == 3


def test_skill_is_against_ewma_and_rivals_not_asked_for_are_null(run: Run, folder: Path) -> None:
    words = ("--models", "har,ewma,random-walk", "--horizons", "1", "--json", "-")
    rows = json.loads(walk(run, folder, *words).out)["rows"]
    by_model = {r["model"]: r for r in rows}
    assert by_model["ewma"]["skill_vs_ewma"] == 0.0
    ratio = by_model["random-walk"]["crps"] / by_model["ewma"]["crps"]
    assert by_model["random-walk"]["skill_vs_ewma"] == pytest.approx(1.0 - ratio)
    assert by_model["har"]["dm_t_vs_har"] is None
    assert isinstance(by_model["ewma"]["dm_t_vs_har"], float)
    assert {r["dm_t_vs_garch_t"] for r in rows} == {None}


def test_the_baseline_is_run_unasked_and_left_out_of_the_answer(run: Run, folder: Path) -> None:
    rows = json.loads(walk(run, folder, "--models", "random-walk", "--horizons", "1", "--json", "-").out)["rows"]
    assert [r["model"] for r in rows] == ["random-walk"]
    assert rows[0]["skill_vs_ewma"] != 0.0


def test_tickers_add_up_to_the_panel(run: Run, folder: Path) -> None:
    answer = json.loads(walk(run, folder, "--models", "ewma-t", "--horizons", "5", "--json", "-").out)
    tickers, row = answer["per_ticker"], answer["rows"][0]
    assert [t["symbol"] for t in tickers] == list(SYMBOLS)
    for key in ("crps", "coverage_80"):
        assert math.fsum(t[key] * t["n"] for t in tickers) / row["n_forecasts"] == pytest.approx(row[key], rel=1e-6)


def test_a_folder_cut_off_at_the_test_end_gives_the_same_answer(run: Run, folder: Path, tmp_path: Path) -> None:
    whole = recorded(SYMBOLS, date(2013, 6, 3), date(2015, 9, 30), seed=3)
    short = write_csv(tmp_path / "short", whole, until=date(2015, 8, 31))
    words = ("--models", "har,ewma-t", "--json", "-")
    one, other = (json.loads(walk(run, f, *words).out) for f in (folder, short))
    assert one["rows"] == other["rows"]


def test_without_a_file_there_is_a_table_and_progress_is_json_lines(run: Run, folder: Path) -> None:
    result = walk(run, folder, "--models", "ewma-t,ewma", "--horizons", "1")
    assert "skill vs EWMA" in result.out
    assert len(result.out.splitlines()) == 3
    steps = [json.loads(line) for line in result.err.splitlines()]
    assert steps[-1]["fraction"] == 1.0
    assert {"stage", "message", "fraction", "seconds", "eta_seconds"} == set(steps[-1])


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--models", "har,oracle"), "there is no oracle", 2),
        (("--horizons", "0,5"), "choose from 1 to 10", 2),
        (("--horizons", "a"), "no list of ints", 2),
        (("--refit-every", 0), "at least 1", 2),
        (("--test-end", "2015-02-02"), "is not after --test-start", 2),
        (("--train-start", "2015-02-02"), "is not before --test-start", 2),
        (("--json", "/nowhere/answer.json"), "there is no folder /nowhere", 2),
        (("--train-start", "2015-01-28"), "move --test-start", 4),
        (("--protocol", "feng2019"), "needs --train-start, --valid-start", 2),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    run: Run, folder: Path, words: tuple[object, ...], said: str, code: int
) -> None:
    result = walk(run, folder, *words)
    assert result.code == code
    assert said in result.err.splitlines()[-1]


def test_the_published_protocol_answers_with_its_rows(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.evaluation.movement_networks.EPOCHS", 2)
    result = run(
        "evaluate", "--csv-dir", folder, "--protocol", "feng2019", "--train-start", "2013-09-03",
        "--valid-start", "2015-01-02", "--test-start", "2015-04-01", "--seeds", 1, "--json", "-",
    )
    answer = json.loads(result.out)
    assert set(answer) == {"counts", "rows"}
    assert set(answer["counts"]) == {"train", "valid", "test"}
    assert [r["model"] for r in answer["rows"]] == ["lstm", "alstm", "always-up", "reversal-1d", "reversal-10d"]
    for row in answer["rows"]:
        assert set(row) >= {"model", "acc_mean", "acc_sd", "mcc_mean", "mcc_sd", "acc_low", "acc_high"}
        assert row["acc_low"] <= row["acc_mean"] <= row["acc_high"]
        assert row["n"] == answer["counts"]["test"]


def test_the_time_left_is_told_once_enough_is_done_to_tell_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 10.0, 20.0, 40.0])
    monkeypatch.setattr("tui.cli_evaluate.time.monotonic", lambda: next(moments))
    show = progress()
    for fraction in (0.001, 0.051, 1.0):      # 10 s of reading would make hours of it
        show(Step("evaluate", "fold", fraction))
    told = [json.loads(line)["eta_seconds"] for line in capsys.readouterr().err.splitlines()]
    assert told == [None, 189.8, 0.0]
