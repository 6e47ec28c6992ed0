"""What a person may ask of the work behind the screen: train now, stop what runs, ask the source for everything again.

A job that was stopped is not begun again by itself before the next close has brought new bars, however due it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol

from forecasting.data.store import Store
from forecasting.errors import ConfigError
from forecasting.service import everything
from forecasting.service.backend import TICK, Canceller, TickReport, Work
from forecasting.service.heartbeat import ask_for
from forecasting.service.snapshots import Status
from forecasting.service.status import Statuses

TRAIN, CANCEL = "train", "cancel"
"""Wishes that one process may leave in the store for the engine of another."""


class Works(Protocol):
    """Each wish is answered with a line for the person."""

    def train(self) -> str:
        """Train the ensemble now, due or not."""
        ...

    def cancel(self) -> str:
        """Stop every long job that runs, with its next step; what stood before stands."""
        ...

    def ask_for_everything(self) -> str:
        """Ask the source again for all quotes and histories, within its budget; says what it costs."""
        ...


class WorkDesk:
    """`Works` where the engine runs."""

    def __init__(
        self, store: Store, statuses: Statuses, *, begin: Callable[[Work], None], canceller: Canceller | None,
        refresh: Callable[[], None], status: Callable[[], Status], source: str,
    ) -> None:
        """Prepare.

        Args:
            store: Where wishes lie.
            statuses: Which jobs run.
            begin: Begins a job, unless one of its kind runs.
            canceller: Stops them; None where nobody can.
            refresh: Has a tick follow soon.
            status: What is watched, and how the source does.
            source: The source's name.
        """
        self._store, self._statuses, self._begin = store, statuses, begin
        self._canceller, self._refresh, self._status, self._source = canceller, refresh, status, source
        self._put_off: dict[Work, date | None] = {}      # until bars newer than this are there
        self._newest: date | None = None

    def due(self, report: TickReport) -> tuple[Work, ...]:
        """The jobs to begin now: those that are due, but for what somebody has stopped."""
        self._newest = report.closed_through
        self._put_off = {work: newest for work, newest in self._put_off.items() if newest == self._newest}
        return tuple(work for work in report.due if work not in self._put_off)

    def stopped(self, work: Work, next_close: datetime | None) -> str:
        """Note that a job was stopped; what to say of it."""
        self._put_off[work] = self._newest
        when = "the next close" if next_close is None else f"{next_close.astimezone():%m-%d %H:%M}"
        return f"cancelled; due again after {when}, T trains now" if work is Work.TRAIN else (
            f"cancelled; due again after {when}"
        )

    def train(self) -> str:
        """See `Works.train`."""
        if self._statuses.running(Work.TRAIN):
            return "training runs already; x stops it"
        self._put_off.pop(Work.TRAIN, None)
        self._begin(Work.TRAIN)
        return "training has begun; the models at work stay there meanwhile"

    def cancel(self) -> str:
        """See `Works.cancel`."""
        running: list[str] = [work for work in Work if self._statuses.running(work)]
        if any(line.name == TICK and line.progress is not None for line in self._statuses.lines()):
            running.append(TICK)
        if not running:
            return "nothing runs that could be stopped"
        if self._canceller is None:
            raise ConfigError(f"{', '.join(running)} runs in this process and cannot be stopped")
        for job in running:
            self._statuses.cancel(job)
            self._canceller.cancel(job)
        stopping = f"{running[0]} stops with its" if len(running) == 1 else f"{' and '.join(running)} stop with their"
        return f"{stopping} next step; the models at work stay there"

    def insist(self, job: str) -> None:
        """At a step of a job: stop it if it was cancelled before the worker had heard of it."""
        if self._canceller is not None and self._statuses.cancelled(job):
            self._canceller.cancel(job)

    def ask_for_everything(self) -> str:
        """See `Works.ask_for_everything`."""
        told = _wish_everything(self._store, self._source, self._status())
        self._refresh()
        return told


class DistantWork:
    """`Works` where somebody else's engine runs: wishes go through the store."""

    def __init__(self, store: Store, who: Callable[[], str], status: Callable[[], Status]) -> None:
        self._store, self._who, self._status = store, who, status

    def train(self) -> str:
        """See `Works.train`."""
        return self._ask(TRAIN, "to train")

    def cancel(self) -> str:
        """See `Works.cancel`."""
        return self._ask(CANCEL, "to stop what runs")

    def ask_for_everything(self) -> str:
        """See `Works.ask_for_everything`."""
        status = self._status()
        told = _wish_everything(self._store, status.source.name, status)
        ask_for(self._store, "refresh", status.now)
        return told

    def _ask(self, wish: str, what: str) -> str:
        ask_for(self._store, wish, self._status().now)
        return f"{self._who()} was asked {what}"


def _wish_everything(store: Store, source: str, status: Status) -> str:
    everything.wish(store, status.now)
    return everything.cost(source, status.symbols, status.source, status.now)
