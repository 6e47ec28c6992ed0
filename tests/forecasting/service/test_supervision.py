"""A worker in trouble: the engine goes on, says what is wrong and since when, and has a new one by itself.

The workers are real child processes, the deadlines short.
"""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, Snapshot
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import StoreError, WorkerCrashed, WorkerError
from forecasting.service.client import BACKOFF_S, WorkerClient
from forecasting.service.engine import Engine
from forecasting.service.pace import Cadence
from forecasting.service.watchlist import Watchlist
from forecasting.service.wire import WorkerSetup
from tests.support.bench_process import children
from tests.support.engines import without_sinks
from tests.support.troubled_worker import TROUBLES
from tests.support.waiting import PATIENCE_S, soon
from tests.support.worker_driver import worker_setup

ROOT = Path(__file__).resolve().parents[3]
AAPL = Symbol("AAPL")
DEADLINE_S = 1.5
TROUBLED = (sys.executable, "-m", "tests.support.troubled_worker")


@pytest.fixture
def trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Say what goes wrong from now on; nothing does at first."""
    path = tmp_path / "trouble"
    path.write_text("")
    monkeypatch.setenv("TAPECAST_TROUBLE", str(path))
    monkeypatch.chdir(ROOT)
    return lambda what: _write(path, what)


def _write(path: Path, what: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(what)
    new.replace(path)


@pytest.fixture
def client(tmp_path: Path, trouble: Callable[[str], None]) -> Iterator[WorkerClient]:
    made = WorkerClient(
        worker_setup(tmp_path), log_path=tmp_path / "w.log", command=TROUBLED, silence_tick_s=DEADLINE_S
    )
    yield made
    made.close()


class Screen:
    """An engine at work over `client`, and its snapshots."""

    def __init__(self, client: WorkerClient, *, every_s: float = 0.2) -> None:
        self.snapshots: list[Snapshot] = []
        store = Store.temporary()
        self.engine = Engine(
            store=store, backend=client, source_name="stub", cadence=Cadence(every_s, every_s),
            alarms=without_sinks(store),
            watchlist=Watchlist((WatchGroup("Core", (AAPL,)),), lambda groups: None),
        )

    def start(self) -> None:
        self.engine.start(self.snapshots.append, lambda job: threading.Thread(target=job).start())

    async def until(self, health: Health) -> Snapshot:
        """The first snapshot from the newest one on that says so."""
        newest = max(len(self.snapshots) - 1, 0)
        await soon(lambda: any(snapshot.source.health is health for snapshot in self.snapshots[newest:]))
        return next(snapshot for snapshot in self.snapshots[newest:] if snapshot.source.health is health)


@pytest.mark.parametrize("what", TROUBLES)
async def test_trouble_is_shown_and_ends_by_itself(
    client: WorkerClient, trouble: Callable[[str], None], what: str
) -> None:
    screen = Screen(client)
    screen.start()
    await screen.until(Health.OK)
    began = datetime.now(UTC)
    trouble(what)
    shown = (await screen.until(Health.FAILED)).source
    trouble("")
    again = await screen.until(Health.OK)
    screen.engine.stop()

    assert shown.since is not None
    assert shown.since >= began
    assert shown.message.startswith("tick: the worker")
    assert shown.message.isprintable()
    if what != "another-answer":        # there the worker itself is fine
        assert "it is started anew at once" in shown.message
    assert again.source.since is None


async def test_a_new_worker_is_asked_as_soon_as_there_may_be_one(
    client: WorkerClient, trouble: Callable[[str], None]
) -> None:
    screen = Screen(client, every_s=600.0)
    screen.start()
    await screen.until(Health.OK)
    trouble("killed")
    screen.engine.refresh()
    shown = await screen.until(Health.FAILED)
    trouble("")
    await screen.until(Health.OK)
    screen.engine.stop()

    assert shown.source.name == "worker"
    assert shown.source.retry_at is not None
    assert (shown.source.retry_at - shown.now).total_seconds() <= 1.0


def test_lines_that_are_no_frames_are_passed_over(client: WorkerClient, trouble: Callable[[str], None]) -> None:
    trouble("noise")
    first = [client.tick([AAPL], datetime.now(UTC), lambda step: None).new_bars, client.pid]

    assert [client.tick([AAPL], datetime.now(UTC), lambda step: None).new_bars, client.pid] == first


def test_back_off_grows_to_a_minute_and_a_good_answer_resets_it(
    tmp_path: Path, trouble: Callable[[str], None]
) -> None:
    now = [0.0]
    client = WorkerClient(
        worker_setup(tmp_path), log_path=tmp_path / "w.log", command=TROUBLED, monotonic=lambda: now[0]
    )

    def crash() -> float:
        with pytest.raises(WorkerCrashed) as caught:
            client.tick([AAPL], datetime.now(UTC), lambda step: None)
        assert caught.value.retry_s is not None
        return caught.value.retry_s

    trouble("exit-1")
    waits = []
    for _ in range(7):
        waits.append(crash())
        if waits[-1]:
            assert crash() == waits[-1]      # not asked before its time: nothing was started, nothing counted
        now[0] += waits[-1]
    trouble("")
    client.tick([AAPL], datetime.now(UTC), lambda step: None)
    trouble("exit-1")
    waits.append(crash())
    client.close()

    assert waits == [*BACKOFF_S, 60.0, 0.0]


def test_a_machine_that_slept_does_not_lose_its_worker(tmp_path: Path, trouble: Callable[[str], None]) -> None:
    trouble("slow")
    driver = subprocess.Popen(
        [sys.executable, "-m", "tests.support.worker_driver", str(tmp_path), "2.5", "4"], stdout=subprocess.PIPE,
        text=True,
    )
    assert driver.stdout is not None
    first = driver.stdout.readline().strip()
    everybody = (driver.pid, *children(driver.pid))
    time.sleep(0.2)                          # in the middle of the next tick
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    select.select([], [], [], 4.0)           # well over the deadline
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    rest, _ = driver.communicate(timeout=PATIENCE_S)

    assert rest.split() == [first] * 3


def real(folder: Path, store: Path) -> WorkerClient:
    setup = WorkerSetup(
        "simulated", store, folder / "m", folder / "c", None, 7, 2, worker_setup(folder).model, 2, 20, 1, 5
    )
    return WorkerClient(setup, log_path=folder / "worker.log")


def test_a_store_that_cannot_be_opened_is_named_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    path = tmp_path / "s.db"
    path.mkdir()
    client = real(tmp_path, path)

    with pytest.raises(StoreError, match=r"s\.db"):
        client.tick([], datetime.now(UTC), lambda step: None)
    first = client.pid
    path.rmdir()
    Store.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(1.0, other.rollback)
        release.start()
        assert client.tick([], datetime.now(UTC), lambda step: None).source.health is Health.OK
        release.join()
    assert client.pid == first
    client.close()


def test_errors_of_the_worker_say_when_it_comes_back() -> None:
    assert WorkerError("x").retry_s is None
    assert WorkerCrashed("x", retry_s=2.0).retry_s == 2.0
