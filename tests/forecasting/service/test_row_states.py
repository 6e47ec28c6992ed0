"""LIVE, PRE, AH, CLS, STALE, ERR: from the time a price was made and the exchange's timetable, on real calendars."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.market import Quote, RowState, SessionState, Symbol, SymbolFailure
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.service.backend import ModelStatus, TickReport
from forecasting.service.snapshots import SnapshotReader
from forecasting.service.view import STALE_AFTER, exchange_status, model_note, row_state
from tests.support.ledger_rows import forecast
from tests.support.markets import CALENDARS

LIVE, PRE, AH, CLS, STALE = RowState.LIVE, RowState.PRE, RowState.AH, RowState.CLOSED, RowState.STALE
EXCHANGES = ("XNYS", "XLON", "XETR", "XTKS", "XHKG", "XSHG", "XTSE", "XASX", "BVMF", "CMES", "24/7", "24/5", "FX")
FIRST, LAST = date(2025, 10, 1), date(2026, 12, 31)


def table(exchange: str) -> SessionTable:
    return CALENDARS.sessions(exchange, FIRST, LAST)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def quote(made: datetime) -> Quote:
    return Quote(Symbol("ANY"), 100.0, made, 99.0, "USD", "test")


def state(exchange: str, made: str, now: str) -> RowState:
    return row_state(quote(utc(made)), None, table(exchange), utc(now))


@pytest.mark.parametrize(
    ("made", "now", "expected"),
    [
        # Wednesday 4 March 2026: pre-market from 09:00, open 14:30, close 21:00, after hours until 01:00.
        ("2026-03-04 15:00:00", "2026-03-04 15:00:04", LIVE),
        ("2026-03-04 14:45", "2026-03-04 15:00", LIVE),        # quotes that are fifteen minutes late
        ("2026-03-04 14:00", "2026-03-04 15:00", STALE),       # made before the open, and half an hour of trading ago
        ("2026-03-04 16:00", "2026-03-04 17:00", STALE),       # stopped an hour ago in an open session
        ("2026-03-03 21:00", "2026-03-04 14:29", CLS),
        ("2026-03-03 21:00", "2026-03-04 14:35", CLS),         # nothing has come of the new session yet
        ("2026-03-03 21:00", "2026-03-04 14:51", STALE),
        ("2026-03-04 13:00", "2026-03-04 13:05", PRE),
        ("2026-03-04 10:00", "2026-03-04 13:05", PRE),         # few trade before the open
        ("2026-03-04 14:29", "2026-03-04 14:31", PRE),
        ("2026-03-04 21:00", "2026-03-04 22:00", CLS),         # the close, after hours
        ("2026-03-04 21:00:04", "2026-03-04 22:00", CLS),      # the closing auction's print
        ("2026-03-04 20:59:58", "2026-03-05 03:00", CLS),
        ("2026-03-04 20:30", "2026-03-04 22:00", STALE),       # stopped half an hour before the close
        ("2026-03-04 21:30", "2026-03-04 22:00", AH),
        ("2026-03-04 23:30", "2026-03-05 03:00", AH),          # still the newest price at night
        ("2026-03-04 23:30", "2026-03-05 12:00", AH),
        ("2026-03-06 21:00", "2026-03-08 12:00", CLS),         # a weekend
        ("2026-03-05 21:00", "2026-03-08 12:00", STALE),       # Friday is missing
        # Clocks go forward on Sunday 8 March in New York: Monday opens at 13:30.
        ("2026-03-09 13:35", "2026-03-09 13:36", LIVE),
        ("2026-03-06 21:00", "2026-03-09 13:55", STALE),
        ("2026-03-09 20:00", "2026-03-09 20:30", CLS),
        ("2026-03-09 20:30", "2026-03-09 20:40", AH),
        # Clocks go back on Sunday 2 November 2025.
        ("2025-10-31 20:00", "2025-10-31 20:30", CLS),
        ("2025-11-03 20:30", "2025-11-03 20:35", LIVE),
        ("2025-11-03 13:35", "2025-11-03 13:36", PRE),
        # Thanksgiving, and the half day after it: close 18:00, after hours until 22:00.
        ("2025-11-26 21:00", "2025-11-27 16:00", CLS),
        ("2025-11-28 17:50", "2025-11-28 18:30", CLS),
        ("2025-11-28 18:00", "2025-11-28 20:00", CLS),
        ("2025-11-28 19:00", "2025-11-28 20:00", AH),
        ("2025-11-28 17:00", "2025-11-28 19:00", STALE),
        # Good Friday 2026.
        ("2026-04-02 20:00", "2026-04-03 15:00", CLS),
        ("2026-04-02 20:00", "2026-04-06 15:00", STALE),
    ],
)
def test_new_york(made: str, now: str, expected: RowState) -> None:
    assert state("XNYS", made, now) is expected


@pytest.mark.parametrize(
    ("exchange", "made", "now", "expected"),
    [
        # In the three weeks when New York has changed its clocks and Europe has not, London still opens at 08:00 UTC.
        ("XLON", "2026-03-16 08:05", "2026-03-16 08:10", LIVE),
        ("XLON", "2026-03-30 07:05", "2026-03-30 07:10", LIVE),
        ("XLON", "2026-03-16 16:35", "2026-03-16 17:00", CLS),     # the closing auction; no after hours in London
        ("XLON", "2025-12-24 12:30", "2025-12-24 15:00", CLS),     # half day
        ("XLON", "2025-12-24 12:30", "2025-12-28 15:00", CLS),
        ("XETR", "2026-03-16 16:35", "2026-03-16 20:00", CLS),
        ("XETR", "2026-03-16 10:00", "2026-03-16 11:00", STALE),
        ("XETR", "2026-04-02 15:30", "2026-04-06 10:00", CLS),     # Good Friday and Easter Monday
        # Tokyo, UTC+9: 00:00 to 02:30 and 03:30 to 06:30.
        ("XTKS", "2026-03-02 00:10", "2026-03-02 00:11", LIVE),    # Monday there, Sunday evening in New York
        ("XTKS", "2026-03-02 02:29", "2026-03-02 03:00", CLS),     # lunch
        ("XTKS", "2026-03-02 02:00", "2026-03-02 03:00", STALE),   # stopped before lunch
        ("XTKS", "2026-03-02 02:29", "2026-03-02 03:35", CLS),     # nothing has come of the afternoon yet
        ("XTKS", "2026-03-02 02:29", "2026-03-02 03:55", STALE),
        ("XTKS", "2026-03-02 03:35", "2026-03-02 03:36", LIVE),
        ("XTKS", "2026-03-02 06:30", "2026-03-02 20:00", CLS),
        ("XTKS", "2026-05-01 06:30", "2026-05-06 05:00", CLS),     # Golden Week
        # Hong Kong, UTC+8: 01:30 to 04:00 and 05:00 to 08:00; no afternoon on New Year's Eve.
        ("XHKG", "2026-03-02 03:59", "2026-03-02 04:30", CLS),
        ("XHKG", "2026-03-02 05:01", "2026-03-02 05:02", LIVE),
        ("XHKG", "2025-12-31 04:00", "2025-12-31 06:00", CLS),
        ("XSHG", "2026-03-02 03:30", "2026-03-02 04:45", CLS),
        ("XTSE", "2026-03-09 13:35", "2026-03-09 13:36", LIVE),
        ("XTSE", "2026-02-16 15:00", "2026-02-16 15:01", CLS),     # Family Day
        ("XASX", "2026-03-02 00:10", "2026-03-02 00:11", LIVE),
        ("BVMF", "2026-03-02 13:10", "2026-03-02 13:11", LIVE),
        # Always.
        ("24/7", "2026-03-07 23:55", "2026-03-08 00:05", LIVE),
        ("24/7", "2026-03-08 02:00", "2026-03-08 03:00", STALE),
        # Currencies: from Sunday 17:00 to Friday 17:00 in New York.
        ("FX", "2026-03-03 23:55", "2026-03-04 00:05", LIVE),
        ("FX", "2026-03-06 21:59", "2026-03-07 12:00", CLS),
        ("FX", "2026-03-06 21:59", "2026-03-08 20:59", CLS),
        ("FX", "2026-03-08 21:05", "2026-03-08 21:06", LIVE),      # clocks went forward that Sunday: 21:00, not 22:00
        ("FX", "2026-03-06 21:59", "2026-03-08 21:30", STALE),
        ("FX", "2026-03-01 21:30", "2026-03-01 21:31", CLS),
        ("FX", "2026-03-04 10:00", "2026-03-04 11:00", STALE),
    ],
)
def test_elsewhere(exchange: str, made: str, now: str, expected: RowState) -> None:
    assert state(exchange, made, now) is expected


def test_without_a_price_a_row_has_failed_or_waits() -> None:
    failure = SymbolFailure(Symbol("ANY"), "no-data", "nothing")
    assert row_state(None, failure, table("XNYS"), utc("2026-03-04 15:00")) is RowState.ERR
    assert row_state(None, None, table("XNYS"), utc("2026-03-04 15:00")) is STALE


def test_where_no_timetable_reaches_only_age_counts() -> None:
    ended = SessionTable("XNYS", table("XNYS").between(FIRST, date(2026, 3, 3)))
    for known in (None, SessionTable("XNYS", ()), ended):
        assert row_state(quote(utc("2026-03-04 15:00")), None, known, utc("2026-03-04 15:10")) is LIVE
        assert row_state(quote(utc("2026-03-04 15:00")), None, known, utc("2026-03-04 16:00")) is STALE


def test_a_price_from_hours_ahead_means_that_a_clock_is_wrong() -> None:
    assert state("XNYS", "2026-03-04 18:00", "2026-03-04 15:00") is STALE
    assert state("XNYS", "2026-03-04 15:02", "2026-03-04 15:00") is LIVE


@pytest.mark.parametrize(
    ("exchange", "now", "expected", "until", "then"),
    [
        ("XNYS", "2026-03-04 08:00", "CLOSED", "2026-03-04 14:30", "OPEN"),
        ("XNYS", "2026-03-04 09:30", "PRE", "2026-03-04 14:30", "OPEN"),
        ("XNYS", "2026-03-04 15:00", "OPEN", "2026-03-04 21:00", "POST"),
        ("XNYS", "2026-03-04 22:00", "POST", "2026-03-05 01:00", "CLOSED"),
        ("XNYS", "2025-11-28 16:00", "OPEN", "2025-11-28 18:00", "POST"),
        ("XNYS", "2025-11-28 19:00", "POST", "2025-11-28 22:00", "CLOSED"),
        ("XTKS", "2026-03-02 01:00", "OPEN", "2026-03-02 02:30", "BREAK"),
        ("XTKS", "2026-03-02 03:00", "BREAK", "2026-03-02 03:30", "OPEN"),
        ("XTKS", "2026-03-02 04:00", "OPEN", "2026-03-02 06:30", "CLOSED"),
        ("XHKG", "2025-12-31 02:00", "OPEN", "2025-12-31 04:00", "CLOSED"),
        ("FX", "2026-03-07 12:00", "CLOSED", "2026-03-08 21:00", "OPEN"),
        ("FX", "2026-03-02 12:00", "OPEN", None, None),
        ("24/7", "2026-03-07 12:00", "OPEN", None, None),
    ],
)
def test_an_exchange_tells_what_comes_next(
    exchange: str, now: str, expected: str, until: str | None, then: str | None
) -> None:
    status = exchange_status(table(exchange), utc(now))
    found = (status.state.value, status.until, None if status.then is None else status.then.value)
    assert found == (expected, None if until is None else utc(until), then)


MOMENTS = st.timedeltas(timedelta(), timedelta(days=518)).map(lambda later: datetime(2025, 9, 1, tzinfo=UTC) + later)


@given(st.sampled_from(EXCHANGES), MOMENTS, MOMENTS)
def test_every_price_has_a_state_at_every_moment(exchange: str, made: datetime, now: datetime) -> None:
    known = table(exchange)
    found = row_state(quote(made), None, known, now)
    assert found in (LIVE, PRE, AH, CLS, STALE)
    if found is LIVE:
        assert abs(now - made) <= STALE_AFTER
    if found in (PRE, AH):
        assert exchange == "XNYS"
    if known.traded(made, now, enough=timedelta(days=999)) > STALE_AFTER:
        assert found is STALE


@given(st.sampled_from(EXCHANGES), MOMENTS)
def test_changes_are_what_the_state_does(exchange: str, now: datetime) -> None:
    known, before = table(exchange), table(exchange).state(now)
    last = now
    for moment, after in known.changes(now):
        assert moment > last
        assert known.state(moment - timedelta(microseconds=1)) is before
        assert known.state(moment) is after is not before
        before, last = after, moment


@given(st.sampled_from(EXCHANGES), MOMENTS, MOMENTS, MOMENTS)
def test_time_traded_adds_up(exchange: str, a: datetime, b: datetime, c: datetime) -> None:
    first, second, third = sorted((a, b, c))
    known, all_of_it = table(exchange), timedelta(days=999)

    def traded(start: datetime, end: datetime) -> timedelta:
        return known.traded(start, end, enough=all_of_it)

    assert traded(first, second) + traded(second, third) == traded(first, third)
    assert timedelta() <= traded(first, third) <= third - first
    if known.state(second) is not SessionState.OPEN:
        assert traded(second, second + timedelta(microseconds=1)) == timedelta()


def test_a_model_that_is_trained_and_silent_is_not_said_to_be_untrained() -> None:
    spoken = forecast()
    assert spoken.model == "har-t"
    assert model_note(spoken, {}) == "ensemble not trained yet; har-t shown"
    at_work = ModelStatus("ensemble", "abc", spoken.as_of_session)
    assert model_note(spoken, SnapshotReader._model_notes(report(at_work))) == (
        "ensemble is trained and has not spoken about this session"
    )
    expired = replace(at_work, note="expired")
    assert model_note(spoken, SnapshotReader._model_notes(report(expired))) == "expired"


def report(*models: ModelStatus) -> TickReport:
    health = SourceHealth("replay", Health.OK, "ok")
    return TickReport(datetime(2020, 1, 2, tzinfo=UTC), None, (), (), 0, 0, 0, health, models, (), ())
