"""When Yahoo is asked nothing: circuit breakers that open over failures and close by themselves.

There are three circuits. The one of *everything* counts the failures of quotes, cookie and crumb; open, it refuses all.
Those of *histories* and of *searches* count those of charts and of searches for symbols, so that prices go on while
these alone are in trouble; a rate limit met by one of them holds everything, since Yahoo counts requests of any kind.

A circuit opens after one rate limit, or after two other failures with no good answer between. Its first pause is short,
20 s (40 s after a rate limit), because most trouble is short and a person is waiting; then pauses double, up to five
minutes: longer ones would spare Yahoo nothing worth having (a request in five minutes) and keep a person from prices
long after the trouble has ended. Up to a quarter is added by chance, so that many clients do not come back at once.
What follows a pause is a probe. Its first failure opens the circuit again; and it may send two requests that are not
answered well, for the cookie, the crumb and the question itself. A probe that took n > 1 requests is followed by
a pause of at least n half minutes: so while a circuit is open, no more than two requests a minute are sent in the long
run, whatever fails.

All this holds for all processes over one folder (see `yahoo_memory`): one that starts during an outage asks nothing
either, one of them alone probes while the others wait for what comes of it, and a good answer closes a circuit for all.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum, auto

from forecasting.data.sources.yahoo_memory import CircuitMemory, KeptCircuit
from forecasting.data.text import clean_text
from forecasting.domain.clock import Clock
from forecasting.domain.snapshot import Circuit, Health, SourceHealth
from forecasting.errors import SourceBroken, SourceError, SourceOffline, SourceRateLimited, SourceRefused

FIRST_PAUSE_S = 20.0
FIRST_PAUSE_RATE_LIMITED_S = 40.0
LONGEST_PAUSE_S = 300.0
_PROBE = 2                  # requests without a good answer that a probe may send
_LONGEST_CAUSE = 300        # characters of a failure that others are told
_PER_REQUEST_S = 30.0       # of pause, after a probe that took more than one
_REMEMBERED = 1_000         # requests whose times are known: more than a minute holds
_TOLERATED = 2              # failures that open a circuit
_DOUBLINGS = 10             # more than the longest pause takes; a power of some days' openings overflows
_PROBE_LASTS = timedelta(seconds=_PROBE * _PER_REQUEST_S)   # what others wait for a probe whose process is gone
_CAUSES = {cause.kind: cause for cause in (SourceError, SourceOffline, SourceRateLimited, SourceRefused, SourceBroken)}

Chance = Callable[[float, float], float]


class Lane(Enum):
    """What a request is for."""

    QUOTES = auto()         # and all that serves them: cookie, crumb
    HISTORY = auto()
    SEARCH = auto()


class _Circuit:
    """One count of failures; see the module. Not thread-safe by itself."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.close()

    def close(self) -> None:
        """Note a good answer: forget everything."""
        self.failures = self.openings = self.sent = self.answered = 0
        self.cause: SourceError | None = None      # newest failure since the last good answer
        self.since: datetime | None = None         # of the first failure since the last good answer
        self.opened_at: datetime | None = None
        self.retry_at: datetime | None = None
        self.probed_at: datetime | None = None     # when this process began the probe that is on

    def send(self, now: datetime) -> None:
        """Count a request; the first after a pause begins a probe."""
        self.sent += 1
        if self.is_open and self.sent == 1:
            self.probed_at = now

    def check(self, now: datetime) -> None:
        """Refuse while open; also a probe that has sent enough."""
        # A machine's clock that was set back must not hold a circuit open for longer than its pause.
        if self.opened_at is not None and self.retry_at is not None and self.opened_at <= now < self.retry_at:
            raise self.refusal()
        if self.openings and self.sent - self.answered >= _PROBE:
            assert self.cause is not None
            self.open(now, self.cause)
            raise self.refusal()

    def fail(self, now: datetime, cause: SourceError, retry_after_s: float) -> None:
        """Count a failure; open if it is one too many."""
        self.failures += 1
        self.cause, self.since = cause, self.since or now
        if isinstance(cause, SourceRateLimited) or self.openings or self.failures >= _TOLERATED:
            self.open(now, cause, retry_after_s)

    def open(self, now: datetime, cause: SourceError, retry_after_s: float = 0.0) -> None:
        first = FIRST_PAUSE_RATE_LIMITED_S if isinstance(cause, SourceRateLimited) else FIRST_PAUSE_S
        pause = min(first * 2.0 ** min(self.openings, _DOUBLINGS), LONGEST_PAUSE_S) * self._chance(1.0, 1.25)
        if self.openings and self.sent > 1:
            pause = max(pause, _PER_REQUEST_S * self.sent)
        self.hold(now, cause, now + timedelta(seconds=max(pause, retry_after_s)))
        self.openings += 1

    def hold(self, now: datetime, cause: SourceError, until: datetime) -> None:
        """Stay open until `until`."""
        self.cause, self.since = cause, self.since or now
        self.opened_at, self.retry_at, self.probed_at = now, until, None
        self.sent = self.answered = 0

    @property
    def is_open(self) -> bool:
        """Whether it has opened since the last good answer."""
        return self.retry_at is not None

    def kept(self) -> KeptCircuit:
        """How it stands for other processes: open while this one probes."""
        if self.cause is None:
            return KeptCircuit()
        began, until = self.opened_at, self.retry_at
        if self.probed_at is not None:
            began, until = self.probed_at, self.probed_at + _PROBE_LASTS
        return KeptCircuit(
            failures=self.failures, openings=self.openings, since=self.since, opened_at=began, retry_at=until,
            kind=self.cause.kind, message=str(self.cause)[:_LONGEST_CAUSE],
        )

    def adopt(self, kept: KeptCircuit) -> None:
        """Stand as another process has left it."""
        if kept == self.kept():
            return
        self.close()
        if kept.kind is not None:
            self.failures, self.openings, self.since = kept.failures, kept.openings, kept.since
            self.cause = _CAUSES[kept.kind](clean_text(kept.message, limit=_LONGEST_CAUSE))
            self.opened_at, self.retry_at = kept.opened_at, kept.retry_at

    def told(self, name: str) -> Circuit:
        """How it stands."""
        cause = "" if self.cause is None else str(self.cause).partition(";")[0]
        return Circuit(name, self.failures, self.since, self.retry_at, cause)

    def refusal(self) -> SourceError:
        """Why nothing is sent, and until when."""
        assert self.cause is not None and self.retry_at is not None      # noqa: PT018  an open circuit has both
        message = f"{str(self.cause).partition(';')[0]}; next try at {self.retry_at:%H:%M:%S} UTC"
        if isinstance(self.cause, SourceRateLimited):
            return SourceRateLimited(message, retry_at=self.retry_at)
        return type(self.cause)(message)


