"""Trading sessions of one exchange, and arithmetic on them.

The sessions themselves come from exchange_calendars in the worker process and are kept in the store; this module only
counts and compares, so that the screen's process can ask "is it open" without pandas.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from forecasting.domain.market import SessionState

EXTENDED = {"XNYS": (timedelta(hours=5, minutes=30), timedelta(hours=4))}  # pre-market 04:00, after hours to 20:00 ET
_NONE = (timedelta(), timedelta())


@dataclass(frozen=True, slots=True)
class Session:
    """One regular trading session."""

    session: date        # the exchange's calendar date
    open: datetime       # aware UTC
    close: datetime      # aware UTC; earlier than usual on half days


@dataclass(frozen=True, slots=True)
class SessionTable:
    """All known sessions of one exchange, ascending."""

    exchange: str
    sessions: tuple[Session, ...]
    _dates: tuple[date, ...] = field(init=False, repr=False, compare=False)
    _opens: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_dates", tuple(s.session for s in self.sessions))
        object.__setattr__(self, "_opens", tuple(s.open for s in self.sessions))

    def get(self, day: date) -> Session | None:
        """The session named `day`, or None when the exchange does not trade then or the table does not reach it."""
        i = bisect_left(self._dates, day)
        return self.sessions[i] if i < len(self.sessions) and self._dates[i] == day else None

    def after(self, day: date, count: int) -> tuple[Session, ...]:
        """The next `count` sessions strictly after `day`; fewer where the table ends."""
        i = bisect_right(self._dates, day)
        return self.sessions[i : i + count]

    def between(self, first: date, last: date) -> tuple[Session, ...]:
        """The sessions from `first` to `last`, both included."""
        return self.sessions[bisect_left(self._dates, first) : bisect_right(self._dates, last)]

    def current(self, now: datetime) -> Session | None:
        """The session running at `now`, or None."""
        last = self.last_opened(now)
        return last if last is not None and now < last.close else None

    def last_opened(self, now: datetime) -> Session | None:
        """The newest session whose open is not after `now`."""
        i = bisect_right(self._opens, now)
        return self.sessions[i - 1] if i else None

    def last_closed(self, now: datetime) -> Session | None:
        """The newest session whose close is not after `now`."""
        i = bisect_right(self._opens, now)
        while i and self.sessions[i - 1].close > now:
            i -= 1
        return self.sessions[i - 1] if i else None

    def next_open(self, now: datetime) -> Session | None:
        """The first session that opens after `now`."""
        i = bisect_right(self._opens, now)
        return self.sessions[i] if i < len(self.sessions) else None

    def extended_until(self, session: Session) -> datetime:
        """When trading after `session`'s close ends; its close where the exchange has no extended hours."""
        return session.close + EXTENDED.get(self.exchange, _NONE)[1]

    def state(self, now: datetime) -> SessionState:
        """What the exchange is doing at `now`; pre and post only where the exchange has extended hours."""
        if self.current(now) is not None:
            return SessionState.OPEN
        pre, _ = EXTENDED.get(self.exchange, _NONE)
        upcoming, last = self.next_open(now), self.last_closed(now)
        if upcoming is not None and upcoming.open - pre <= now:
            return SessionState.PRE
        if last is not None and now < self.extended_until(last):
            return SessionState.POST
        return SessionState.CLOSED
