"""`tapecast journal`, `ledger`, `watch-once`, and `print` for scripts and status bars."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.domain.decision import Alert, AlertRule, Delivery, Notice, Signal, SignalKind
from forecasting.domain.forecast import Origin
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.service.watch_once import TIMED_OUT, watch_once
from tests.support.bars import make_series
from tests.support.command_line import Run
from tests.support.desk import write_csv
from tests.support.markets import CALENDARS
from tests.support.store import MONDAY, NVDA, close_of, forecast, series

NOW = datetime(2026, 3, 2, 21, 1, tzinfo=UTC)


@pytest.fixture
def kept(data: Path) -> Path:
    """A store with a settled signal, an alert of the day after, and a forecast."""
    data.mkdir()
    with Store.open(data / "store.db") as store:
        store.market.put_bars(series())
        store.signals.append([
            Signal(NVDA, SignalKind.MACD_GOLDEN, MONDAY, close_of(MONDAY), 100.0, 1, 3, "MACD 0.12 crossed above 0.10")
        ])
        store.signals.settle(1, 0.03, NOW + timedelta(days=5))
        rule = store.alerts.add(AlertRule(0, "last > 100", (NVDA,), None, (), 0.0, 0.0, NOW))
        day = close_of(MONDAY + timedelta(days=1))
        (alert,) = store.alerts.record([Alert(0, rule.id, rule.text, NVDA, day, day, False, 101.0, "last 101")], [], {})
        store.alerts.delivered([alert.id], Delivery("bell", True, 0.0, None))
        store.ledger.append([forecast()], Origin.LIVE, at=forecast().issued_at)
    return data


def test_the_journal_has_what_was_said_and_what_came_of_it(run: Run, kept: Path) -> None:
    rows = json.loads(run("journal", "--json").out)

    assert [(r["entry"], r["symbol"]) for r in rows] == [("alert", "NVDA"), ("signal", "NVDA")]
    assert (rows[1]["kind"], rows[1]["right"], rows[1]["log_return"]) == ("macd-golden", True, 0.03)
    assert (rows[0]["value"], rows[0]["return_1d"]) == (101.0, pytest.approx(51 / 50.5 - 1))
    assert [d["sink"] for d in rows[0]["deliveries"]] == ["bell"]
    assert [r["entry"] for r in json.loads(run("journal", "--since", "2026-03-03", "--json").out)] == ["alert"]
    assert json.loads(run("journal", "--symbol", "amd", "--json").out) == []


def test_the_journal_has_what_tapecast_told_of_itself_and_to_whom(run: Run, kept: Path) -> None:
    day = close_of(MONDAY + timedelta(days=2))
    with Store.open(kept / "store.db") as store:
        dead = store.sayings.record(Notice(0, day, "no fresh prices", "none since 14:02"), "k", "v")
        store.sayings.delivered([dead.id], Delivery("desk", False, 0.3, "503", next_try=day + timedelta(minutes=5)))
    assert json.loads(run("journal", "--json").out)[0] == {
        "entry": "notice", "id": 1, "time": day.isoformat(), "symbol": None, "title": "no fresh prices",
        "reason": "none since 14:02", "deliveries": [
            {"sink": "desk", "ok": False, "seconds": 0.3, "error": "503; next try 2026-03-04 21:05 UTC"}
        ],
    }  # fmt: skip
    assert run("journal").out.splitlines()[0].rstrip() == (
        "2026-03-04 21:00 UTC  -          no fresh prices: none since 14:02"
    )
    assert [r["entry"] for r in json.loads(run("journal", "--symbol", "NVDA", "--json").out)] == ["alert", "signal"]
    later = str(MONDAY + timedelta(days=3))
    assert json.loads(run("journal", "--since", later, "--json").out) == []
    assert [r["rule"] for r in json.loads(run("alerts", "history", "--json").out)] == ["last > 100"]


def test_the_ledger_is_verified_and_a_changed_row_is_named(run: Run, kept: Path) -> None:
    assert run("ledger", "verify").out == "1 forecasts, the chain holds\n"
    with Store.open(kept / "store.db") as store, store._database.transaction() as connection:
        connection.execute("DROP TRIGGER forecasts_stay")
        connection.execute("UPDATE forecasts SET model = 'lstm'")
    result = run("ledger", "verify", "--json")
    told = json.loads(result.out)
    assert (result.code, told["ok"]) == (1, False)
    assert "ledger entry 1: its columns say" in told["error"]


def test_a_damaged_store_has_no_ledger_that_holds_and_is_left_as_it_is(run: Run, kept: Path) -> None:
    store = kept / "store.db"
    for harm in (b"\xa5" * 4096, b""):
        whole = store.read_bytes()
        damaged = whole[:4096] + harm + whole[8192:] if harm else b""
        store.write_bytes(damaged)
        result = run("ledger", "verify", "--json")
        assert (result.code, result.json["ok"], result.json["forecasts"]) == (1, False, None)
        assert "is damaged" in result.json["error"]
        assert store.read_bytes() == damaged
        store.write_bytes(whole)
    store.write_bytes(b"")
    listed = run("alerts", "list", "--json")      # which has to open it
    assert (listed.code, listed.json) == (0, [])
    assert "could not be read (file is empty); it is kept as" in listed.err


def test_a_ledger_without_its_table_fails_and_says_so(run: Run, kept: Path) -> None:
    with closing(sqlite3.connect(kept / "store.db")) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DROP TABLE forecasts")
    result = run("ledger", "verify", "--json")
    assert (result.code, result.json["ok"]) == (1, False)
    assert "no such table: forecasts" in result.json["error"]


def test_each_interval_has_a_ledger_and_a_store_of_its_own(run: Run, kept: Path, tmp_path: Path) -> None:
    told = run("ledger", "verify", "--interval", "15m", "--json").json
    assert (Path(told["store"]).name, told["forecasts"], told["ok"]) == ("store-15m.db", 0, True)
    assert Path(run("status", "--interval", "15m", "--json").json["store"]).name == "store-15m.db"
    exported = run("ledger", "export", "--interval", "15m", "--to", tmp_path / "out", "--json").json
    assert (Path(exported["path"]).name, sum(exported["files"][str(tmp_path / "out" / "forecasts.csv")].values())) == (
        "store-15m.db", 0
    )


def test_the_ledger_is_exported(run: Run, kept: Path, tmp_path: Path) -> None:
    assert "1 forecasts" in run("ledger", "export", "--to", tmp_path / "out").out
    assert "NVDA" in (tmp_path / "out" / "forecasts.csv").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    days = [date(2015, 1, 5) + timedelta(days=i) for i in range(5)]
    return write_csv(tmp_path / "csv", [
        make_series("UP", [10, 11, 12, 13, 14], sessions=days), make_series("DOWN", [10, 9, 8, 7, 6], sessions=days),
    ])  # fmt: skip


def test_watch_once_says_for_whom_the_rule_holds_now(run: Run, folder: Path) -> None:
    result = run("--csv-dir", folder, "watch-once", "--exit-on", "change_pct > 0", "--json")

    told = json.loads(result.out)
    assert (result.code, told["fulfilled"], [r["symbol"] for r in told["rows"]]) == (0, True, ["UP"])
    assert told["rows"][0]["values"] == {"change_pct": pytest.approx(100 / 13)}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [("change_pct > 0 for 4 bars", ["UP"]), ("change_pct > 0 for 5 bars", []), ("last < 9 for 3 bars", ["DOWN"]),
     ("last < 9 for 4 bars", []), ("last > 9 for 2 bars or last < 7 for 1 bars", ["DOWN", "UP"])],
)  # fmt: skip
def test_for_how_long_something_has_held_is_known_at_the_first_look(
    run: Run, folder: Path, rule: str, holds: list[str]
) -> None:
    result = run("--csv-dir", folder, "watch-once", "--exit-on", rule, "--json")
    assert [r["symbol"] for r in json.loads(result.out)["rows"]] == holds
    assert result.code == (0 if holds else TIMED_OUT)


def test_a_rule_that_does_not_hold_in_time_has_an_exit_code_of_its_own(run: Run, folder: Path) -> None:
    result = run("--csv-dir", folder, "watch-once", "--exit-on", "last > 100", "--symbol", "UP")
    assert (result.code, result.out) == (TIMED_OUT, "not so: last > 100\n")
    assert run("--csv-dir", folder, "watch-once", "--exit-on", "lost > 100").code == 2


def test_where_no_price_is_seen_a_rule_is_not_said_to_be_false(run: Run, folder: Path) -> None:
    words = ("watch-once", "--exit-on", "last > 1", "--csv-dir", folder, "--json")
    unknown = run(*words, "--symbol", "NOPE")
    assert (unknown.code, unknown.json["fulfilled"]) == (1, False)
    assert "NOPE: no NOPE.csv" in unknown.err
    assert run(*words, "--symbol", "NOPE", "--symbol", json.loads(run(*words).out)["rows"][0]["symbol"]).code == 0


def test_watch_once_waits_for_a_crossing(folder: Path, tmp_path: Path) -> None:
    settings = Settings().overridden(source="csv", csv_dir=folder, data_dir=tmp_path / "data")
    now = datetime(2015, 1, 7, 21, 30, tzinfo=UTC)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        nonlocal now
        waits.append(seconds)
        now += timedelta(days=1)

    answer = watch_once(
        settings, "last crosses above 12.5", (), timeout=timedelta(days=9), every=timedelta(hours=1),
        on_step=lambda step: None, wait=wait, now=lambda: now,
    )
    assert (answer.exit_code, [r["symbol"] for r in answer.value["rows"]], waits) == (0, ["UP"], [3600.0])


def test_watch_once_waits_no_longer_than_it_may(folder: Path, tmp_path: Path) -> None:
    settings = Settings().overridden(source="csv", csv_dir=folder, data_dir=tmp_path / "data")
    now = datetime(2015, 1, 7, 21, 30, tzinfo=UTC)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        nonlocal now
        waits.append(seconds)
        now += timedelta(seconds=seconds)

    answer = watch_once(
        settings, "last > 1e9", (), timeout=timedelta(seconds=70), every=timedelta(seconds=30),
        on_step=lambda step: None, wait=wait, now=lambda: now,
    )
    assert (answer.exit_code, waits) == (TIMED_OUT, [30.0, 30.0, 10.0])


def test_print_for_spreadsheets_and_status_bars(run: Run, folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("--csv-dir", folder, "--as-of", "2015-01-09", "print", "--csv").out)))
    assert [(r["symbol"], r["last"], r["state"], r["error"]) for r in rows] == [
        ("DOWN", "6.0", "CLS", ""), ("UP", "14.0", "CLS", "")
    ]
    line = run("--csv-dir", folder, "--as-of", "2015-01-09", "print", "--line").out
    assert line == "DOWN 6.00 -14.3% CLS | UP 14.00 +7.7% CLS\n"


def test_alerts_of_shorter_bars_are_followed_by_sessions_of_them(run: Run, data: Path) -> None:
    days = [datetime(2015, 3, day, 14, 30, tzinfo=UTC) for day in (3, 4)]
    opens = [day + timedelta(minutes=15 * i) for day in days for i in range(26)]
    made = make_series("AAPL", [100.0 + i for i in range(52)], sessions=opens)
    data.mkdir()
    with Store.open(data / "store.db", interval=Interval.QUARTER) as store:
        store.market.put_bars(replace(made, interval=Interval.QUARTER))
        store.market.put_sessions(CALENDARS.sessions("XNYS", date(2015, 3, 2), date(2015, 3, 31)))
        rule = store.alerts.add(AlertRule(0, "last > 3", (), None, (), 0.0, 0.0, opens[0]))
        at = opens[5] + timedelta(minutes=15)
        store.alerts.record([Alert(0, rule.id, rule.text, Symbol("AAPL"), at, at, False, 105.0, "r")], [], {})
    [row] = run("journal", "--interval", "15m", "--json").json
    assert (row["return_1d"], row["return_5d"]) == (131.0 / 105.0 - 1.0, None)
