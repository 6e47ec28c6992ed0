"""The bridge between the engine's threads and the app's event loop.

Snapshots coalesce: however many the engine publishes while the app is busy, one message waits and the newest snapshot
answers it. Details are read in a thread, one at a time, newest wish first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot
from forecasting.errors import TapecastError
from forecasting.service.facade import EngineFacade, RunInThread
from tui.messages import DetailLoaded, EngineFailed, NoticeGiven, SnapshotPublished, TerminalTold

if TYPE_CHECKING:
    from forecasting.service.delivery import TerminalEvent


class EngineBridge:
    """Carries snapshots and details from an engine to whoever `post` reaches."""

    def __init__(self, engine: EngineFacade, post: Callable[[Message], object], run_in_thread: RunInThread) -> None:
        self._engine = engine
        self._post = post
        self._run_in_thread = run_in_thread
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None
        self._announced = False
        self._wanted: Symbol | None = None
        self._reading = False

    def start(self) -> None:
        """Start the engine; needs the running event loop."""
        self._engine.start(self.publish, self._run_in_thread, self._tell)

    def _tell(self, event: TerminalEvent) -> None:
        """What a sink has for the terminal, but for toasts of alerts: those the app makes of its snapshots."""
        if event.sequence:
            self._post(TerminalTold(event.sequence))
        elif event.notice:
            self._post(NoticeGiven(event.title, event.text))

    def publish(self, snapshot: Snapshot) -> None:
        """Take a snapshot from any thread; returns at once."""
        with self._lock:
            if self._newest is not None and snapshot.version <= self._newest.version:
                return
            self._newest = snapshot
            if self._announced:
                return
            self._announced = True
        self._post(SnapshotPublished())

    def take(self) -> Snapshot | None:
        """The newest snapshot; the next `publish` announces itself again."""
        with self._lock:
            self._announced = False
            return self._newest

    def want_detail(self, symbol: Symbol) -> None:
        """Read `symbol`'s detail in a thread and post it; a wish that is still waiting is replaced."""
        with self._lock:
            self._wanted = symbol
            if self._reading:
                return
            self._reading = True
        self._run_in_thread(self._read_wanted)

    def _read_wanted(self) -> None:
        while True:
            with self._lock:
                symbol, self._wanted = self._wanted, None
                if symbol is None:
                    self._reading = False
                    return
            try:
                self._post(DetailLoaded(symbol, self._engine.detail(symbol)))
            except TapecastError as error:
                self._post(EngineFailed(f"{symbol}: {error}"))
