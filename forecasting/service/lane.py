"""One sink at work: its outbox, its thread, its tries. Whatever a sink does, it delays nobody but itself.

A message is tried three times within seconds. Where that was in vain, and trying again may help, its alerts are set
aside and offered again for hours (see `retries`), while newer ones go on being tried, once each: the first that is
taken brings the others along.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from forecasting.domain.decision import Alert, Delivery, Notice
from forecasting.errors import DeliveryError, TapecastError
from forecasting.service.left_over import given_up
from forecasting.trading.sinks.base import Sink
from forecasting.trading.sinks.message import Message
from forecasting.trading.sinks.outbox import Outbox
from forecasting.trading.sinks.retries import Item, Retries

log = logging.getLogger(__name__)

BACKOFF_S = (1.0, 5.0)      # between the first try and the second, the second and the third

Note = Callable[[Sequence[Item], Delivery], None]
"""Writes down how a sink took alerts and notices."""


class Lane:
    """Delivers what it is given, in its order; the thread begins with the first of it."""

    def __init__(
        self, name: str, make: Callable[[], Sink], outbox: Outbox, note: Note, *,
        limit: timedelta, backoff_s: Sequence[float] = BACKOFF_S,
    ) -> None:
        """Prepare.

        Args:
            name: The sink's.
            make: Makes it; called in the lane's thread, since what a kind needs takes time to import.
            outbox: Decides what goes when.
            note: Called from the lane's thread after each message that was taken, set aside or given up.
            limit: Age from which what is not taken is given up.
            backoff_s: Pauses between the first tries, in seconds; there is one try more.
        """
        self.name = name
        self._make, self._outbox, self._note, self._backoff_s = make, outbox, note, backoff_s
        self._limit, self._retries = limit, Retries(limit)
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._sink: Sink | None = None
        self._thread: threading.Thread | None = None
        self._problem: tuple[datetime, str] | None = None

    @property
    def problem(self) -> str | None:
        """Why the newest message was not taken, and since when none is; None if it was."""
        if (problem := self._problem) is None:
            return None
        return f"alerts do not reach {self.name} since {problem[0]:%H:%M}: {problem[1]}"

    def put(self, alerts: Iterable[Alert]) -> None:
        """Take in alerts; returns at once."""
        with self._changed:
            self._outbox.put(alerts, time.monotonic())
            self._wake()

    def put_notices(self, notices: Iterable[Notice]) -> None:
        """Take in words about tapecast itself; returns at once."""
        with self._changed:
            self._outbox.put_notices(notices)
            self._wake()

    def stop(self) -> None:
        """Begin nothing more; what waits is left for the next run."""
        with self._changed:
            self._stopping.set()
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """After `stop`: wait until the lane has ended, so long at most."""
        if self._thread is not None:
            self._thread.join(seconds)

    def break_off(self) -> None:
        """After `stop`: end what the sink is still doing."""
        if self._thread is not None and self._thread.is_alive() and self._sink is not None:
            self._sink.close()

    def _wake(self) -> None:
        if self._thread is None and not self._stopping.is_set():
            thread = threading.Thread(target=self._work, name=f"sink-{self.name}", daemon=True)
            thread.start()
            self._thread = thread      # not before: `join` may come at any moment
        self._changed.notify()

    def _work(self) -> None:
        while (message := self._next()) is not None:
            began = time.monotonic()
            error = self._tries(message)
            if error is not None and self._stopping.is_set():
                return      # not noted: the next run tries again
            seconds = time.monotonic() - began
            if error is None:
                self._problem = None
                self._retries.taken(_now())
                self._note(message.about, Delivery(self.name, True, seconds, None))
            else:
                log.warning("sink %s: %s", self.name, error)
                self._refused(message.about, Delivery(self.name, False, seconds, str(error)), error)

    def _refused(self, about: Sequence[Item], delivery: Delivery, error: TapecastError) -> None:
        """Set aside what may be taken later, and note what became of all of it."""
        since = self._problem[0] if self._problem else datetime.now().astimezone()
        self._problem = since, str(error)
        if not (isinstance(error, DeliveryError) and error.again):
            self._note(about, delivery)
            return
        next_try, kept, dropped = self._retries.put(about, _now(), error.after_s)
        if kept:
            self._problem = since, f"{error}, next try {next_try.astimezone():%H:%M}"
        self._note(kept, replace(delivery, next_try=next_try))
        self._note(dropped, replace(delivery, error=f"{error}; {given_up(self._limit)}"))

    def _next(self) -> Message | None:
        """Wait for the next message that may go; None: the lane is to end."""
        with self._changed:
            while not self._stopping.is_set():
                now, local = time.monotonic(), _local_time()
                self._take_back(now)
                if (alone_s := self._retries.alone_s(_now())) > 0.0:
                    self._changed.wait(alone_s)
                elif (message := self._outbox.take(now, local)) is not None:
                    return message
                else:
                    waits = (self._outbox.wait_s(now, local), self._retries.wait_s(_now()))
                    self._changed.wait(min((wait for wait in waits if wait is not None), default=None))
        return None

    def _take_back(self, now: float) -> None:
        """What was set aside and is due waits with the rest again."""
        due = [replace(item, late=True) for item in self._retries.release(_now())]
        if alerts := [item for item in due if isinstance(item, Alert)]:
            self._outbox.put(alerts, now)
        self._outbox.put_notices(item for item in due if isinstance(item, Notice))

    def _tries(self, message: Message) -> TapecastError | None:
        """Deliver, again where that may help at once; why it failed, or None. Who is in trouble is asked once."""
        for pause in () if self._retries.in_trouble else self._backoff_s:
            error = self._try(message)
            if not (isinstance(error, DeliveryError) and error.again and error.after_s <= pause):
                return error
            if self._stopping.wait(pause):
                return error
        return self._try(message)

    def _try(self, message: Message) -> TapecastError | None:
        try:
            if self._sink is None:
                self._sink = self._make()
            self._sink.deliver(message)
        except TapecastError as error:
            return error
        except Exception as error:
            # Its text may hold what a sink keeps secret, and so may a traceback.
            return DeliveryError(f"unexpected {type(error).__name__}")
        return None


def _now() -> datetime:
    return datetime.now(UTC)


def _local_time() -> time_of_day:
    return datetime.now().astimezone().time()
