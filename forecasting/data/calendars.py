"""Trading sessions from exchange_calendars, holidays, half days and daylight saving included.

Worker process only: exchange_calendars pulls pandas, so it is imported when the first sessions are asked for. The
answers are plain `SessionTable` values that the store keeps for the screen.
"""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from forecasting.data.exchanges import FX, WEEKDAYS
from forecasting.domain.sessions import Session, SessionTable
from forecasting.errors import ConfigError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar
    from pandas import Timestamp

_EARLIEST = date(1998, 1, 1)    # far enough back for the demo; earlier only when somebody asks for it


class Calendars:
    """Session tables by exchange, computed once and kept."""

    def __init__(self) -> None:
        self._known: dict[str, _Span] = {}

    def sessions(self, exchange: str, first: date, last: date) -> SessionTable:
        """The sessions of `exchange` named `first` to `last`, both included.

        Fewer where the exchange's holidays are not recorded that far back or ahead.

        Raises:
            ConfigError: If no exchange of that name is known.
        """
        span = self._known.get(exchange)
        if span is None or first < span.first or last > span.last:
            first_year = min(first, _EARLIEST) if span is None else min(first, span.first)
            last_year = last if span is None else max(last, span.last)
            span = _Span(exchange, date(first_year.year, 1, 1), date(last_year.year, 12, 31))
            self._known[exchange] = span
        return span.cut(first, last)


class _Span:
    """All sessions of one exchange between two dates."""

    def __init__(self, exchange: str, first: date, last: date) -> None:
        self.exchange, self.first, self.last = exchange, first, last
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")    # pandas' deprecations inside exchange_calendars: nothing we could act on
            schedule = _calendar(WEEKDAYS if exchange == FX else exchange, first, last).schedule
        self._days: list[date] = list(schedule.index.date)
        opens, closes = schedule["open"].array.to_pydatetime(), schedule["close"].array.to_pydatetime()
        pauses = zip(schedule["break_start"], schedule["break_end"], strict=True)
        sessions = (
            Session(day, opened.astimezone(UTC), closed.astimezone(UTC), _pause(*pause))
            for day, opened, closed, pause in zip(self._days, opens, closes, pauses, strict=True)
        )
        self._sessions = tuple(map(_fx_session, sessions) if exchange == FX else sessions)
        self._newest: tuple[date, date, SessionTable] | None = None

    def cut(self, first: date, last: date) -> SessionTable:
        """The table from `first` to `last`; the newest is kept, since a watchlist asks for the same one in a row."""
        if self._newest is None or self._newest[:2] != (first, last):
            sessions = self._sessions[bisect_left(self._days, first) : bisect_right(self._days, last)]
            self._newest = first, last, SessionTable(self.exchange, sessions)
        return self._newest[2]


def _pause(start: Timestamp, end: Timestamp) -> tuple[datetime, datetime] | None:
    """When trading rests at noon; None where both are NaT, which is not itself."""
    if start != start:
        return None
    return start.to_pydatetime().astimezone(UTC), end.to_pydatetime().astimezone(UTC)


def _fx_session(session: Session) -> Session:
    """A weekday of currency trading: its bar is a day's, but the week begins on Sunday and ends on Friday evening."""
    day = session.session
    if day.weekday() == 0:
        return replace(session, open=_new_york_evening(day - timedelta(days=1)))
    return replace(session, close=_new_york_evening(day)) if day.weekday() == 4 else session


def _new_york_evening(day: date) -> datetime:
    return datetime.combine(day, time(17), ZoneInfo("America/New_York")).astimezone(UTC)


def _calendar(exchange: str, first: date, last: date) -> ExchangeCalendar:
    """The calendar over as much of `first` to `last` as its recorded holidays reach."""
    import exchange_calendars as xc

    if exchange not in xc.get_calendar_names():
        raise ConfigError(
            f"no exchange '{exchange}' is known: use a MIC that exchange_calendars lists, for example XNYS, XLON, 24/7"
        )
    # Some calendars refuse a start or end they have no holidays for; None lets them choose their own.
    for start, end in ((first, last), (_EARLIEST, last), (None, last), (_EARLIEST, None)):
        try:
            return xc.get_calendar(exchange, start=start, end=end)
        except ValueError:
            continue
    return xc.get_calendar(exchange)
