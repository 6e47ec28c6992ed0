"""How often quotes are asked for, and at which moments out of turn: by what the exchanges are doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forecasting.domain.interval import Interval
from forecasting.domain.sessions import SessionTable, in_slots

BARS_AFTER_CLOSE = timedelta(seconds=90)       # sources settle their last bar a little after the close
BARS_AFTER_SLOT = timedelta(seconds=5)
STREAM_SPARES = 4.0          # polls are so much rarer while prices stream in; they never cease


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often quotes are asked for, in seconds."""

    open_seconds: float
    closed_seconds: float

    def seconds(self, tables: Sequence[SessionTable], now: datetime, *, settled: bool, streamed: bool) -> float:
        """How long until the next refresh.

        Args:
            tables: Of the watched exchanges.
            now: Aware.
            settled: Whether a refresh has succeeded; until then closed exchanges are no reason to wait.
            streamed: Whether prices come by themselves.
        """
        if settled and all(table.state(now).quiet for table in tables):
            return self.closed_seconds
        return self.open_seconds * (STREAM_SPARES if streamed else 1.0)


def wakes(
    tables: Sequence[SessionTable], now: datetime, interval: Interval, retry_at: datetime | None
) -> dict[str, datetime]:
    """The next change to a state with prices, close of a session or slot with its bars, and try of the source."""
    opens = [moment for table in tables for moment, state in table.changes(now) if not state.quiet]
    closes = [session.close + BARS_AFTER_CLOSE for table in tables if (session := table.current(now))]
    retries = [retry_at] if retry_at is not None and retry_at > now else []
    if interval.step is not None:      # a forecast of the next slot is worth most at its beginning
        slots = (in_slots(table, interval).current(now) for table in tables)
        closes += [slot.close + BARS_AFTER_SLOT for slot in slots if slot is not None]
    moments = (("open", opens), ("close", closes), ("retry", retries))
    return {name: min(known) for name, known in moments if known}


def next_close(tables: Sequence[SessionTable], now: datetime) -> datetime | None:
    """When bars come next that are not there yet; None where no session is known."""
    sessions = (table.current(now) or table.next_open(now) for table in tables)
    return min((session.close + BARS_AFTER_CLOSE for session in sessions if session is not None), default=None)
