"""One sink at work: its outbox, its thread, its tries. Whatever a sink does, it delays nobody but itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from datetime import time as time_of_day

from forecasting.domain.decision import Alert, Delivery
from forecasting.errors import DeliveryError, TapecastError
from forecasting.trading.sinks.base import Sink
from forecasting.trading.sinks.message import Message
from forecasting.trading.sinks.outbox import Outbox

log = logging.getLogger(__name__)

BACKOFF_S = (1.0, 5.0)      # between the first try and the second, the second and the third

Note = Callable[[Sequence[Alert], Delivery], None]
"""Writes down how a sink took alerts."""


class Lane:
    """Delivers what it is given, in its order; the thread begins with the first of it."""

    def __init__(
        self, name: str, make: Callable[[], Sink], outbox: Outbox, note: Note, *, backoff_s: Sequence[float] = BACKOFF_S
    ) -> None:
        """Prepare.

        Args:
            name: The sink's.
            make: Makes it; called in the lane's thread, since what a kind needs takes time to import.
            outbox: Decides what goes when.
            note: Called from the lane's thread, once for each message about alerts.
            backoff_s: Pauses between tries, in seconds; there is one try more.
        """
        self.name = name
        self._make, self._outbox, self._note, self._backoff_s = make, outbox, note, backoff_s
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

    def put_notice(self, message: Message) -> None:
        """Take in a word about tapecast itself; returns at once."""
        with self._changed:
            self._outbox.put_notice(message)
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
            if error is None:
                self._problem = None
            else:
                log.warning("sink %s: %s", self.name, error)
                self._problem = (self._problem[0] if self._problem else datetime.now().astimezone(), error)
            if message.alerts:
                self._note(message.alerts, Delivery(self.name, error is None, time.monotonic() - began, error))

    def _next(self) -> Message | None:
        """Wait for the next message that may go; None: the lane is to end."""
        with self._changed:
            while not self._stopping.is_set():
                now, local = time.monotonic(), _local_time()
                if (message := self._outbox.take(now, local)) is not None:
                    return message
                self._changed.wait(self._outbox.wait_s(now, local))
        return None

    def _tries(self, message: Message) -> str | None:
        """Deliver, again where that may help; why it failed, or None."""
        for pause in self._backoff_s:
            error = self._try(message)
            if error is None or not (isinstance(error, DeliveryError) and error.again):
                break
            if self._stopping.wait(pause):
                break
        else:
            error = self._try(message)
        return None if error is None else str(error)

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


def _local_time() -> time_of_day:
    return datetime.now().astimezone().time()
