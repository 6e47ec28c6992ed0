"""The pipe to the worker process: answers, errors, crashes, hangs. The workers here are real child processes."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasting.config import ModelSettings
from forecasting.domain.market import Symbol
from forecasting.errors import NotEnoughHistory, QuestionWithdrawn, WorkerCrashed, WorkerError, WorkerTimeout
from forecasting.service.backend import Step, Ticks, Work
from forecasting.service.client import WorkerClient
from forecasting.service.wire import WorkerSetup, decode, encode, pack, unpack
from tests.support.fake_stream import FakeStream
from tests.support.waiting import until, within

AAPL = Symbol("AAPL")
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
STUB = (sys.executable, "-m", "tests.support.worker_stub")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerClient]:
    monkeypatch.chdir(Path(__file__).parents[3])
    made = WorkerClient(setup(tmp_path), log_path=tmp_path / "worker.log", command=STUB)
    yield made
    made.close()


@pytest.fixture
def hasty(tmp_path: Path, client: WorkerClient) -> Iterator[WorkerClient]:
    """One that soon gives a silent tick up; a worker must have the time to start within that."""
    made = WorkerClient(setup(tmp_path), log_path=tmp_path / "w.log", command=STUB, silence_tick_s=3.0)
    yield made
    made.close()


def test_what_a_worker_is_told_arrives_as_it_was_said(tmp_path: Path) -> None:
    told = replace(setup(tmp_path), model=ModelSettings(features=("market", "technical"), body="transformer", l1=1e-5))
    assert unpack(WorkerSetup, decode(encode({"args": pack(told)}))["args"]) == told


def setup(folder: Path) -> WorkerSetup:
    return WorkerSetup("csv", folder / "s.db", folder, folder, folder, 7, 12, ModelSettings(), None, 126, 1, 5)


def tick(client: WorkerClient, symbol: str, steps: list[Step] | None = None) -> tuple[Symbol, ...]:
    return client.tick([Symbol(symbol)], NOW, (steps if steps is not None else []).append).new_bars


def test_a_tick_comes_back_with_its_steps_and_values(client: WorkerClient) -> None:
    steps: list[Step] = []
    report = client.tick([Symbol("AAPL")], NOW, steps.append)
    assert steps == [Step("quotes", "asking", 0.5)]
    assert (report.at, report.new_bars, report.due) == (NOW, ("AAPL",), (Work.TRAIN,))


def test_what_a_library_prints_does_not_reach_the_pipe(client: WorkerClient) -> None:
    assert tick(client, "NOISE") == ("NOISE",)


def test_an_error_of_the_tree_arrives_as_itself(client: WorkerClient) -> None:
    with pytest.raises(NotEnoughHistory, match="3 bars, needs 60"):
        tick(client, "SHORT")


def test_a_bug_over_there_is_named_and_the_worker_lives_on(client: WorkerClient) -> None:
    with pytest.raises(WorkerError, match="ZeroDivisionError"):
        tick(client, "BUG")
    assert tick(client, "AAPL") == ("AAPL",)


def test_a_crash_is_said_and_the_next_call_has_a_new_worker(client: WorkerClient) -> None:
    tick(client, "AAPL")
    first = client.pid
    with pytest.raises(WorkerCrashed, match="ended with code 3"):
        tick(client, "CRASH")
    assert tick(client, "AAPL") == ("AAPL",)
    assert client.pid not in (None, first)


def test_a_worker_that_keeps_crashing_is_started_ever_more_rarely(client: WorkerClient) -> None:
    for _ in range(2):
        with pytest.raises(WorkerCrashed):
            tick(client, "CRASH")
    with pytest.raises(WorkerCrashed, match="started anew in 1 s"):
        tick(client, "AAPL")


def test_a_hang_is_ended_at_its_deadline(hasty: WorkerClient) -> None:
    with within(5.0), pytest.raises(WorkerTimeout, match="said nothing for 3 s"):
        tick(hasty, "HANG")
    assert hasty.pid is None


def test_a_long_job_does_not_hold_up_a_tick(client: WorkerClient) -> None:
    steps: list[Step] = []

    def train() -> None:
        with pytest.raises(QuestionWithdrawn):
            client.work(Work.TRAIN, [Symbol("SLOW")], NOW, steps.append)

    training = threading.Thread(target=train)
    training.start()
    until(lambda: steps)
    assert tick(client, "AAPL") == ("AAPL",)
    assert training.is_alive()
    client.cancel(Work.TRAIN)
    training.join()


def test_a_long_job_that_waits_for_another_is_not_taken_for_hung(tmp_path: Path, client: WorkerClient) -> None:
    patient = WorkerClient(setup(tmp_path), log_path=tmp_path / "w.log", command=STUB, silence_work_s=1.5)
    done: list[Work] = []

    tick(patient, "AAPL")

    def run(work: Work) -> None:
        done.append(patient.work(work, [Symbol("AAPL")], NOW, lambda step: None).work)

    threads = [threading.Thread(target=run, args=(work,)) for work in Work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    patient.close()
    assert set(done) == set(Work)       # the last one waited for two seconds, and a silence of 1.5 s is allowed


def test_closing_ends_the_child_and_refuses_further_calls(client: WorkerClient) -> None:
    tick(client, "AAPL")
    pid = client.pid
    assert pid is not None
    client.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(WorkerCrashed, match="closed"):
        tick(client, "AAPL")


def test_streamed_prices_come_unasked_at_most_four_times_a_second_and_stop_when_told(
    client: WorkerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Ticks] = []
    with FakeStream(every_s=0.01) as fake:
        monkeypatch.setenv("TAPECAST_STREAM_URL", fake.url)
        client.stream([AAPL], heard.append)             # no worker yet: nothing to ask, and nobody is started for it
        assert client.pid is None
        tick(client, "AAPL")
        began = time.monotonic()
        client.stream([AAPL], heard.append)
        until(lambda: fake.sent["AAPL"] > 100)
        until(lambda: any(ticks.quotes for ticks in heard))
        priced = sum(bool(ticks.quotes) for ticks in heard)
        assert priced <= 4 * (time.monotonic() - began) + 1
        assert tick(client, "AAPL") == ("AAPL",)        # answers and ticks share the pipe
        assert {(q.symbol, q.source) for ticks in heard for q in ticks.quotes} == {("AAPL", "yahoo stream")}
        client.stream([], heard.append)
        until(lambda: fake.open == 0)


def test_a_pause_reaches_the_stream_while_a_tick_hangs(client: WorkerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Step] = []

    def hang() -> None:
        with pytest.raises(WorkerCrashed):
            tick(client, "HANG", steps)

    with FakeStream() as fake:
        monkeypatch.setenv("TAPECAST_STREAM_URL", fake.url)
        tick(client, "AAPL")
        client.stream([AAPL], lambda ticks: None)
        until(lambda: fake.open == 1)
        hanging = threading.Thread(target=hang)
        hanging.start()
        until(lambda: steps)
        client.stream([], lambda ticks: None)
        until(lambda: fake.open == 0)
        assert hanging.is_alive()       # the tick has not been given up
        client.close()
        hanging.join()


def test_unreadable_ticks_are_dropped(client: WorkerClient) -> None:
    heard: list[Ticks] = []
    client.stream([], heard.append)
    client._ticked({"quotes": [{"symbol": "AAPL", "price": "much"}]})
    assert heard == []
