"""What a person may ask of long work: to begin, to stop, to ask the source for everything again."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import QuestionWithdrawn
from forecasting.service import everything
from forecasting.service.backend import Step, TickReport, Work
from forecasting.service.client import WorkerClient
from forecasting.service.snapshots import Status
from forecasting.service.status import Statuses
from forecasting.service.work_desk import WorkDesk
from tests.support.waiting import PATIENCE_S, until
from tests.support.worker_driver import worker_setup

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SYMBOLS = tuple(Symbol(f"S{n}") for n in range(60))
WELL = SourceHealth("yahoo", Health.OK, "ok")


class Desk:
    """A work desk, and what it had done."""

    def __init__(self, store: Store, health: SourceHealth = WELL) -> None:
        self.statuses = Statuses()
        self.begun: list[Work] = []
        self.cancelled: list[str] = []
        self.refreshes = 0
        self.desk = WorkDesk(
            store, self.statuses, begin=self.begin, canceller=self, refresh=self.refresh,
            status=lambda: Status(NOW, (), SYMBOLS, health, (), None, (), None), source="yahoo",
        )

    def begin(self, work: Work) -> None:
        self.begun.append(work)
        self.statuses.begin(work, "starting")

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)

    def refresh(self) -> None:
        self.refreshes += 1


def report(day: int, *due: Work) -> TickReport:
    return TickReport(NOW, date(2026, 2, day), (), (), 0, 0, 0, WELL, (), due, ())


def test_a_job_that_was_stopped_is_not_due_before_the_next_bars(store: Store) -> None:
    desk = Desk(store).desk
    assert desk.due(report(26, Work.TRAIN, Work.BACKFILL)) == (Work.TRAIN, Work.BACKFILL)
    assert "cancelled; due again after" in desk.stopped(Work.TRAIN, NOW + timedelta(hours=6))
    assert desk.due(report(26, Work.TRAIN, Work.BACKFILL)) == (Work.BACKFILL,)
    assert desk.due(report(27, Work.TRAIN)) == (Work.TRAIN,)


def test_training_can_be_asked_for_at_any_time_and_runs_once(store: Store) -> None:
    desk = Desk(store)
    desk.desk.stopped(Work.TRAIN, None)
    assert desk.desk.train().startswith("training has begun")
    assert desk.desk.train() == "training runs already; x stops it"
    assert desk.begun == [Work.TRAIN]


def test_stopping_stops_what_runs_and_says_so_where_nothing_does(store: Store) -> None:
    desk = Desk(store)
    assert desk.desk.cancel() == "nothing runs that could be stopped"
    desk.begin(Work.BACKFILL)
    assert desk.desk.cancel() == "backfill stops with its next step; the models at work stay there"
    desk.begin(Work.TRAIN)
    assert desk.desk.cancel() == "train and backfill stop with their next step; the models at work stay there"
    assert desk.cancelled == [Work.BACKFILL, Work.TRAIN, Work.BACKFILL]


def test_a_job_stopped_before_the_worker_has_heard_of_it_is_stopped_at_its_first_step(store: Store) -> None:
    desk = Desk(store)
    desk.begin(Work.TRAIN)
    desk.desk.cancel()
    del desk.cancelled[:]              # the worker knew of nothing to stop
    desk.desk.insist(Work.TRAIN)       # what the engine does at a step
    assert desk.cancelled == [Work.TRAIN]
    desk.statuses.end(Work.TRAIN, Health.OK, "cancelled", NOW)
    desk.begin(Work.TRAIN)
    desk.desk.insist(Work.TRAIN)
    assert desk.cancelled == [Work.TRAIN]


def test_a_download_of_histories_is_stopped_and_a_tick_without_one_is_not(store: Store) -> None:
    desk = Desk(store)
    desk.statuses.begin("refresh", "asking for quotes")
    assert desk.desk.cancel() == "nothing runs that could be stopped"
    desk.statuses.step("refresh", "history of AAPL, 2 of 60", 1 / 60)
    desk.desk.cancel()
    assert desk.cancelled == ["refresh"]


def test_asking_for_everything_says_what_it_costs(store: Store) -> None:
    desk = Desk(store)
    assert desk.desk.ask_for_everything() == (
        "yahoo is asked for everything again: 62 requests (2 for quotes, 60 for histories), no faster than its budget"
    )
    assert desk.refreshes == 1
    assert everything.take_wish(store)
    assert not everything.take_wish(store)


def test_an_open_breaker_is_said_with_its_time(store: Store) -> None:
    shut = SourceHealth("yahoo", Health.FAILED, "yahoo: too many requests; next try at 15:02:00 UTC", NOW,
                        NOW + timedelta(minutes=2))
    until = (NOW + timedelta(minutes=2)).astimezone()
    assert Desk(store, shut).desk.ask_for_everything() == (
        f"breaker open until {until:%H:%M:%S} (yahoo: too many requests); "
        "then yahoo is sent 62 requests (2 for quotes, 60 for histories)"
    )


def test_recorded_prices_cost_no_request() -> None:
    assert "no request is sent" in everything.cost("csv", SYMBOLS, WELL, NOW)


def test_a_long_job_in_a_worker_process_stops_with_its_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    client = WorkerClient(worker_setup(tmp_path), log_path=tmp_path / "w.log",
                          command=(sys.executable, "-m", "tests.support.worker_stub"))
    steps: list[Step] = []
    came: list[Exception] = []

    def run() -> None:
        try:
            client.work(Work.TRAIN, [Symbol("AAPL")], NOW, steps.append)
        except QuestionWithdrawn as error:
            came.append(error)

    job = threading.Thread(target=run)
    job.start()
    until(lambda: steps)      # four steps of a quarter second, if nobody stops it
    client.cancel(Work.TRAIN)
    job.join(PATIENCE_S)
    assert came
    assert len(steps) < 4
    assert client.pid is not None       # the worker lives on
    client.cancel(Work.TRAIN)           # nothing runs: nothing happens
    client.close()
