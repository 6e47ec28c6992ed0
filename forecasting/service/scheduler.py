"""Timers: APScheduler jobs on the front's asyncio loop.

| job     | when                                                                    | does                          |
|---------|-------------------------------------------------------------------------|-------------------------------|
| refresh | every few seconds in a session, every few minutes outside               | one tick                      |
| close   | shortly after the next close of any watched exchange                    | one tick: bars, forecasts     |
| open    | at the next open                                                        | one tick, and the fast cadence |
| upkeep  | every minute                                                            | long jobs that have become due |
| watch   | every two seconds                                                       | says what is late             |

All coalesce and none runs twice at once: after a laptop's sleep each fires once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

Job = Callable[[], Awaitable[None]]

UPKEEP_SECONDS = 60.0
WATCH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Jobs:
    """What the timers call; coroutines on the loop that started them."""

    refresh: Job
    upkeep: Job
    watch: Job


class Timers:
    """The five jobs above. Everything here is called on the loop's thread."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._scheduler: AsyncIOScheduler | None = None
        self._cadence: float | None = None

    def start(self, cadence: float) -> None:
        """Begin; the first refresh is fired at once. Imports APScheduler, so call it after the first paint."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        scheduler = AsyncIOScheduler(
            timezone=UTC,
            event_loop=asyncio.get_running_loop(),
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        now = datetime.now(UTC)
        scheduler.add_job(self._jobs.refresh, "interval", seconds=cadence, id="refresh", next_run_time=now)
        scheduler.add_job(self._jobs.upkeep, "interval", seconds=UPKEEP_SECONDS, id="upkeep")
        scheduler.add_job(self._jobs.watch, "interval", seconds=WATCH_SECONDS, id="watch")
        scheduler.start()
        self._scheduler, self._cadence = scheduler, cadence

    def set_cadence(self, seconds: float) -> None:
        """Change how often `refresh` fires."""
        if self._scheduler is not None and seconds != self._cadence:
            self._scheduler.reschedule_job("refresh", trigger="interval", seconds=seconds)
            self._cadence = seconds

    def wake_at(self, name: str, moment: datetime) -> None:
        """Fire one more refresh at `moment` of the machine's clock; `name` is "open" or "close", one of each."""
        if self._scheduler is not None:
            self._scheduler.add_job(self._jobs.refresh, "date", run_date=moment, id=name, replace_existing=True)

    def refresh_now(self) -> None:
        """Fire `refresh` at once, by the same job, so that it joins one that runs."""
        if self._scheduler is not None:
            self._scheduler.modify_job("refresh", next_run_time=datetime.now(UTC))

    def next_refresh(self) -> datetime | None:
        """When `refresh` fires next (aware UTC)."""
        job = self._scheduler.get_job("refresh") if self._scheduler is not None else None
        return None if job is None else job.next_run_time

    def stop(self) -> None:
        """No job fires after this; safe to call twice."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=False)
