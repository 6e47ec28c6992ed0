"""How long a bar is, and how bars are named.

A daily bar is named by its session, the exchange's own calendar date. A shorter bar is named by the instant its slot
opens, aware UTC: the only name that stays right where a session crosses midnight or clocks change. Python's types take
a datetime for a date, but the two do not compare: a store, a series and a panel hold one kind only, and the border of
each sees to it (`names`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum


class Interval(StrEnum):
    """Lengths of a bar."""

    DAY = "1d"
    HOUR = "1h"
    QUARTER = "15m"
    FIVE = "5m"

    @property
    def step(self) -> timedelta | None:
        """The longest a slot lasts; None for whole sessions."""
        return _STEPS.get(self)

    @property
    def kept_for(self) -> timedelta | None:
        """How far back such bars are to be had (Yahoo's limits, less a day); None for as far as there are any."""
        return _KEPT.get(self)

    def names(self, key: date) -> bool:
        """Whether `key` is of the kind that names bars of this interval: a date, or an aware time in UTC."""
        if self is Interval.DAY:
            return not isinstance(key, datetime)
        return isinstance(key, datetime) and key.utcoffset() == timedelta()

    def first_key(self, day: date) -> date:
        """The least name that a bar of `day` can have; days of bars shorter than a session are UTC's."""
        return day if self is Interval.DAY else datetime.combine(day, time(), UTC)

    def last_key(self, day: date) -> date:
        """The greatest name that a bar of `day` can have."""
        return day if self is Interval.DAY else datetime.combine(day, time.max, UTC)

    def key_at(self, now: datetime) -> date:
        """The moment `now` as something that compares with names of bars."""
        return now.date() if self is Interval.DAY else now


_STEPS = {
    Interval.HOUR: timedelta(hours=1), Interval.QUARTER: timedelta(minutes=15), Interval.FIVE: timedelta(minutes=5)
}
_KEPT = {
    Interval.HOUR: timedelta(days=729), Interval.QUARTER: timedelta(days=59), Interval.FIVE: timedelta(days=59)
}


def day_of(key: date) -> date:
    """The day of a bar's name, in UTC."""
    return key.date() if isinstance(key, datetime) else key


def parse_key(text: str) -> date:
    """The name of a bar from its ISO text: a date, or a time in UTC.

    Raises:
        ValueError: If it is neither.
    """
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
