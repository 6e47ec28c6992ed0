"""`tapecast alerts backtest`: its contract, and what is said of a rule that cannot be read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.domain.decision import Alert, Delivery
from forecasting.domain.forecast import Origin
from forecasting.domain.market import Symbol
from forecasting.service.places import place
from forecasting.trading.rules.fields import FIELDS
from tests.support.bars import STOCKNET
from tests.support.command_line import Run
from tests.support.store import forecast, outcome


@pytest.mark.skipif(not STOCKNET.exists(), reason="the real bars are not beside this checkout")
def test_backtest_prints_what_pandas_and_talib_say(run: Run) -> None:
    result = run(
        "--csv-dir", STOCKNET, "alerts", "backtest", "rsi crosses above 30", "--symbol", "aapl",
        "--from", "2013-01-01", "--to", "2016-12-31", "--json",
    )

    frame = pd.read_csv(STOCKNET / "AAPL.csv", parse_dates=["Date"])
    adj = frame["Adj Close"]
    rsi = pd.Series(talib.RSI(adj.to_numpy(), 14))
    crosses = (rsi > 30) & (rsi.shift(1) <= 30) & frame["Date"].between("2013-01-01", "2016-12-31")
    at = np.flatnonzero(crosses)
    rows = json.loads(result.out)
    assert result.code == 0
    assert [r["data_time"][:10] for r in rows] == [d.date().isoformat() for d in frame["Date"][at]]
    assert len(rows) >= 5
    for row, i in zip(rows, at, strict=True):
        assert row.keys() == {"symbol", "data_time", "value", "return_1d", "return_5d"}
        np.testing.assert_allclose(
            [row["value"], row["return_1d"], row["return_5d"]],
            [rsi[i], adj[i + 1] / adj[i] - 1, adj[i + 5] / adj[i] - 1], rtol=1e-9,
        )  # fmt: skip
    assert "any bar of the same symbols and span" in result.err


def test_a_rule_that_cannot_be_read_is_pointed_at_before_anything_is_fetched(run: Run, tmp_path: Path) -> None:
    result = run("--csv-dir", tmp_path, "alerts", "backtest", "last > 3 and rssi < 30")

    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [
        "last > 3 and rssi < 30",
        "             ^",
        "tapecast: no field 'rssi'; did you mean rsi? (at 14: rssi < 30)",
    ]


def test_who_names_no_field_is_told_some(run: Run, tmp_path: Path) -> None:
    result = run("--csv-dir", tmp_path, "alerts", "backtest", "xyz > 1")
    assert "no field 'xyz'; there are last, change_pct, " in result.err


def test_a_span_that_ends_before_it_begins_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    span = ("--from", "2026-02-02", "--to", "2026-02-01")
    result = run("--csv-dir", tmp_path, "alerts", "backtest", "last > 1", *span)
    assert (result.code, result.out) == (2, "")
    assert "--from 2026-02-02 lies after --to 2026-02-01" in result.err


def test_forecasts_the_app_has_recorded_of_these_files_are_what_closes_are_held_against(
    run: Run, data: Path, tmp_path: Path
) -> None:
    days, prices = pd.bdate_range(date(2015, 1, 5), periods=4), [100.0, 99.0, 99.1, 98.0]      # the band: 0.4 %
    columns = dict.fromkeys(("Open", "High", "Low", "Close", "Adj Close"), prices)
    pd.DataFrame({"Date": days, **columns, "Volume": 1000}).to_csv(tmp_path / "AAPL.csv", index=False)
    settings = Settings().overridden(data_dir=data, source="csv", csv_dir=tmp_path)
    with Store.open(place(settings, demo=False).store) as store:
        made = [forecast("AAPL", session=d.date(), last_close=p) for d, p in zip(days, prices, strict=True)]
        entries = store.ledger.append(made, Origin.BACKFILL, at=datetime(2015, 2, 2, tzinfo=UTC))
        store.ledger.settle(outcome(entry) for entry in entries)

    result = run("--csv-dir", tmp_path, "alerts", "backtest", "last < band_low_1d", "--json")

    found = [(row["data_time"][:10], row["value"]) for row in json.loads(result.out)]
    assert (result.code, found) == (0, [("2015-01-06", 99.0), ("2015-01-08", 98.0)])


def test_what_the_past_does_not_know_is_said(run: Run, tmp_path: Path) -> None:
    days = pd.bdate_range(date(2015, 1, 5), periods=5)
    prices = dict.fromkeys(("Open", "High", "Low", "Close", "Adj Close"), 10.0)
    frame = pd.DataFrame({"Date": days, **prices, "Volume": 1})
    frame.to_csv(tmp_path / "ABC.csv", index=False)

    result = run("--csv-dir", tmp_path, "alerts", "backtest", "rsi < 30 and skill > 0", "--json")

    assert json.loads(result.out) == []
    assert "ABC: the rule needs 15 bars, there are 5" in result.err
    assert "ABC: skill is not known of the past" in result.err


def test_a_rule_is_added_listed_muted_and_removed(run: Run) -> None:
    rule = json.loads(run("alerts", "add", "rsi  crosses above 30", "--symbol", "aapl", "--sink", "bell", "--json").out)
    assert (rule["id"], rule["rule"], rule["symbols"], rule["sinks"]) == (1, "rsi crosses above 30", ["AAPL"], ["bell"])
    assert (rule["cooldown_s"], rule["hysteresis"], rule["list"], rule["muted_until"]) == (900.0, 0.0, None, None)

    waits = {"last_fired": None, "waits_for": "needs 16 bars, has 0"}
    assert json.loads(run("alerts", "list", "--json").out) == [{**rule, **waits}]
    assert run("alerts", "list").out == "   1  rsi crosses above 30   (AAPL -> bell)  needs 16 bars, has 0\n"
    [muted] = json.loads(run("alerts", "mute", 1, "--for", "2h", "--json").out)
    assert muted["muted_until"] is not None
    [unmuted] = json.loads(run("alerts", "mute", 1, "--off", "--json").out)
    assert unmuted == rule
    assert json.loads(run("alerts", "remove", 1, "--json").out) == []
    assert "no alert has the number 1" in run("alerts", "remove", 1).err


def test_every_field_a_rule_may_ask_is_listed_with_what_it_holds(run: Run) -> None:
    told = run("alerts", "fields")
    lines = dict(line.split(maxsplit=1) for line in told.out.splitlines())
    assert lines["rsi"] == "RSI(14) on adjusted closes; needs 15 bars"
    assert lines["p_up_Nd"] == "probability of a rise over N bars, 0..1"
    assert told.err == "N is 1 to 10\n"
    values = {value["name"]: value for value in run("alerts", "fields", "--json").json}
    assert list(values) == list(FIELDS)
    assert values["forecast_5d"] == {"name": "forecast_5d", "meaning": "median forecast 5 bars ahead, price", "bars": 1}


def test_a_rule_for_no_known_list_is_refused(run: Run) -> None:
    result = run("alerts", "add", "last > 3", "--list", "Teck")
    assert (result.code, result.out) == (2, "")
    assert "no list is called 'Teck'; there are: " in result.err


def test_a_rule_for_no_known_sink_is_refused(run: Run) -> None:
    result = run("alerts", "add", "last > 3", "--sink", "phon")
    assert (result.code, result.out) == (2, "")
    assert result.err == "tapecast: no [[sink]] is called 'phon'; there are: toast, bell\n"
    assert json.loads(run("alerts", "list", "--json").out) == []


def test_rules_move_to_another_folder_with_their_mute_and_what_is_lost_on_the_way_is_said(
    run: Run, tmp_path: Path
) -> None:
    config = tmp_path / "phone.toml"
    config.write_text('[[sink]]\nname = "phone"\nkind = "command"\ncommand = ["true"]\n')
    run("alerts", "add", "rsi < 30", "--symbol", "AAPL", "--sink", "phone", "--config", config)
    run("alerts", "add", "last > 3", "--cooldown", "2h", "--hysteresis", "1")
    run("alerts", "mute", 1, "--for", "3d")
    rules = json.loads(run("alerts", "list", "--json").out)
    assert run("export", "--what", "alerts", "--to", tmp_path / "rules.csv").code == 0

    moved = run("import", tmp_path / "rules.csv", "--data-dir", tmp_path / "other")
    assert (moved.code, moved.out) == (0, "alert_rules: 2 new, 0 known already\n")
    assert "alert 1 goes to 'phone', and no [[sink]] is called that here" in moved.err
    assert json.loads(run("alerts", "list", "--json", "--data-dir", tmp_path / "other").out) == rules
    again = run("import", tmp_path / "rules.csv", "--data-dir", tmp_path / "other")
    assert again.out == "alert_rules: 0 new, 2 known already\n"


def test_of_several_numbers_one_that_nobody_has_changes_nothing(run: Run) -> None:
    run("alerts", "add", "last > 3")
    before = run("alerts", "list", "--json").out
    for command in ("remove", "mute"):
        result = run("alerts", command, 1, 7)
        assert (result.code, "no alert has the number 7" in result.err) == (2, True)
    assert run("alerts", "list", "--json").out == before
    result = run("alerts", "ack", 7)
    assert (result.code, result.out) == (2, "")
    assert result.err == "tapecast: no alert 7 has fired; `tapecast alerts history` names those that have\n"


@pytest.mark.parametrize("words", [("--symbol", "A/B"), ("--cooldown", "soon"), ("--hysteresis", "-1")])
def test_wrong_options_are_usage_errors(run: Run, words: tuple[str, ...]) -> None:
    assert run("alerts", "add", "last > 3", *words).code == 2


def test_history_has_the_contracts_keys_and_is_acknowledged(run: Run, data: Path) -> None:
    run("alerts", "add", "last > 3", "--symbol", "NVDA")
    with Store.open(data / "store.db") as store:
        now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
        alert = Alert(0, 1, "last > 3", Symbol("NVDA"), now, now, True, 4.0, "last > 3: last 4")
        (kept,) = store.alerts.record([alert], [], {})
        store.alerts.delivered([kept.id], Delivery("ntfy", True, 0.4, None))

    [row] = json.loads(run("alerts", "history", "--json").out)
    assert row == {
        "id": 1, "rule_id": 1, "rule": "last > 3", "symbol": "NVDA", "fired_at": "2026-03-02T15:00:00+00:00",
        "data_time": "2026-03-02T15:00:00+00:00", "late": True, "value": 4.0, "reason": "last > 3: last 4",
        "deliveries": [{"sink": "ntfy", "ok": True, "seconds": 0.4, "error": None}], "acked_at": None,
    }  # fmt: skip
    assert json.loads(run("alerts", "history", "--since", "2026-03-03", "--json").out) == []
    assert run("alerts", "ack").out == "1 acknowledged\n"
    assert run("alerts", "ack", 1).out == "0 acknowledged\n"
    assert "NVDA" in run("alerts", "history").out
