"""Delivery: each sink by itself, each alert once, what became of it on record, and secrets kept."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import pytest

from forecasting.config import AlertSettings, SinkSettings
from forecasting.config.secrets import Secret
from forecasting.data.store import Store
from forecasting.domain.decision import Alert
from forecasting.errors import DeliveryError, StoreError
from forecasting.service.delivery import AlertDelivery, TerminalEvent, try_sink
from tests.support.alerts import FIRED, notice
from tests.support.delivering import ALERTS, MORNING, A, Sinks, fired, rule, running, told
from tests.support.sink_server import SinkServer
from tests.support.waiting import PATIENCE_S, until, within

ROOT = Path(__file__).resolve().parents[3]
TOPIC = "hunter2-topic"
NIGHT = AlertSettings(quiet_hours="22:00-07:00")


@pytest.fixture
def fakes() -> Sinks:
    return Sinks()


def test_an_alert_reaches_every_sink_of_its_rule_and_that_is_on_record(store: Store, fakes: Sinks) -> None:
    everywhere, just_b = rule(store), rule(store, "b", "b")
    alerts = fired(store, everywhere) + fired(store, just_b)
    with running(store, fakes) as delivery:
        delivery.submit(alerts)
        until(lambda: sum(map(len, told(store))) == 3)
    assert told(store) == [[("a", True, None), ("b", True, None)], [("b", True, None)]]
    assert (fakes["a"].ids, fakes["b"].ids) == ([1], [1, 2])
    assert [m.text for m in fakes["a"].got] == ["rsi crosses above 70: rsi 71.25"]


def test_a_sink_that_hangs_delays_neither_the_engine_nor_another_sink_nor_the_end(store: Store, fakes: Sinks) -> None:
    fakes["a"].go.clear()
    by = rule(store)
    with running(store, fakes) as delivery:
        with within(1.0):
            delivery.submit(fired(store, by))
            fakes["a"].hangs.wait(PATIENCE_S)
            for _ in range(3):
                delivery.submit(fired(store, by))
        until(lambda: fakes["b"].ids == [1, 2, 3, 4])
        assert fakes["a"].got == []
    assert told(store) == [[("b", True, None)]] * 4


def test_what_an_earlier_run_left_is_delivered_late_once_and_to_whom_it_is_owed(store: Store, fakes: Sinks) -> None:
    by = rule(store)
    fakes["a"].go.clear()
    with running(store, fakes) as delivery:
        delivery.submit(fired(store, by))
        until(lambda: fakes["b"].ids == [1] and fakes["a"].hangs.is_set())
    for _ in range(2):      # restarts
        with running(store, fakes, now=MORNING) as delivery:
            delivery.submit(fired(store, by, at=MORNING))
            until(lambda: all(len(row) == 2 for row in told(store)))
    assert fakes["a"].ids == [1, 2, 3]
    assert fakes["b"].ids == [1, 2, 3]
    assert [m.text for m in fakes["a"].got] == [
        "rsi crosses above 70: rsi 71.25 (late: of 2026-03-02 15:31 UTC)", *["rsi crosses above 70: rsi 71.25"] * 2,
    ]  # fmt: skip


def test_what_a_killed_process_had_under_way_is_delivered_late_once_after_the_restart(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        by = rule(store)
        fired(store, by)
    with SinkServer("hang", 200) as far:
        sink = SinkSettings(name="desk", kind="webhook", url=Secret(far.url("/")))
        words = [sys.executable, "-m", "tests.support.deliverer", str(path), far.url("/"), MORNING.isoformat()]
        process = subprocess.Popen(words, cwd=ROOT)
        try:
            assert far.arrived.acquire(timeout=PATIENCE_S)
        finally:
            process.kill()
            process.wait()
        with Store.open(path) as store:
            for _ in range(2):
                with running(store, None, [sink], now=MORNING):
                    until(lambda: told(store) == [[("desk", True, None)]])
    assert [json.loads(p.body)["alerts"][0]["late"] for p in far.posted] == [True, True]      # in vain, and well


def test_an_alert_that_is_left_over_and_submitted_as_well_is_delivered_once(store: Store, fakes: Sinks) -> None:
    alerts = fired(store, rule(store))
    with running(store, fakes, now=MORNING) as delivery:
        delivery.submit(alerts)
        until(lambda: fakes["a"].ids == fakes["b"].ids == [1])
        delivery.notify(notice(0))
        until(lambda: not fakes["a"].got[-1].alerts and not fakes["b"].got[-1].alerts)
    assert (fakes["a"].ids, fakes["b"].ids) == ([1], [1])


def test_what_is_a_day_old_seen_or_of_a_removed_rule_is_no_news(store: Store, fakes: Sinks) -> None:
    old, removed = rule(store), rule(store)
    fired(store, old, at=MORNING - timedelta(hours=25))
    (seen,) = fired(store, old)
    store.alerts.acknowledge([seen.id], MORNING)
    fired(store, removed)
    store.alerts.remove(removed.id, MORNING)
    (news,) = fired(store, old)
    with running(store, fakes, now=MORNING):
        until(lambda: fakes["a"].ids == [news.id] and fakes["b"].ids == [news.id])


def test_trouble_is_met_with_three_tries_and_a_refusal_with_one(store: Store, fakes: Sinks) -> None:
    busy, no = DeliveryError("503", again=True), DeliveryError("404")
    fakes["a"].failures = [busy, busy]
    fakes["b"].failures = [no]
    with running(store, fakes) as delivery:
        delivery.submit(fired(store, rule(store)))
        until(lambda: told(store) == [[("a", True, None), ("b", False, "404")]])
        assert len(delivery.problems) == 1
        assert delivery.problems[0].startswith("alerts do not reach b since ")
    with running(store, fakes, now=MORNING) as delivery:
        delivery.submit(fired(store, rule(store)))
        until(lambda: told(store)[1:] == [[("a", True, None), ("b", True, None)]])
    assert (fakes["a"].ids, fakes["b"].ids) == ([1, 2], [2])      # what was refused is history and not tried again


def test_a_defect_in_a_sink_is_a_failure_that_tells_no_text_of_its_own(store: Store, fakes: Sinks) -> None:
    fakes["a"].failures = [ValueError(TOPIC)]
    with running(store, fakes, [A]) as delivery:
        delivery.submit(fired(store, rule(store)))
        until(lambda: told(store) == [[("a", False, "unexpected ValueError")]])
        delivery.submit(fired(store, rule(store)))
        until(lambda: fakes["a"].ids == [2])


def test_a_muted_rule_is_not_delivered_and_an_unknown_sink_is_named(store: Store, fakes: Sinks) -> None:
    muted, lost = rule(store, "a"), rule(store, "gone")
    store.alerts.mute(muted.id, FIRED + timedelta(minutes=1))
    with running(store, fakes) as delivery:
        delivery.submit(fired(store, muted) + fired(store, lost) + fired(store, muted, at=FIRED + timedelta(minutes=1)))
        until(lambda: fakes["a"].ids == [3])
    assert told(store) == [
        [("a", False, "muted")], [("gone", False, "no [[sink]] is called 'gone'")], [("a", True, None)],
    ]  # fmt: skip


def test_ten_thousand_firings_arrive_as_one_digest(store: Store, fakes: Sinks) -> None:
    by = rule(store)
    alerts = fired(store, by, 10_000)
    with running(store, fakes, [A]) as delivery:
        for i in range(0, 10_000, 500):
            delivery.submit(alerts[i : i + 500])
        until(lambda: bool(store.alerts.history(limit=1)[0].deliveries))
    (message,) = fakes["a"].got
    assert message.title == "10000 alerts"
    assert message.text.startswith("NVDA (10000); rsi crosses above 70 (10000); first: NVDA rsi crosses above 70: rsi")
    assert told(store) == [[("a", True, None)]] * 10_000


def test_quiet_hours_hold_back_all_but_toasts_and_what_waits_is_left_for_the_next_run(
    store: Store, fakes: Sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = time_of_day(0, 30)
    monkeypatch.setattr("forecasting.service.lane._local_time", lambda: local)
    toast = SinkSettings(name="toast", kind="toast")
    with running(store, fakes, [A, toast], settings=NIGHT, show=lambda e: None) as delivery:
        delivery.submit(fired(store, rule(store)))
        until(lambda: fakes["toast"].ids == [1])
        assert fakes["a"].got == []
    local = time_of_day(7)
    with running(store, fakes, [A, toast], settings=NIGHT, now=MORNING, show=lambda e: None):
        until(lambda: fakes["a"].ids == [1])
    assert fakes["toast"].ids == [1]


def test_without_a_terminal_what_is_for_it_is_left_to_the_app_and_beside_a_daemon_the_rest_to_that(
    store: Store
) -> None:
    bell = SinkSettings(name="bell", kind="bell")
    by = rule(store)
    seen: list[TerminalEvent] = []
    fakes = Sinks()
    with running(store, fakes, [A, bell]) as daemon:
        daemon.submit(fired(store, by))
        until(lambda: told(store) == [[("a", True, None)]])
    with running(store, None, [A, bell], now=MORNING, show=seen.append, outside=False):
        until(lambda: told(store) == [[("a", True, None), ("bell", True, None)]])
    assert [e.sequence for e in seen] == ["\x07"]


def test_a_notice_reaches_all_sinks_and_is_no_alert(store: Store, fakes: Sinks) -> None:
    with running(store, fakes) as delivery:
        delivery.notify(notice(0))
        until(lambda: len(fakes["a"].got) == len(fakes["b"].got) == 1)
    assert fakes["a"].got[0].kind == "notice"
    assert told(store) == []


@pytest.mark.parametrize("answer", [200, 404, "hang-up"])
def test_no_log_line_error_record_or_repr_holds_a_secret(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: int | str
) -> None:
    caplog.set_level(logging.DEBUG)
    key = tmp_path / "key"
    key.write_text(f"{TOPIC}-key")
    key.chmod(0o600)
    with SinkServer(answer) as far:
        sinks = (
            SinkSettings(name="desk", kind="webhook", url=Secret(far.url(f"/{TOPIC}")),
                         secret=Secret(f"file:{key}")),
            SinkSettings(name="phone", kind="apprise", url=Secret(far.url(f"/{TOPIC}", scheme="json")),
                         timeout=60.0),
            SinkSettings(name="wrong", kind="webhook", url=Secret(f"ftp://{TOPIC}")),
            SinkSettings(name="none", kind="apprise", url=Secret(f"nonsense://{TOPIC}"), timeout=60.0),
        )  # fmt: skip
        with running(store, None, sinks, backoff_s=()) as delivery:
            delivery.submit(fired(store, rule(store)))
            until(lambda: len(told(store)[0]) == 4)
            shown = [repr(delivery), repr(delivery.problems), repr(sinks), repr(vars(delivery))]
        tried = [try_sink(sink, None) for sink in sinks[:3]]
    assert [ok for _, ok, _ in told(store)[0]] == [answer == 200, False, answer == 200, False]
    assert len(far.posted) >= 4
    shown += [caplog.text, repr(told(store)), repr([asdict(d) for d in tried]), repr(store.alerts.history())]
    assert TOPIC not in "".join(shown)
    assert TOPIC in repr(far.posted)      # and yet it was used
    assert "apprise" not in sys.modules


def test_what_could_not_be_read_at_the_start_is_read_with_the_next_alert(
    store: Store, fakes: Sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = rule(store)
    (left,) = fired(store, by)
    asked = threading.Semaphore(0)

    def locked(**wanted: object) -> tuple[Alert, ...]:
        asked.release()
        monkeypatch.undo()
        raise StoreError("the store is locked")

    monkeypatch.setattr(store.alerts, "history", locked)
    with running(store, fakes, [A], now=MORNING) as delivery:
        assert asked.acquire(timeout=PATIENCE_S)
        delivery.submit(fired(store, by, at=MORNING))
        until(lambda: fakes["a"].ids == [2, left.id])


def test_a_closed_store_ends_in_no_traceback(fakes: Sinks, caplog: pytest.LogCaptureFixture) -> None:
    with Store.temporary() as store:
        alerts = fired(store, rule(store))
        delivery = AlertDelivery(store, [A], ALERTS, make=lambda sink, _: fakes["a"])
        delivery.start(FIRED)
        store.close()
        delivery.submit(alerts)
        until(lambda: "not on record" in caplog.text)
        delivery.close()
        delivery.close()
    assert "Traceback" not in caplog.text


def test_nothing_a_sink_needs_is_imported_before_the_first_alert() -> None:
    code = (
        "import sys, forecasting.service.delivery; "
        "print(*sorted(sys.modules.keys() & {'apprise', 'requests', 'urllib3', 'http.client', 'ssl'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=ROOT)  # fmt: skip
    assert done.stdout.split() == []


def test_a_rule_changed_meanwhile_counts_as_it_is_now(store: Store, fakes: Sinks) -> None:
    by = rule(store, "a")
    with running(store, fakes) as delivery:
        delivery.submit(fired(store, by))
        until(lambda: fakes["a"].ids == [1])
        store.alerts.mute(by.id, datetime(2027, 1, 1, tzinfo=UTC))
        delivery.submit(fired(store, by))
        until(lambda: told(store)[1:] == [[("a", False, "muted")]])
        delivery.submit(tuple(replace(a, rule_id=99) for a in fired(store, by)))      # of no rule known: to all
        until(lambda: fakes["b"].ids == [3])
