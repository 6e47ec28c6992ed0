"""What lies behind the screen, and the end of a log."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.sources.yahoo_breaker import CircuitBreaker, Lane
from forecasting.data.store import Store
from forecasting.domain.clock import FrozenClock
from forecasting.domain.decision import Alert, AlertRule, Delivery
from forecasting.domain.market import Symbol, SymbolFailure
from forecasting.domain.quarantine import Asked, quarantined
from forecasting.errors import SourceBroken, SourceRateLimited
from forecasting.service.inspection import SinkFacts, inspect
from forecasting.service.log_tail import BYTES, LINES, at_least, tail

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
AAPL, NOPE, GONE = Symbol("AAPL"), Symbol("NOPE"), Symbol("GONE")


def test_the_store_is_told_with_its_size_schema_newest_copy_and_last_look(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        before = inspect(store, (AAPL,), None).store
        (tmp_path / "store.db.backup-20260301T210000Z").write_bytes(b"copy")
        store.look_through()
        facts = inspect(store, (AAPL,), None).store
    assert (before.backup, before.looked_through, before.suspected) == (None, None, False)
    assert facts.backup is not None
    assert facts.backup[0] == "store.db.backup-20260301T210000Z"
    assert facts.looked_through is not None
    assert facts.size > 0
    assert facts.schema > 0


def test_quarantine_and_findings_of_what_is_watched_are_told(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        for symbol in (NOPE, GONE):
            failure = SymbolFailure(symbol, "unknown-symbol", f"{symbol}: unknown")
            store.quarantine.put([quarantined(failure, Asked.QUOTE, None, NOW)])
        store.findings.put(AAPL, ["2026-02-20: volume 0"], since=None)
        seen = inspect(store, (AAPL, NOPE), tmp_path / "app.log")
    assert [(q.symbol, q.probe_at) for q in seen.quarantine] == [(NOPE, NOW + timedelta(minutes=1))]
    assert seen.findings == ("AAPL: 2026-02-20: volume 0",)
    assert [path.name for path in seen.logs] == ["app.log", "worker.log"]


def test_each_sink_is_told_with_its_newest_alert_and_one_that_was_never_used_as_such(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        rule = store.alerts.add(AlertRule(0, "last > 1", (), None, (), 0.0, 0.0, NOW))
        times = [NOW - timedelta(hours=2), NOW - timedelta(hours=1), NOW]
        first, second, third = store.alerts.record(
            [Alert(0, rule.id, rule.text, AAPL, t, t, False, 2.0, "last 2") for t in times], (), {},
        )
        refused = Delivery("mail", False, 8.0, "no answer within 8 s")
        taken = Delivery("bell", True, 0.1, None)
        store.alerts.delivered([second.id], refused)
        store.alerts.delivered([first.id, third.id], taken)
        seen = inspect(store, (AAPL,), None, ["phone", "bell"])
    assert seen.sinks == (
        SinkFacts("phone", None), SinkFacts("bell", (times[2], taken)), SinkFacts("mail", (times[1], refused)),
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell")
def test_this_process_is_told_with_its_memory_and_threads(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        screen = inspect(store, (), None).processes[0]
    assert (screen.name, screen.pid) == ("screen", os.getpid())
    assert screen.memory is not None
    assert 10e6 < screen.memory < 10e9
    assert screen.threads is not None
    assert screen.threads >= 1


def test_the_budget_counts_the_last_minute_and_names_the_circuit_that_is_open() -> None:
    clock = FrozenClock(NOW)
    breaker = CircuitBreaker(clock, chance=lambda low, high: low)
    for _ in range(3):
        breaker.admit(Lane.QUOTES)
    clock.set(NOW + timedelta(seconds=50))
    breaker.admit(Lane.HISTORY)
    assert breaker.last_minute() == 4
    clock.set(NOW + timedelta(seconds=61))
    assert breaker.last_minute() == 1
    breaker.failed(Lane.QUOTES, SourceRateLimited("yahoo: too many requests; wait"))
    breaker.failed(Lane.SEARCH, SourceBroken("yahoo: query2: no JSON"))
    everything, histories, searches = breaker.circuits()
    assert (everything.name, everything.retry_at) == ("everything", clock.now() + timedelta(seconds=40))
    assert everything.cause == "yahoo: too many requests"
    assert (histories.retry_at, histories.failures) == (None, 0)
    assert (searches.name, searches.failures, searches.cause) == ("searches", 1, "yahoo: query2: no JSON")


def test_a_log_is_read_from_its_end_and_no_more_of_it_than_its_end(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    with open(path, "w") as file:
        file.writelines(f"2026-03-02 15:00:00,000 INFO tapecast line {n}\n" for n in range(20_000))
    lines = tail(path)
    assert path.stat().st_size > 3 * BYTES
    assert len(lines) <= LINES
    assert sum(len(line.text) + 1 for line in lines) <= BYTES
    assert lines[-1].text.endswith("line 19999")
    assert all("tapecast line" in line.text for line in lines)      # the first is whole too


def test_a_traceback_has_the_level_of_the_line_above_it_and_keeps_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("2026-03-02 15:00:00,000 ERROR forecasting failed\n  File \"x.py\"\n"
                    "2026-03-02 15:00:01,000 INFO tapecast \x1b[31mwell\x1b[0m\u202e\n")
    lines = tail(path)
    assert [(line.level, line.text) for line in lines] == [
        ("ERROR", "2026-03-02 15:00:00,000 ERROR forecasting failed"), ("ERROR", '  File "x.py"'),
        ("INFO", "2026-03-02 15:00:01,000 INFO tapecast well"),
    ]
    assert [line.text for line in at_least(lines, "WARNING", "file")] == ['  File "x.py"']


def test_a_line_without_end_and_a_file_that_is_not_there_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"\xff\xfe" * 300_000)
    assert all(len(line.text) <= 1_000 for line in tail(path))
    assert tail(tmp_path / "none.log") == ()