class CircuitBreaker:
    """All circuits under one lock; see the module. Thread-safe."""

    def __init__(
        self, clock: Clock, *, memory: CircuitMemory | None = None, chance: Chance = random.uniform
    ) -> None:
        """`clock` is the machine's, whatever time the data is asked for; without a `memory` it knows of itself only."""
        self._clock, self._memory = clock, memory
        self._lock = threading.RLock()
        self._all, self._history, self._search = _Circuit(chance), _Circuit(chance), _Circuit(chance)
        self.requests = 0
        """Sent since start."""
        self._sent_at: deque[datetime] = deque(maxlen=_REMEMBERED)

    def admit(self, lane: Lane) -> None:
        """Count one request that is about to be sent.

        Raises:
            SourceError: If a circuit is open; says why and until when.
        """
        with self._shared():
            circuits, now = self._circuits(lane), self._clock.now()
            for circuit in circuits:
                circuit.check(now)
            for circuit in circuits:
                circuit.send(now)
            self._count(1)

    def redirected(self, lane: Lane, times: int, *, in_circles: bool = False) -> None:
        """Count the requests that one request led to."""
        with self._lock:
            for circuit in self._circuits(lane):
                circuit.sent += times
                circuit.answered += 0 if in_circles else times
            self._count(times)

    def answered(self, lane: Lane) -> None:
        """Note that a request on the way to the data was answered as it should be."""
        with self._lock:
            for circuit in self._circuits(lane):
                circuit.answered += 1

    def failed(self, lane: Lane, cause: SourceError, *, retry_after_s: float = 0.0) -> SourceError:
        """Note a failure; `retry_after_s` is what the server asked for, if anything.

        Returns:
            What to raise: `cause`, or the refusal with its time if this failure has opened a circuit.
        """
        with self._shared():
            now, everything, own = self._clock.now(), self._all, self._circuits(lane)[-1]
            own.fail(now, cause, retry_after_s)
            if own is not everything and own.retry_at is not None:
                if everything.is_open:
                    everything.fail(now, cause, retry_after_s)
                elif isinstance(cause, SourceRateLimited):
                    everything.hold(now, cause, own.retry_at)
            return own.refusal() if own.is_open else cause

    def doubts(self, lane: Lane) -> bool:
        """Whether there has been a failure since the last good answer."""
        with self._lock:
            return any(circuit.cause is not None for circuit in self._circuits(lane))

    def succeeded(self, lane: Lane) -> None:
        """Note a good answer: usable data, not just any response."""
        with self._shared():
            self._circuits(lane)[-1].close()

    def health(self, name: str) -> SourceHealth:
        """What is wrong, since when, and when it is tried again; late where only histories are concerned."""
        with self._lock:
            self._catch_up()
            circuit = self._all if self._all.cause is not None else self._history
            if circuit.cause is None:
                return SourceHealth(name, Health.OK, "ok", requests=self.requests)
            failed = circuit is self._all and circuit.is_open
            message = str(circuit.refusal() if circuit.is_open else circuit.cause)
            health = Health.FAILED if failed else Health.LATE
            return SourceHealth(name, health, message, circuit.since, circuit.retry_at, self.requests)

    @contextmanager
    def _shared(self) -> Iterator[None]:
        """Change circuits in step with the other processes."""
        with self._lock:
            if self._memory is None:
                yield
                return
            with self._memory.alone():
                self._catch_up()
                before = self._kept()
                try:
                    yield
                finally:
                    if (after := self._kept()) != before:
                        self._memory.keep(after, self._clock.now())

    def _catch_up(self) -> None:
        """Take over what another process has met since."""
        if self._memory is not None and (news := self._memory.news(self._clock.now())) is not None:
            for circuit, kept in zip((self._all, self._history, self._search), news, strict=True):
                circuit.adopt(kept)

    def _kept(self) -> tuple[KeptCircuit, KeptCircuit, KeptCircuit]:
        return self._all.kept(), self._history.kept(), self._search.kept()

    def _count(self, requests: int) -> None:
        self.requests += requests
        self._sent_at.extend([self._clock.now()] * requests)

    def last_minute(self) -> int:
        """Requests sent within the last minute."""
        with self._lock:
            since = self._clock.now() - timedelta(minutes=1)
            return sum(at > since for at in self._sent_at)

    def circuits(self) -> tuple[Circuit, ...]:
        """How all circuits stand."""
        with self._lock:
            return self._all.told("everything"), self._history.told("histories"), self._search.told("searches")

    def _circuits(self, lane: Lane) -> tuple[_Circuit, ...]:
        """Those a request has to pass; the last is its own."""
        own = {Lane.HISTORY: self._history, Lane.SEARCH: self._search}
        return (self._all, own[lane]) if lane in own else (self._all,)
