"""What a sink in trouble has not taken, and when it is offered again. No clock and no thread of its own.

The pauses grow to an hour and vary by chance, so that all who were refused together do not come back together. A sink
that takes anything is well again: then the rest is offered at once. What is older than the limit is given up.
Source: exponential backoff with jitter, M. Brooker, AWS Architecture Blog (2015).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from forecasting.domain.decision import Alert, Notice

Item = Alert | Notice

PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
"""After each failed round; the last for all that follow."""
JITTER = 0.2
"""Up to such a share is a pause longer."""
LOOK_S = 30.0
"""The clock is looked at again so often: it may be set, a machine may sleep."""

_LONGEST = PAUSES[-1] * (1 + JITTER)      # a server's own wish is an hour at most


class Retries:
    """See the module. `now` is an aware time by the machine's clock, which may be set."""

    def __init__(self, limit: timedelta, chance: Callable[[], float] = random.random) -> None:
        """Begin with nothing.

        Args:
            limit: Of the age of what is offered again.
            chance: Gives numbers in [0, 1).
        """
        self._limit, self._chance = limit, chance
        self._items: list[Item] = []
        self._rounds = 0                          # failed one after the other
        self._due: datetime | None = None         # of what was put last; past: its round has begun
        self._alone_until: datetime | None = None

    @property
    def in_trouble(self) -> bool:
        """Whether the sink has taken nothing since it failed."""
        return self._rounds > 0

    def put(self, items: Sequence[Item], now: datetime, after_s: float) -> tuple[datetime, list[Item], list[Item]]:
        """Keep what was not taken.

        Args:
            items: What is has been offered in vain.
            now: The time.
            after_s: For how many seconds the sink asks to be left alone.

        Returns:
            When it is offered again; what is kept for then; what is given up.
        """
        if self._due is None or self._due <= now:      # else another message of the same round has failed before
            pause = PAUSES[min(self._rounds, len(PAUSES) - 1)]
            self._due = now + pause * (1 + JITTER * self._chance())
            self._rounds += 1
        if after_s:
            self._alone_until = now + timedelta(seconds=after_s)
            self._due = max(self._due, self._alone_until)
        kept = [item for item in items if now - item.fired_at < self._limit]
        self._items += kept
        return self._due, kept, [item for item in items if now - item.fired_at >= self._limit]

    def taken(self, now: datetime) -> None:
        """The sink has taken something: all the rest is due."""
        self._rounds, self._due = 0, now

    def release(self, now: datetime) -> list[Item]:
        """What is due now, oldest first; it is no longer kept here."""
        if not self._items or self.wait_s(now):
            return []
        due, self._items, self._due = sorted(self._items, key=lambda item: item.fired_at), [], now
        return due

    def wait_s(self, now: datetime) -> float | None:
        """Seconds until a look at `release` is worth while; None: nothing is kept."""
        if not self._items or self._due is None:
            return None
        left = self._due - now
        return 0.0 if left > _LONGEST else min(max(left.total_seconds(), 0.0), LOOK_S)      # a clock was set back

    def alone_s(self, now: datetime) -> float:
        """Seconds to leave the sink alone for, as it has asked; then, or a while before, ask here again."""
        if self._alone_until is None or self._alone_until - now > _LONGEST:
            return 0.0
        return min(max((self._alone_until - now).total_seconds(), 0.0), LOOK_S)
