"""Less of what comes too often: a job that never runs twice at once, values of which only the newest counts."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Coalesced:
    """Calls the job; who calls while it runs returns at once and has it run once more, in the first caller's thread."""

    def __init__(self, job: Callable[[], None]) -> None:
        self._job = job
        self._lock = threading.Lock()
        self._asked = False
        self._running = False

    def __call__(self) -> None:
        """Run the job, or have it run again."""
        with self._lock:
            self._asked = True
            if self._running:
                return
            self._running = True
        try:
            while self._take():
                self._job()
        except BaseException:
            with self._lock:
                self._running = False
            raise

    def again_if_running(self) -> bool:
        """Have a running job run once more; whether one is running."""
        with self._lock:
            self._asked = self._asked or self._running
            return self._running

    def _take(self) -> bool:
        with self._lock:
            self._running, self._asked = self._asked, False
            return self._running


class Newest(Generic[K, V]):
    """The newest value of each key, given out in batches that lie at least `apart_s` seconds apart. Thread-safe."""

    def __init__(self, apart_s: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._apart_s, self._monotonic = apart_s, monotonic
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._values: dict[K, V] = {}
        self._taken = -math.inf

    def put(self, key: K, value: V) -> None:
        """Take a value in place of the key's last one."""
        with self._lock:
            self._values[key] = value
        self._news.set()

    def wake(self) -> None:
        """Let `wait` return though nothing has come."""
        self._news.set()

    def wait(self, seconds: float | None) -> None:
        """Wait until something has come, `seconds` at most."""
        self._news.wait(seconds)
        self._news.clear()

    def pause_s(self) -> float:
        """How long until the next batch may be taken."""
        return max(0.0, self._taken + self._apart_s - self._monotonic())

    def take(self) -> dict[K, V]:
        """What has come since the last batch; nothing if that was less than `apart_s` ago."""
        with self._lock:
            if self.pause_s() > 0.0 or not self._values:
                return {}
            self._taken = self._monotonic()
            batch, self._values = self._values, {}
            return batch
