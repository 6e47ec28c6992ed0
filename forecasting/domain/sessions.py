"""Trading sessions of one exchange, and arithmetic on them; the same for slots of a session.

The sessions themselves come from exchange_calendars in the worker process and are kept in the store; this module only
counts and compares, so that the screen's process can ask "is it open" without pandas.

Where bars are shorter than a session, a `SlotTable` stands in the place of the `SessionTable`: it cuts each session
into slots of that length, the last one short where the length does not divide the session (on half days too), and
answers in slots what the other answers in sessions. A slot's name is the instant it opens.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, islice

from forecasting.domain.interval import Interval
from forecasting.domain.market import SessionState
from forecasting.frozen import dataclass

EXTENDED = {"XNYS": (timedelta(hours=5, minutes=30), timedelta(hours=4))}
"""How long there are prices before the open and after the close: New York 04:00 to 20:00, after a half day to 17:00.

No other exchange is here: London and Xetra have phases around their sessions, but no source has prices made in them,
and what is printed shortly after their close is the closing auction's.
"""

CLOSING = timedelta(minutes=2)
"""A price this shortly after the close is the close: closing auctions print a little later."""

_NONE = (timedelta(), timedelta())


@dataclass(frozen=True, slots=True)
class Session:
    """One regular trading session, or one slot of it."""

    session: date        # the exchange's calendar date; a slot's opening instant
    open: datetime       # aware UTC
    close: datetime      # aware UTC; earlier than usual on half days
    pause: tuple[datetime, datetime] | None = None    # when trading rests at noon, where it does


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

    def sessions_between(self, first: date, last: date) -> tuple[Session, ...]:
        """The sessions that the bars named `first` to `last` belong to."""
        return self.between(first, last)

    def reaches(self, day: date) -> bool:
        """Whether `day` lies between the first and the last known session."""
        return bool(self._dates) and self._dates[0] <= day <= self._dates[-1]

    def close_of(self, key: date) -> datetime:
        """When the bar named `key` closes; on a day the calendar does not know, when that day is over in UTC."""
        if (known := self.get(key)) is not None:
            return known.close
        if key == date.max:      # a file may say so, and no day comes after it
            return datetime.max.replace(tzinfo=UTC)
        return datetime.combine(key + timedelta(days=1), time(), UTC)

    def first_of(self, key: date) -> date:
        """The name of the first bar of the session that the bar named `key` belongs to."""
        return key

    @property
    def bars_per_session(self) -> int:
        """The most bars a session has."""
        return 1

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

    # What the exchange is doing is asked of whole sessions, also where bars are slots of them.

    def state(self, now: datetime) -> SessionState:
        """What the exchange is doing at `now`; pre and post only where the exchange has extended hours."""
        pre, post = EXTENDED.get(self.exchange, _NONE)
        i = bisect_right(self._opens, now)
        last = self.sessions[i - 1] if i else None
        if last is not None and now < last.close:
            resting = last.pause is not None and last.pause[0] <= now < last.pause[1]
            return SessionState.BREAK if resting else SessionState.OPEN
        if i < len(self.sessions) and self._opens[i] - pre <= now:
            return SessionState.PRE
        return SessionState.POST if last is not None and now < last.close + post else SessionState.CLOSED

    def changes(self, now: datetime) -> tuple[tuple[datetime, SessionState], ...]:
        """The next changes of `state` after `now`, ascending: those of the newest session and of the one to come."""
        pre, post = EXTENDED.get(self.exchange, _NONE)
        i = bisect_right(self._opens, now)
        moments = {
            moment
            for s in self.sessions[max(i - 1, 0) : i + 1]
            for moment in (s.open - pre, s.open, *(s.pause or ()), s.close, s.close + post)
            if moment > now
        }
        found, state = [], self.state(now)
        for moment in sorted(moments):
            before, state = state, self.state(moment)
            if state is not before:      # where trading never stops, one session's close is the next one's open
                found.append((moment, state))
        return tuple(found)

    def traded(self, start: datetime, end: datetime, *, enough: timedelta) -> timedelta:
        """How long the exchange has been open between two moments; counting ends once it is longer than `enough`."""
        total = timedelta()
        for i in range(max(bisect_right(self._opens, start) - 1, 0), len(self.sessions)):
            session = self.sessions[i]
            if session.open >= end or total > enough:
                break
            rests, goes_on = session.pause or (session.close, session.close)
            for opens, closes in ((session.open, rests), (goes_on, session.close)):
                total += max(min(closes, end) - max(opens, start), timedelta())
        return total

    def is_regular(self, moment: datetime) -> bool:
        """Whether a price made at `moment` is a regular session's, its close included."""
        i = bisect_right(self._opens, moment)
        return i > 0 and moment <= self.sessions[i - 1].close + CLOSING


