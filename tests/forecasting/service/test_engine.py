"""The engine's near side, with a backend of a few lines: timers, failures, long jobs, replay, stopping."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Never

import pytest

from forecasting.data.store import Store
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import Instrument, Quote, RowState, Symbol
from forecasting.domain.sessions import Session, SessionTable
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import StoreCorrupt, StoreUnwritable, WorkerCrashed
from forecasting.service.backend import ModelStatus, OnStep, Step, TickReport, Work, WorkReport
from forecasting.service.engine import Engine
from forecasting.service.pace import Cadence
from forecasting.service.replaying import ReplayPlan
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.service.watchlist import Watchlist
from tests.support.engines import without_sinks
from tests.support.waiting import PATIENCE_S, soon

AAPL = Symbol("AAPL")
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)      # a Monday, New York open
DAYS = [date(2026, 3, day) for day in (2, 3, 4, 5, 6)]
TABLE = SessionTable(
    "XNYS", tuple(Session(d, datetime.combine(d, time(14, 30), UTC), datetime.combine(d, time(21), UTC)) for d in DAYS)
)


class FakeBackend:
    """Answers with `report` or raises `error`; counts what it was asked."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.error: Exception | None = None
        self.broken_from: datetime | None = None      # it raises `error` at this moment of the clock and later
        self.steps = True
        self.due: tuple[Work, ...] = ()
        self.closed_through: date | None = None
        self.ticks: list[datetime] = []
        self.asked: list[tuple[Symbol, ...]] = []
        self.works: list[Work] = []
        self.stopped: list[str] = []
        self.closed = False
        self.seen = threading.Event()
        self.hold = threading.Event()
        self.hold.set()

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        self.ticks.append(now)
        self.asked.append(tuple(symbols))
        self.hold.wait(PATIENCE_S)
        if self.error is not None and (self.broken_from is None or now >= self.broken_from):
            raise self.error
        if not symbols:
            on_step(Step("catalogue", "1 symbol", None, catalogue=(AAPL,)))
        if self.steps:
            on_step(Step("quotes", "1 of 1 quotes", None, stored=True))
        source = SourceHealth("fake", Health.OK, "ok")
        return TickReport(now, self.closed_through, (), (), 0, 0, 0, source, (), self.due, ("a note",))

    def work(self, work: Work, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> WorkReport:
        self.works.append(work)
        self.due = ()
        on_step(Step("train", "epoch 1", 0.5))
        self.seen.wait(PATIENCE_S)
        return WorkReport(work, 3.0, "LSTM trained", (ModelStatus("lstm", "abc", DAYS[0]),))

    def cancel(self, job: str) -> None:
        self.stopped.append(job)

    def close(self) -> None:
        self.closed = True


class Bench:
    """An engine at work, and the snapshots it has published."""

    def __init__(
        self, groups: Sequence[WatchGroup] = (WatchGroup("Core", (AAPL,)),), *,
        replay: ReplayPlan | None = None, pace_s: float = 0.05,
    ) -> None:
        self.store = Store.temporary()
        self.store.market.put_instruments([Instrument(AAPL, "Apple", "XNYS", "USD")])
        self.store.market.put_sessions(TABLE)
        self.backend = FakeBackend(self.store)
        self.clock = FrozenClock(NOW)
        self.engine = Engine(
            store=self.store,
            backend=self.backend,
            watchlist=Watchlist(groups, lambda groups: None),
            source_name="fake",
            cadence=Cadence(pace_s, pace_s),
            alarms=without_sinks(self.store, replayed=replay is not None),
            canceller=self.backend,
            replay=replay,
            clock=None if replay is not None else self.clock,
        )
        self.snapshots: list[Snapshot] = []

    def start(self) -> None:
        self.engine.start(self.snapshots.append, lambda job: threading.Thread(target=job).start())

    async def until(self, done: Callable[[], bool]) -> None:
        await soon(done)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    made.backend.hold.set()
    made.engine.stop()
    await asyncio.sleep(0.05)


async def test_a_snapshot_can_be_read_before_anything_was_started(bench: Bench) -> None:
    bench.store.market.put_quotes([Quote(AAPL, 101.0, NOW - timedelta(minutes=1), 100.0, "USD", "fake")])
    row = bench.engine.snapshot().rows[0]
    assert (row.last, row.state) == (101.0, RowState.LIVE)
    assert row.change_pct == pytest.approx(1.0)
    assert bench.backend.ticks == []


async def test_ticks_are_published_with_rising_versions(bench: Bench) -> None:
    bench.start()
    await bench.until(lambda: len(bench.backend.ticks) >= 3 and len(bench.snapshots) >= 3)
    versions = [s.version for s in bench.snapshots]
    assert versions == sorted(set(versions))
    newest = bench.snapshots[-1]
    assert (newest.source.health, newest.notices) == (Health.OK, ("a note",))


async def test_a_crashed_worker_is_shown_with_since_when_and_recovers(bench: Bench) -> None:
    bench.backend.error = WorkerCrashed("tick: the worker ended with code 3; it is started anew in 1 s")
    bench.start()
    await bench.until(lambda: len(bench.backend.ticks) >= 3)
    failed = bench.engine.snapshot().source
    assert (failed.health, failed.since) == (Health.FAILED, NOW)
    assert "started anew" in failed.message
    bench.backend.error = None
    await bench.until(lambda: bench.engine.snapshot().source.health is Health.OK)


async def test_a_full_disk_is_shown_as_the_stores_trouble_and_not_the_sources(bench: Bench) -> None:
    bench.backend.error = StoreUnwritable("the disk is full: nothing new is kept in store.db; free some space")
    bench.start()
    await bench.until(lambda: bench.engine.snapshot().source.health is Health.FAILED)
    failed = bench.engine.snapshot().source
    assert (failed.name, failed.since, failed.message[:16]) == ("store", NOW, "the disk is full")
    bench.backend.error = None
    await bench.until(lambda: bench.engine.snapshot().source.health is Health.OK)
    assert bench.engine.snapshot().source.name == "fake"


async def test_a_disk_that_refuses_a_job_is_shown_until_it_takes_rows_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = StoreUnwritable("the disk is full: nothing new is kept in store.db; free some space")

    def refused(*args: object) -> Never:
        raise full

    bench.backend.due = (Work.TRAIN,)
    monkeypatch.setattr(bench.backend, "work", refused)
    with monkeypatch.context() as disk:
        disk.setattr(bench.store.runs, "set_meta", refused)      # the row by which the store finds out
        bench.start()
        await bench.until(lambda: bench.engine.snapshot().source.name == "store")
        bench.backend.due, ticks = (), len(bench.backend.ticks)
        await bench.until(lambda: len(bench.backend.ticks) >= ticks + 3)      # these have nothing to write
        failed = bench.engine.snapshot().source
        assert (failed.health, failed.since, failed.message[:16]) == (Health.FAILED, NOW, "the disk is full")
    await bench.until(lambda: bench.engine.snapshot().source.health is Health.OK)


def test_a_store_that_cannot_be_read_leaves_what_was_read_on_screen(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.store.market.put_quotes([Quote(AAPL, 101.0, NOW - timedelta(minutes=1), 100.0, "USD", "fake")])

    def torn() -> dict[Symbol, Quote]:
        raise StoreCorrupt("store.db: database disk image is malformed; start tapecast again")

    with monkeypatch.context() as damaged:
        damaged.setattr(bench.store.market, "quotes", torn)
        nothing = bench.engine.snapshot()
    read = bench.engine.snapshot()
    monkeypatch.setattr(bench.store.market, "quotes", torn)
    kept = bench.engine.snapshot()
    assert [s.rows[0].last for s in (nothing, read, kept)] == [None, 101.0, 101.0]
    assert (kept.source.name, kept.source.health, kept.source.since) == ("store", Health.FAILED, NOW)
    assert "malformed" in kept.source.message


async def test_what_nobody_thought_of_is_shown_as_well(bench: Bench) -> None:
    bench.backend.error = KeyError("models")
    bench.start()
    await bench.until(lambda: bench.engine.snapshot().source.health is Health.FAILED)
    assert bench.engine.snapshot().source.message == "KeyError: 'models'; the log has the traceback"
    bench.backend.error = None
    await bench.until(lambda: bench.engine.snapshot().source.health is Health.OK)


async def test_a_due_job_runs_once_and_its_progress_and_end_are_shown(bench: Bench) -> None:
    bench.backend.due = (Work.TRAIN,)
    bench.start()
    await bench.until(lambda: any(j.progress == 0.5 for s in bench.snapshots for j in s.jobs))
    bench.backend.seen.set()
    await bench.until(lambda: any(j.message.startswith("LSTM trained") for j in bench.engine.snapshot().jobs))
    assert bench.backend.works == [Work.TRAIN]


async def test_a_job_stopped_before_the_backend_has_it_is_stopped_again_at_its_first_step(bench: Bench) -> None:
    bench.start()
    await bench.until(lambda: bool(bench.backend.ticks))
    bench.engine.work.train()
    bench.engine.work.cancel()      # the loop has not turned: the job is begun, and nobody has it yet
    assert (bench.backend.stopped, bench.backend.works) == ([Work.TRAIN], [])
    await bench.until(lambda: bench.backend.stopped == [Work.TRAIN, Work.TRAIN])
    bench.backend.seen.set()


async def test_a_pause_stops_polling_and_resuming_goes_on(bench: Bench) -> None:
    bench.start()
    await bench.until(lambda: len(bench.backend.ticks) >= 1)
    bench.engine.pause(True)
    count = len(bench.backend.ticks)
    await asyncio.sleep(0.3)
    assert len(bench.backend.ticks) <= count + 1     # one may have been on its way
    count = len(bench.backend.ticks)
    bench.engine.pause(False)
    await bench.until(lambda: len(bench.backend.ticks) > count)


async def test_a_slow_tick_is_never_run_twice_at_once(bench: Bench) -> None:
    bench.backend.hold.clear()
    bench.start()
    await bench.until(lambda: len(bench.backend.ticks) == 1)
    bench.engine.refresh()
    await asyncio.sleep(0.2)
    assert len(bench.backend.ticks) == 1
    bench.backend.hold.set()
    await bench.until(lambda: len(bench.backend.ticks) >= 2)


async def test_stopping_ends_the_worker_and_no_tick_follows(bench: Bench) -> None:
    bench.start()
    await bench.until(lambda: len(bench.backend.ticks) >= 1)
    bench.engine.stop()
    bench.engine.stop()
    count = len(bench.backend.ticks)
    await asyncio.sleep(0.2)
    assert bench.backend.closed
    assert len(bench.backend.ticks) <= count + 1     # one may have been on its way


async def test_an_engine_that_is_stopped_while_it_starts_says_nothing(bench: Bench) -> None:
    jobs: list[Callable[[], None]] = []
    bench.engine.start(bench.snapshots.append, jobs.append)
    bench.engine.stop()
    for job in jobs:      # a thread that was late; the store is closed
        job()
    await asyncio.sleep(0.05)
    assert (len(jobs), bench.backend.ticks) == (1, [])


async def test_an_added_symbol_is_in_the_next_snapshot_and_undo_takes_it_out(bench: Bench) -> None:
    bench.engine.lists.add("Core", "msft")
    assert [r.symbol for r in bench.engine.snapshot().rows] == ["AAPL", "MSFT"]
    assert bench.engine.lists.undo() == "added MSFT to Core"
    assert [r.symbol for r in bench.engine.snapshot().rows] == ["AAPL"]


async def test_what_the_source_can_name_is_taken_where_nobody_has_made_a_list_and_refreshed_at_once() -> None:
    bench = Bench((), pace_s=1_000.0)
    try:
        bench.start()
        await bench.until(lambda: len(bench.backend.asked) >= 2)      # more where an exchange opens or closes
        assert bench.backend.asked[:2] == [(), (AAPL,)]
    finally:
        bench.engine.stop()


async def test_a_list_left_empty_is_asked_about_nothing_although_the_source_can_name_symbols() -> None:
    bench = Bench((WatchGroup("Core", ()),))
    try:
        bench.start()
        await bench.until(lambda: len(bench.backend.asked) >= 3)
        assert set(bench.backend.asked) == {()}
        assert bench.engine.snapshot().rows == ()
    finally:
        bench.engine.stop()


async def test_a_replay_starts_with_the_session_after_the_last_one_stored() -> None:
    bench = Bench(replay=ReplayPlan(DAYS[1], seconds_per_session=1.0))
    backend, night = bench.backend, datetime.combine(DAYS[1], time(21), UTC)
    backend.closed_through = DAYS[0]
    # The night after the first session lasts until its bars are forecast.
    backend.error, backend.broken_from = WorkerCrashed("tick: the worker ended"), night
    try:
        bench.start()
        await bench.until(lambda: sum(now >= night for now in backend.ticks) >= 4)
        assert backend.ticks[0] == datetime(2026, 3, 3, tzinfo=UTC)      # the night before
        assert any(now.date() == DAYS[1] and now < night for now in backend.ticks)
        assert max(backend.ticks).date() == DAYS[1]
        backend.closed_through = DAYS[1]
        backend.error = None
        await bench.until(lambda: max(backend.ticks).date() >= DAYS[2])
        status = bench.engine.snapshot().replay
        assert status is not None
        assert not status.finished
    finally:
        bench.engine.stop()
        await asyncio.sleep(0.05)


async def test_a_hole_in_a_recording_is_passed_over_and_its_end_ends_the_replay() -> None:
    days = [date(2026, 3, 2) + timedelta(days=i) for i in range(15)]
    bench = Bench(replay=ReplayPlan(days[0], seconds_per_session=0.05))
    bench.store.market.put_sessions(
        SessionTable(
            "XNYS",
            tuple(Session(d, datetime.combine(d, time(14, 30), UTC), datetime.combine(d, time(21), UTC)) for d in days),
        )
    )
    bench.backend.closed_through = days[0]      # and no bar ever after
    try:
        bench.start()
        bench.engine.change_speed(5)
        await bench.until(lambda: (r := bench.engine.snapshot().replay) is not None and r.finished)
        assert max(bench.backend.ticks).date() == days[10]
    finally:
        bench.engine.stop()
        await asyncio.sleep(0.05)


async def test_a_rule_added_while_running_fires_once_and_stays_unseen_until_acknowledged(bench: Bench) -> None:
    def quote(price: float, at: datetime) -> None:
        bench.clock.set(at)
        bench.store.market.put_quotes([Quote(AAPL, price, at, 100.0, "USD", "fake")])

    quote(99.0, NOW)
    rule = bench.engine.alerts.add("last > 100", symbols=[AAPL])
    bench.start()
    await bench.until(lambda: len(bench.backend.ticks) >= 2)
    quote(101.0, NOW + timedelta(seconds=15))
    await bench.until(lambda: bool(bench.snapshots and bench.snapshots[-1].alerts))
    ticks = len(bench.backend.ticks)
    await bench.until(lambda: len(bench.backend.ticks) >= ticks + 2)

    [alert] = bench.engine.snapshot().alerts
    assert (alert.rule_id, alert.symbol, alert.value, alert.late) == (rule.id, AAPL, 101.0, False)
    assert bench.engine.snapshot().alerts_unseen == 1
    assert bench.engine.alerts.acknowledge() == 1
    assert bench.engine.snapshot().alerts_unseen == 0


async def test_a_tick_reads_the_store_once_for_rules_and_screen(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    read = SnapshotReader.read

    def counted(self: SnapshotReader, version: int, status: Status) -> Snapshot:
        nonlocal reads
        reads += 1
        return read(self, version, status)

    async def at_rest() -> None:
        ticks = len(bench.backend.ticks)
        await bench.until(lambda: len(bench.backend.ticks) > ticks + 3)

    bench.backend.steps = False
    bench.start()
    await at_rest()
    monkeypatch.setattr(SnapshotReader, "read", counted)
    before = len(bench.backend.ticks)
    await at_rest()
    assert reads <= len(bench.backend.ticks) - before + 1
