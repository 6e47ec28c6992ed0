"""Shared by the tests of sources: one set of calendars, and small recorded histories."""

from __future__ import annotations

from datetime import UTC, date, datetime

from forecasting.data.calendars import Calendars
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol

CALENDARS = Calendars()
"""Computed once for all tests; it holds no state but its cache."""

NEW_YORK = Instrument(Symbol("AAPL"), "Apple Inc.", "XNYS", "USD")


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment in UTC; New York trades from 13:30 to 20:00 in summer."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def bar(session: date, close: float, *, open_: float | None = None, spread: float = 1.0) -> Bar:
    """A bar around `close`."""
    opened = close if open_ is None else open_
    return Bar(session, opened, max(opened, close) + spread, min(opened, close) - spread, close, close, 1000.0)


def recorded(first: date, last: date, *, instrument: Instrument = NEW_YORK, first_close: float = 100.0) -> BarSeries:
    """One bar per session, closes rising by one."""
    sessions = CALENDARS.sessions(instrument.exchange, first, last).sessions
    bars = (bar(s.session, first_close + i, open_=first_close + i - 0.5) for i, s in enumerate(sessions))
    return BarSeries(instrument, tuple(bars))
