"""A job that many may ask for and that never runs twice at once."""

from __future__ import annotations

import threading
from collections.abc import Callable


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
