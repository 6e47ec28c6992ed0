"""Symbols whose answers are of no use: asked for ever more rarely, until a good answer lifts it at once.

A failure is never a fact: an unknown symbol may be listed tomorrow, bad data may be mended. So there is always a next
probe, after 1, 5, 15 and 60 minutes, and then once a day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from forecasting.domain.market import Symbol, SymbolFailure
from forecasting.frozen import dataclass

WAITS = (*(timedelta(minutes=m) for m in (1, 5, 15, 60)), timedelta(days=1))


class Asked(StrEnum):
    """What was asked for."""

    QUOTE = "quote"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One symbol in quarantine."""

    symbol: Symbol
    asked: Asked
    kind: str              # of the newest failure
    message: str           # of the newest failure, one line
    tries: int             # failures in a row
    since: datetime        # of the first of them
    probe_at: datetime     # when it is asked for next

    def holds(self, now: datetime) -> bool:
        """Whether it is not to be asked for yet. A clock that was set back does not prolong it."""
        return now < self.probe_at <= now + WAITS[-1]

    @property
    def failure(self) -> SymbolFailure:
        """The newest failure, with the time of the next probe."""
        found = self.message.partition(";")[0]
        return SymbolFailure(self.symbol, self.kind, f"{found}; next try {self.probe_at:%m-%d %H:%M} UTC")


def quarantined(
    failure: SymbolFailure, asked: Asked, before: Quarantined | None, now: datetime, *, rarer: bool = True
) -> Quarantined:
    """`failure` in quarantine, after what was there `before`.

    Args:
        failure: The newest one.
        asked: What was asked for.
        before: What is known of failures before it.
        now: The moment of the failure.
        rarer: Whether to wait longer each time; asking costs nothing where prices lie on this machine.
    """
    first = Quarantined(failure.symbol, asked, failure.kind, failure.message, 0, now, now)
    tries = (before or first).tries + 1
    wait = WAITS[min(tries, len(WAITS)) - 1] if rarer else WAITS[0]
    return replace(first, tries=tries, since=(before or first).since, probe_at=now + wait)
