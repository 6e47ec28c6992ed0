"""Timers: APScheduler jobs on the front's asyncio loop.

| job     | when                                                                    | does                          |
|---------|-------------------------------------------------------------------------|-------------------------------|
| refresh | every few seconds in a session, every few minutes outside               | one tick                      |
| close   | shortly after the next close of any watched exchange                    | one tick: bars, forecasts     |
| open    | when prices are made again: pre-market, at the open, after lunch        | one tick, and the fast cadence |
| retry   | when a source in trouble may be asked again                             | one tick                      |
| upkeep  | every minute                                                            | long jobs that have become due |
| watch   | every two seconds                                                       | says what is late             |

All coalesce and none runs twice at once. APScheduler goes by the machine's clock, which may stand still (a laptop's
sleep) or be set back, and then its next run lies hours ahead. So the watch is counted in monotonic time and compares
the two clocks: when they have come apart, one refresh is fired at once and all else is counted anew from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]

WAKES = ("open", "close", "retry")
UPKEEP_SECONDS = 60.0
WATCH_SECONDS = 2.0
JUMP_SECONDS = 5.0
"""Clocks that are kept in step by small corrections never come apart by this much between two looks."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """What the timers call; coroutines on the loop that started them."""

    refresh: Job
    upkeep: Job
    watch: Job


class ClockWatch:
    """Tells by how much the machine's clock has moved other than by time passing."""

    def __init__(self, wall: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._seen = wall(), monotonic()

    def jump(self) -> float:
        """Seconds forward (a sleep, a clock set ahead) or back since the last look; 0 where it only ran."""
        before, self._seen = self._seen, (self._wall(), self._monotonic())
        moved = (self._seen[0] - before[0]).total_seconds() - (self._seen[1] - before[1])
        return moved if abs(moved) > JUMP_SECONDS else 0.0


class Timers:
    """The five jobs above. Everything here is called on the loop's thread."""

    def __init__(
        self,
        jobs: Jobs,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self._jobs = jobs
        self._wall, self._monotonic, self._watch_seconds = wall, monotonic, watch_seconds
        self._scheduler: AsyncIOScheduler | None = None
        self._watching: asyncio.Task[None] | None = None
        self._cadence: float | None = None
        self._refreshing = self._again = False

    def start(self, cadence: float) -> None:
        """Begin; the first refresh is fired at once. Imports APScheduler, so call it after the first paint."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        scheduler = AsyncIOScheduler(
            timezone=UTC,
            event_loop=asyncio.get_running_loop(),
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        now = self._wall()
        scheduler.add_job(self._refresh, "interval", seconds=cadence, id="refresh", next_run_time=now)
        scheduler.add_job(self._jobs.upkeep, "interval", seconds=UPKEEP_SECONDS, id="upkeep")
        scheduler.start()
        self._scheduler, self._cadence = scheduler, cadence
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    def set_cadence(self, seconds: float) -> None:
        """Change how often `refresh` fires."""
        if self._scheduler is not None and seconds != self._cadence:
            self._scheduler.reschedule_job("refresh", trigger="interval", seconds=seconds)
            self._cadence = seconds

    def wake_at(self, name: str, moment: datetime) -> None:
        """Fire one more refresh at `moment` of the machine's clock; `name` is one of `WAKES`, one of each."""
        if self._scheduler is not None:
            self._scheduler.add_job(self._wake, "date", run_date=moment, id=name, replace_existing=True)

    def refresh_now(self) -> None:
        """Fire `refresh` at once, by the same job; once more after one that runs."""
        self._again = self._refreshing      # APScheduler would pass over a job that has not quite ended
        if self._scheduler is not None and not self._refreshing:
            self._scheduler.modify_job("refresh", next_run_time=self._wall())

    def next_refresh(self) -> datetime | None:
        """When `refresh` fires next (aware UTC)."""
        job = self._scheduler.get_job("refresh") if self._scheduler is not None else None
        return None if job is None else job.next_run_time

    def stop(self) -> None:
        """No job fires after this; safe to call twice."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=False)
        if self._watching is not None:
            self._watching.cancel()

    async def _refresh(self) -> None:
        self._refreshing = self._again = True
        try:
            while self._again:
                self._again = False
                await self._jobs.refresh()
        finally:
            self._refreshing = False

    async def _wake(self) -> None:
        self.refresh_now()      # several wakes that a sleep has held up become one refresh

    async def _watch(self) -> None:
        clocks = ClockWatch(self._wall, self._monotonic)
        while self._scheduler is not None:
            await asyncio.sleep(self._watch_seconds)
            if jump := clocks.jump():
                log.info("the clock has moved by %+.0f s: timers are set anew", jump)
                self._set_anew()
            try:
                await self._jobs.watch()
            except Exception:
                log.exception("watch")

    def _set_anew(self) -> None:
        """One refresh now, which sets the wakes again; the next upkeep a minute from now."""
        if self._scheduler is None:
            return
        from apscheduler.jobstores.base import JobLookupError

        for name in WAKES:
            with contextlib.suppress(JobLookupError):
                self._scheduler.remove_job(name)
        self._scheduler.modify_job("upkeep", next_run_time=self._wall() + timedelta(seconds=UPKEEP_SECONDS))
        self.refresh_now()
