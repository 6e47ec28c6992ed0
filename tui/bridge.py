"""The bridge between the engine's threads and the app's event loop.

Snapshots coalesce: however many the engine publishes while the app is busy, one message waits and the newest snapshot
answers it. What a view wants beyond them is read in a thread: of each topic one read at a time, newest wish first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message

from forecasting.domain.snapshot import Snapshot
from forecasting.errors import TapecastError
from tui.messages import EngineFailed, Fetched, NoticeGiven, SnapshotPublished, TerminalTold

if TYPE_CHECKING:
    from forecasting.service.delivery import TerminalEvent
    from forecasting.service.facade import EngineFacade, RunInThread

T = TypeVar("T")


class EngineBridge:
    """Carries snapshots and what was read from an engine to whoever `post` reaches."""

    def __init__(self, engine: EngineFacade, post: Callable[[Message], object], run_in_thread: RunInThread) -> None:
        self._engine = engine
        self._post = post
        self._run_in_thread = run_in_thread
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None
        self._announced = False
        self._wishes: dict[str, Callable[[], Message]] = {}      # the newest of each topic that nobody reads yet
        self._reading: set[str] = set()                          # topics

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

    def fetch(
        self, topic: str, read: Callable[[], T], then: Callable[[T], None],
        failed: Callable[[TapecastError], None] | None = None,
    ) -> None:
        """Call `read` in a thread, and on the loop `then` with what it gave, unless a newer wish has been spoken.

        Args:
            topic: What it is about; of one topic one read runs at a time, and a wish that waits is replaced.
            read: May block; may raise a `TapecastError`.
            then: Takes the value.
            failed: Takes the error; where there is none, a person is told.
        """
        def reading() -> Message:
            try:
                value = read()
            except TapecastError as error:
                told = error
                return EngineFailed(str(error)) if failed is None else Fetched(lambda: failed(told))
            return Fetched(lambda: then(value))

        with self._lock:
            self._wishes[topic] = reading
            if topic in self._reading:
                return
            self._reading.add(topic)
        self._run_in_thread(lambda: self._read_wishes(topic))

    def _read_wishes(self, topic: str) -> None:
        while True:
            with self._lock:
                wish = self._wishes.pop(topic, None)
                if wish is None:
                    self._reading.discard(topic)
                    return
            message = wish()
            with self._lock:
                overtaken = topic in self._wishes
            if not overtaken:
                self._post(message)
