"""The engine: timers, watchlist and snapshots on the near side; ticks and long jobs on the far side.

Both front ends use it. It runs in the screen's process and so imports nothing heavy: a `Backend` does the work, usually
in a child process, and leaves its facts in the store, from which every snapshot is read. Whatever fails over there
becomes a line in the snapshot: what is wrong, since when, what happens next.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from forecasting.data.store import Store
from forecasting.domain.clock import Clock, WallClock
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.domain.sessions import Session, SessionTable
from forecasting.domain.snapshot import Health, JobStatus, Snapshot, SymbolDetail
from forecasting.errors import QuestionWithdrawn, StoreUnwritable, TapecastError, WorkerError
from forecasting.service.alert_desk import AlertDesk
from forecasting.service.backend import Backend, Canceller, Inquirer, OnStep, Step, Streamer, TickReport, Ticks, Work
from forecasting.service.blame import Blame
from forecasting.service.carrier import Carrier
from forecasting.service.coalesce import Coalesced
from forecasting.service.columns import ColumnChoice
from forecasting.service.facade import OnSnapshot, RunInThread
from forecasting.service.holdings import HoldingsDesk
from forecasting.service.inspection import Inspection, inspect
from forecasting.service.late_alarms import LateAlarms
from forecasting.service.pace import Cadence, next_close, wakes
from forecasting.service.publishing import Publisher
from forecasting.service.replaying import Replaying, ReplayPlan
from forecasting.service.scheduler import Jobs, Timers
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.service.status import Statuses, challenger_line
from forecasting.service.threads import give_back, one_arena
from forecasting.service.ticks import TickInbox
from forecasting.service.view import STALE_AFTER
from forecasting.service.watchlist import Watchlist
from forecasting.service.work_desk import WorkDesk

if TYPE_CHECKING:
    from forecasting.service.delivery import Show
    from forecasting.service.onlooker import Onlooker

log = logging.getLogger(__name__)
A = TypeVar("A")

REFRESH = "refresh"
REPLAY_STALE_AFTER = timedelta(hours=8)


class Engine:
    """See `forecasting.service.facade.EngineFacade`, which this implements."""

    def __init__(
        self,
        *,
        store: Store,
        backend: Backend,
        watchlist: Watchlist,
        source_name: str,
        cadence: Cadence,
        alarms: LateAlarms,
        stream: Streamer | None = None,
        inquirer: Inquirer | None = None,
        columns: ColumnChoice | None = None,
        canceller: Canceller | None = None,
        replay: ReplayPlan | None = None,
        clock: Clock | None = None,
        display_currency: str | None = None,
        interval: Interval = Interval.DAY,
        log_path: Path | None = None,
    ) -> None:
        self.log_path = log_path      # where the front end's own log goes, beside the worker's
        self._store = store
        self._backend = backend
        self.lists, self.columns = watchlist, columns or ColumnChoice()
        self.lists.changed = self._watch_changed
        self._cadence = cadence
        self._interval = interval
        self._stream, self._inbox = stream, TickInbox()
        self._inquirer = inquirer
        self._replay = None if replay is None else Replaying(replay)
        self._own_clock = clock or WallClock()
        self._statuses = Statuses()
        self._reader = SnapshotReader(store, display_currency)
        self.alerts = AlertDesk(store.alerts, lambda: self._clock.now())
        self.holdings = HoldingsDesk(store.holdings, lambda: self._clock.now())
        self.work = WorkDesk(
            store, self._statuses, begin=self._begin, canceller=canceller, refresh=self.refresh, status=self.status,
            source=source_name,
        )
        self._tick = Coalesced(self._one_tick)
        self._look_at_ticks = Coalesced(self._look_at_new_ticks)
        self._set_stream = Coalesced(self._ask_for_stream)
        self._streamed = False        # whether prices streamed in when the pace was last set
        self._blame = Blame(source_name, store.refusal, None if replay is not None else self._own_clock)
        self._alarms = alarms
        self._report: TickReport | None = None
        self._ticked_at: datetime | None = None
        self._notices: tuple[str, ...] = store.notices
        self._list_problem: tuple[str, ...] = ()
        self._paused = False
        self._carrier = Carrier(self._job_failed)
        self._publisher = Publisher(
            self._reader, self.status, self._carrier, unreadable=lambda error: self._blame.lay(error, self._now())
        )
        self._timers = Timers(Jobs(self._fire_refresh, self._fire_upkeep, self._fire_watch))

    # What the screen reads.

    def snapshot(self) -> Snapshot:
        """The newest snapshot, read from the store; where that cannot be read, what was read before, and why."""
        return self._publisher.read()

    def status(self) -> Status:
        """What a snapshot says beyond what the store holds."""
        now = self._now()
        return Status(
            now=now,
            groups=self.lists.groups,
            symbols=self.lists.symbols,
            source=self._inbox.told(self._blame.source),
            jobs=(*self._job_lines(), *challenger_line(self._report), *self._inbox.job()),
            report=self._report,
            notices=(*self._list_problem, *self._notices),
            replay=None if self._replay is None else self._replay.status(now.date()),
            # A replayed session of hours passes in seconds: between two ticks lies an hour of its time.
            stale_after=STALE_AFTER if self._replay is None else REPLAY_STALE_AFTER,
            ticks=self._inbox.quotes,
        )

    def detail(self, symbol: Symbol) -> SymbolDetail | None:
        """Everything about one symbol, read from the store; call it from a thread."""
        return self._reader.detail(symbol, self._report)

    def inspect(self) -> Inspection:
        """What lies behind the screen; reads store and disk: call it from a thread."""
        return inspect(self._store, self.lists.symbols, self.log_path, self._alarms.sinks)

    def inquire(self, question: Question[A], on_step: OnStep) -> A:
        """The worker's answer; waits for it: call it from a thread."""
        if self._inquirer is None:
            raise WorkerError("questions: this engine has no worker process to answer them")
        return self._inquirer.ask(question, self._now(), on_step)

    def withdraw(self, kind: type[Question[Any]]) -> None:
        """Take back the question of this type that waits."""
        if self._inquirer is not None:
            self._inquirer.withdraw(kind)

    @property
    def _clock(self) -> Clock:
        return self._own_clock if self._replay is None else self._replay.clock

    def _now(self) -> datetime:
        """The moment a snapshot speaks of; a replay's is that of its newest tick, since its clock outruns them."""
        return self._ticked_at if self._replay is not None and self._ticked_at is not None else self._clock.now()

    # Life.

    def start(self, on_snapshot: OnSnapshot, run_in_thread: RunInThread, show: Show | None = None) -> None:
        """Start the timers; the first refresh starts the worker."""
        one_arena()      # before most threads ask for memory
        self._carrier.begin(run_in_thread)
        self._publisher.begin(on_snapshot)
        self._alarms.begin(show)
        # APScheduler's import takes 140 ms: a thread pays, then the loop starts the timers.
        run_in_thread(self._prepare)

    def _prepare(self) -> None:
        import apscheduler.schedulers.asyncio  # noqa: F401  warmed up here, used by Timers.start

        seconds = self._seconds()
        self._carrier.on_loop(lambda: self._timers.start(seconds))

    def stop(self) -> None:
        """Stop timers, worker and store."""
        if self._carrier.ended:
            return
        self._carrier.end()
        self._timers.stop()
        self._backend.close()
        self._alarms.close()
        self._store.close()

    def succeed(self, former: Engine | Onlooker) -> None:
        """Before the start: go on where `former` stops."""
        self.pause(former.paused)
        self.lists.inherit(former.lists)
        if isinstance(former, Engine):
            self._alarms.succeed(former._alarms)

    # What a person asks for.

    def refresh(self) -> None:
        """Refresh now; while one is running, once more after it."""
        if not self._tick.again_if_running():
            self._carrier.on_loop(self._timers.refresh_now)

    @property
    def paused(self) -> bool:
        """Whether polling is paused."""
        return self._paused

    def pause(self, paused: bool) -> None:
        """Stop or resume polling; a replay stands still too."""
        self._paused = paused
        if self._replay is not None:
            self._replay.pause(paused)
        self._carrier.in_background(self._set_stream)
        self._publisher.publish_soon()

    def follow(self) -> None:
        """Take up lists that somebody else has written down; those that cannot be read are named, and stay."""
        try:
            changed, self._list_problem = self.lists.reread(), ()
        except TapecastError as error:
            changed, self._list_problem = False, (f"lists not read anew: {error}",)
        if changed:
            self._watch_changed()

    def change_speed(self, steps: int) -> None:
        """Replay only: faster or slower."""
        if self._replay is not None and self._replay.change_speed(steps):
            cadence = self._replay.cadence
            self._carrier.on_loop(lambda: self._timers.set_cadence(cadence))
            self._publisher.publish_soon()

    def jump(self, sessions: int) -> None:
        """Replay only: skip forward."""
        if self._replay is not None and self._replay.jump(sessions):
            self.refresh()

    def _watch_changed(self) -> None:
        self._publisher.publish_soon()
        self.refresh()

    # Jobs, on the loop.

    async def _fire_refresh(self) -> None:
        if not self._paused:
            await self._carrier.in_thread(self._tick)

    async def _fire_upkeep(self) -> None:
        await self._carrier.in_thread(self._save_memory)
        if not self._paused and self._report is not None:
            self._begin_due(self._report)

    def _save_memory(self) -> None:
        self._store.shrink()
        give_back()

    async def _fire_watch(self) -> None:
        if self._poll_oftener_without_stream():      # it has fallen silent: a loss that says so has been shown
            self._publisher.publish_soon()
        if self._statuses.mark_late(REFRESH):
            self._publisher.publish_soon()

    def _job_failed(self, error: Exception) -> None:
        self._notices = (str(self._told(error)), *self._store.notices)

    def _told(self, error: Exception) -> TapecastError:
        """What a person is told of any error: nothing that goes wrong in a thread goes wrong in silence."""
        if isinstance(error, TapecastError):
            return error
        log.exception("unexpected", exc_info=error)
        return WorkerError(f"{type(error).__name__}: {error}; {self.log_path or 'the log'} has the traceback")

    # Work, in threads.

    def _one_tick(self) -> None:
        if self._carrier.ended:
            return
        self._statuses.begin(REFRESH, "asking for quotes")
        now = self._ticked_at = self._clock.now()
        try:
            report = self._backend.tick(self.lists.symbols, now, partial(self._step, REFRESH))
        except QuestionWithdrawn:
            self._statuses.end(REFRESH, Health.OK, "stopped; the rest comes in half an hour, or by R", now)
        except Exception as error:
            self._tick_failed(self._told(error), now)
        else:
            self._tick_done(report)
        self._see_to_alarms()
        if not self._carrier.ended:
            self._set_stream()
            self._pace()

    def _tick_done(self, report: TickReport) -> None:
        self._report = report
        self._blame.hear(report.source, report.at)
        self._notices = (*report.notes, *self._store.notices)
        done = f"{report.issued} forecasts, {report.settled} settled" if report.issued or report.settled else "ok"
        health = report.source.health
        self._statuses.end(REFRESH, health, done if health is Health.OK else report.source.message, report.at)
        if self._replay is not None and report.closed_through is not None:
            self._replay.keep(report.at, report.closed_through, self._sessions_after)
        self._begin_due(report)

    def _see_to_alarms(self) -> None:
        """Evaluate the alert rules on what the tick has brought, send off what they say, and hand a snapshot over."""
        try:
            if self._alarms.look(self._publisher.read_ahead(), polling=not self._paused):
                self._publisher.outdate()
            problems = self._alarms.problems
        except TapecastError as error:      # a disk that keeps nothing: the rules look again at the next refresh
            problems = (f"alerts: {error}",)
        self._notices = (*problems, *self._notices)
        self._publisher.tell()

    def _tick_failed(self, error: TapecastError, now: datetime) -> None:
        if self._carrier.ended:
            return
        log.warning("refresh failed: %s", error)
        self._statuses.end(REFRESH, Health.FAILED, str(error), now)
        self._blame.lay(error, now)

    def _begin_due(self, report: TickReport) -> None:
        for work in self.work.due(report):
            self._begin(work)

    def _begin(self, work: Work) -> None:
        if self._statuses.begin(work.value, "starting"):
            self._carrier.in_background(partial(self._long_job, work))

    def _long_job(self, work: Work) -> None:
        now = self._clock.now()
        try:
            report = self._backend.work(work, self.lists.symbols, now, partial(self._step, work.value))
        except QuestionWithdrawn:
            bars_come = next_close(self._tables(), self._clock.now())
            self._statuses.end(work.value, Health.OK, self.work.stopped(work, bars_come), now)
        except Exception as error:
            if not self._carrier.ended:
                told = self._told(error)
                log.warning("%s failed: %s", work, told)
                if isinstance(told, StoreUnwritable):
                    self._blame.lay_on_disk(told, now)
                self._statuses.end(work.value, Health.FAILED, f"{told}; tried again when next due", now)
        else:
            self._statuses.end(work.value, Health.OK, f"{report.message} in {report.seconds:.0f} s", now)
            self.refresh()
        self._publisher.publish()

    def _step(self, job: str, step: Step) -> None:
        if step.catalogue and self.lists.adopt(step.catalogue):
            self.refresh()      # of what is watched from now on
        self._statuses.step(job, step.message, step.fraction, step.epoch)
        self.work.insist(job)
        if step.stored or step.catalogue:      # most only say how far they are
            self._publisher.outdate()
        self._publisher.tell()

    # Streamed prices.

    def _ask_for_stream(self) -> None:
        """Stream what is in session, or nothing while paused. A worker that was started anew is asked anew."""
        if self._stream is None or self._carrier.ended:
            return
        symbols = () if self._paused else self._reader.in_session(self.lists.symbols, self._clock.now())
        self._inbox.want(bool(symbols))
        self._stream.stream(symbols, self._ticked)

    def _ticked(self, ticks: Ticks) -> None:
        """Take what the stream says; called from the backend's thread, which must not wait for a store."""
        if self._inbox.take(ticks):
            self._poll_oftener_without_stream()
            self._carrier.in_background(self._publisher.tell)
            if ticks.quotes:
                self._carrier.in_background(self._look_at_ticks)

    def _look_at_new_ticks(self) -> None:
        """Evaluate the alert rules on what has streamed in; a person sees the prices without waiting for that."""
        news, status = self._inbox.news(), self.status()
        ticked = replace(status, symbols=tuple(symbol for symbol in status.symbols if symbol in news))
        if self._carrier.ended or not ticked.symbols:
            return
        if self._alarms.look_at_ticks(self._reader.tell_again(0, ticked)):
            self._publisher.publish()

    def _poll_oftener_without_stream(self) -> bool:
        """Set the pace anew if the stream that made polls rare is off; whether it is."""
        lost = self._streamed and not self._inbox.healthy
        if lost:
            self._carrier.in_background(self._pace)
        return lost

    # Pace.

    def _pace(self) -> None:
        """Set the next refreshes by what the exchanges are doing; reads the store, so in a thread."""
        self._streamed = self._inbox.healthy
        now, tables, seconds = self._clock.now(), self._tables(), self._seconds()
        moments = {} if self._replay is not None else wakes(tables, now, self._interval, self._blame.source.retry_at)

        def apply() -> None:
            self._timers.set_cadence(seconds)
            for name, moment in moments.items():
                self._timers.wake_at(name, moment)

        self._carrier.on_loop(apply)

    def _seconds(self) -> float:
        if self._replay is not None:
            return self._replay.cadence
        settled = self._report is not None and self._blame.source.health is Health.OK
        tables = self._tables() if settled else ()      # until then no matter: timers start whatever the store is like
        return self._cadence.seconds(tables, self._clock.now(), settled=settled, streamed=self._streamed)

    def _tables(self) -> Sequence[SessionTable]:
        return self._reader.tables(self.lists.symbols, self._clock.now())

    def _sessions_after(self, day: date) -> tuple[Session, ...]:
        tables = self._tables()
        return tables[0].after(day, len(tables[0].sessions)) if tables else ()

    def _job_lines(self) -> tuple[JobStatus, ...]:
        due: dict[str, datetime | None] = {} if self._report is None else dict(self._report.next_due)
        if not self._replay:      # its clock and the timers' tell different times: "next" would mean nothing there
            due[REFRESH] = self._timers.next_refresh()
        return tuple(
            line if self._statuses.running(line.name) and line.name != REFRESH
            else replace(line, next_run=due.get(line.name))
            for line in self._statuses.lines()
        )
