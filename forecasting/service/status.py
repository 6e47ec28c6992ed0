"""What the background work is doing, as the screen shows it: one line per kind of job, kept under one lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from forecasting.domain.snapshot import Health, JobStatus
from forecasting.domain.time_left import Marks, marked, seconds_left
from forecasting.domain.training import Epoch
from forecasting.service.backend import CHALLENGER, TickReport

LATE_AFTER_S = 15.0
"""A refresh that runs longer than this is called late."""


def challenger_line(report: TickReport | None) -> tuple[JobStatus, ...]:
    """How the model in shadow does, as a job's line; none without one."""
    return () if report is None else tuple(
        JobStatus(m.name, Health.OK, f"{m.model_id} trained to {m.train_end}, {m.note}", last_run=report.at)
        for m in report.models
        if m.name == CHALLENGER
    )


@dataclass(slots=True)
class _Running:
    since: float
    marks: Marks = ()      # how far it was when, for the ETA
    epochs: tuple[Epoch, ...] = ()
    cancelled: bool = False


class Statuses:
    """Job lines by name. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._lines: dict[str, JobStatus] = {}
        self._running: dict[str, _Running] = {}

    def begin(self, name: str, message: str) -> bool:
        """Note that `name` has begun; False, and nothing noted, if it is running already."""
        with self._lock:
            if name in self._running:
                return False
            self._running[name] = _Running(self._monotonic())
            last = self._lines.get(name)
            # A failed job stays red until it has succeeded.
            health = Health.FAILED if last is not None and last.health is Health.FAILED else Health.WORKING
            shown = last.message if last is not None and health is Health.FAILED else message
            self._lines[name] = JobStatus(
                name, health, shown, last_run=last.last_run if last else None, epochs=last.epochs if last else ()
            )
            return True

    def step(self, name: str, message: str, fraction: float | None, epoch: Epoch | None = None) -> None:
        """Note how far a running job is, and which epoch of a network has ended."""
        with self._lock:
            running = self._running.get(name)
            if running is None:
                return
            eta = None
            if fraction is not None:
                running.marks = marked(running.marks, fraction, self._monotonic())
                eta = seconds_left(running.marks)
            if epoch is not None:
                running.epochs += (epoch,)
            before = self._lines[name]
            self._lines[name] = replace(
                before, health=Health.WORKING, message=message, progress=fraction, eta_s=eta,
                epochs=running.epochs or before.epochs,
            )

    def end(self, name: str, health: Health, message: str, at: datetime) -> None:
        """Note how a job ended."""
        with self._lock:
            self._running.pop(name, None)
            last = self._lines.get(name)
            self._lines[name] = JobStatus(name, health, message, last_run=at, epochs=last.epochs if last else ())

    def running(self, name: str) -> bool:
        """Whether `name` is running."""
        with self._lock:
            return name in self._running

    def cancel(self, name: str) -> None:
        """Note that a running job is to stop."""
        with self._lock:
            if name in self._running:
                self._running[name].cancelled = True

    def cancelled(self, name: str) -> bool:
        """Whether a running job is to stop."""
        with self._lock:
            return name in self._running and self._running[name].cancelled

    def mark_late(self, name: str) -> bool:
        """Call a job late that has run for long; whether that was news."""
        with self._lock:
            running = self._running.get(name)
            if running is None:
                return False
            seconds = self._monotonic() - running.since
            line = self._lines[name]
            if seconds < LATE_AFTER_S or line.progress is not None or line.health is not Health.WORKING:
                return False
            message = f"{line.message}: running for {seconds:.0f} s"
            self._lines[name] = replace(line, health=Health.LATE, message=message)
            return True

    def lines(self) -> tuple[JobStatus, ...]:
        """All jobs, in the order they first ran."""
        with self._lock:
            return tuple(self._lines.values())