@dataclass(frozen=True, slots=True)
class SlotTable(SessionTable):
    """All sessions of one exchange cut into slots. `sessions` are the sessions; all that is asked is told in slots.

    Nothing is cut before it is asked for: years of five-minute slots would be half a million.
    """

    step: timedelta

    def get(self, day: date) -> Session | None:
        """The slot that opens at `day`, an aware time; None if none does."""
        moment = _moment(day)
        slot = self.last_opened(moment)
        return slot if slot is not None and slot.open == moment else None

    def after(self, day: date, count: int) -> tuple[Session, ...]:
        """The next `count` slots that open after `day`; fewer where the table ends."""
        moment = _moment(day)
        first = max(bisect_right(self._opens, moment) - 1, 0)
        slots = chain.from_iterable(_cut(s, self.step) for s in islice(self.sessions, first, None))
        return tuple(islice((s for s in slots if s.open > moment), count))

    def between(self, first: date, last: date) -> tuple[Session, ...]:
        """The slots that open from `first` to `last`, both included."""
        start, end = _moment(first), _moment(last)
        days = self.sessions_between(first, last)
        return tuple(s for day in days for s in _cut(day, self.step) if start <= s.open <= end)

    def sessions_between(self, first: date, last: date) -> tuple[Session, ...]:
        """The sessions that the slots opening from `first` to `last` belong to."""
        start = max(bisect_right(self._opens, _moment(first)) - 1, 0)
        return self.sessions[start : bisect_right(self._opens, _moment(last))]

    def reaches(self, day: date) -> bool:
        """Whether `day` lies between the first slot's open and the last one's close."""
        return bool(self._opens) and self._opens[0] <= _moment(day) < self.sessions[-1].close

    def close_of(self, key: date) -> datetime:
        """When the bar named `key` closes; a step later where no slot opens then."""
        known = self.get(key)
        return known.close if known is not None else _moment(key) + self.step

    def first_of(self, key: date) -> date:
        """The name of the first slot of the session in which the bar named `key` begins, or that ran before it."""
        return max((s.open for s in self.sessions_between(key, key)), default=key)

    @property
    def bars_per_session(self) -> int:
        """The most slots one of the newest sessions has."""
        return max((len(_cut(s, self.step)) for s in self.sessions[-10:]), default=1)

    def last_opened(self, now: datetime) -> Session | None:
        """The newest slot whose open is not after `now`."""
        i = bisect_right(self._opens, now)
        if not i:
            return None
        slots = _cut(self.sessions[i - 1], self.step)
        return slots[bisect_right(slots, now, key=lambda s: s.open) - 1]

    def last_closed(self, now: datetime) -> Session | None:
        """The newest slot whose close is not after `now`."""
        i = bisect_right(self._opens, now)
        for session in self.sessions[max(i - 2, 0) : i][::-1]:
            slots = _cut(session, self.step)
            if closed := bisect_right(slots, now, key=lambda s: s.close):
                return slots[closed - 1]
        return None

    def next_open(self, now: datetime) -> Session | None:
        """The first slot that opens after `now`."""
        return next(iter(self.after(now, 1)), None)


def in_slots(table: SessionTable, interval: Interval) -> SessionTable:
    """The table that answers for bars of `interval`: `table` itself, or its sessions cut into slots."""
    return table if interval.step is None else SlotTable(table.exchange, table.sessions, interval.step)


def _moment(key: date) -> datetime:
    assert isinstance(key, datetime), f"{key}: a slot is named by the time it opens, not by a date"
    return key


@lru_cache(maxsize=4096)
def _cut(session: Session, step: timedelta) -> tuple[Session, ...]:
    """The slots of one session, at least one; a pause at noon ends a slot and begins the next."""
    parts = [(session.open, session.close)]
    if session.pause is not None:
        parts = [(session.open, session.pause[0]), (session.pause[1], session.close)]
    slots = []
    for opens, closes in parts:
        while opens < closes:
            end = min(opens + step, closes)
            slots.append(Session(opens, opens, end))
            opens = end
    return tuple(slots)
