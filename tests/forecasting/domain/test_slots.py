"""T12 and T13 for bars shorter than a session: slots are real, and an unfinished one is not closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.interval import Interval, parse_key
from forecasting.domain.market import SessionState
from forecasting.domain.sessions import SessionTable, in_slots
from tests.support.markets import CALENDARS

INTRADAY = (Interval.HOUR, Interval.QUARTER, Interval.FIVE)


def slots(exchange: str, first: date, last: date, interval: Interval) -> SessionTable:
    return in_slots(CALENDARS.sessions(exchange, first, last), interval)


def at(month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2025, month, day, hour, minute, second, tzinfo=UTC)


THANKSGIVING = slots("XNYS", date(2025, 11, 26), date(2025, 12, 1), Interval.HOUR)


def test_a_session_of_six_and_a_half_hours_has_seven_hourly_slots_the_last_of_half_an_hour() -> None:
    wednesday = THANKSGIVING.between(at(11, 26, 0), at(11, 26, 23))
    assert [s.open for s in wednesday] == [at(11, 26, 14 + i, 30) for i in range(7)]
    assert [s.close - s.open for s in wednesday] == [timedelta(hours=1)] * 6 + [timedelta(minutes=30)]


def test_after_the_last_slot_of_a_session_comes_the_next_sessions_first() -> None:
    # Thursday is a holiday; Friday closes at 18:00 UTC, so its fourth hour is cut short.
    ahead = THANKSGIVING.after(at(11, 26, 20, 30), 5)
    assert [s.open for s in ahead] == [at(11, 28, 14, 30), at(11, 28, 15, 30), at(11, 28, 16, 30), at(11, 28, 17, 30),
                                       at(12, 1, 14, 30)]
    assert ahead[3].close == at(11, 28, 18)


@pytest.mark.parametrize(("interval", "count"), [(Interval.HOUR, 7), (Interval.QUARTER, 26), (Interval.FIVE, 78)])
def test_slots_of_a_whole_session_in_new_york(interval: Interval, count: int) -> None:
    assert slots("XNYS", date(2025, 11, 20), date(2025, 12, 1), interval).bars_per_session == count


def test_the_unfinished_slot_is_not_closed() -> None:
    table = slots("XNYS", date(2025, 11, 26), date(2025, 12, 1), Interval.FIVE)
    running, closed = table.current(at(11, 26, 14, 34, 59)), table.last_closed(at(11, 26, 14, 35))
    assert running is not None
    assert running.open == at(11, 26, 14, 30)
    assert table.last_closed(at(11, 26, 14, 34, 59)) is None     # the table begins with this session
    assert closed is not None
    assert closed.open == at(11, 26, 14, 30)


def test_between_sessions_the_newest_closed_slot_is_the_last_ones_last() -> None:
    closed = THANKSGIVING.last_closed(at(11, 27, 15))      # Thanksgiving
    assert closed is not None
    assert (closed.open, closed.close) == (at(11, 26, 20, 30), at(11, 26, 21))


def test_daylight_saving_moves_slots_in_utc_but_not_in_new_york() -> None:
    table = slots("XNYS", date(2025, 10, 31), date(2025, 11, 3), Interval.HOUR)
    friday, monday = table.sessions
    assert table.get(at(10, 31, 13, 30)) is not None
    assert table.get(at(11, 3, 13, 30)) is None
    assert [s.open for s in table.after(at(10, 31, 19, 30), 1)] == [monday.open] == [at(11, 3, 14, 30)]
    assert friday.open == at(10, 31, 13, 30)


def test_no_slot_lies_in_tokyos_pause_at_noon() -> None:
    table = slots("XTKS", date(2025, 1, 6), date(2025, 1, 7), Interval.HOUR)
    monday = table.between(at(1, 6, 0), at(1, 6, 12))
    assert [(s.open.hour * 60 + s.open.minute, s.close - s.open) for s in monday] == [
        (0, timedelta(hours=1)), (60, timedelta(hours=1)), (120, timedelta(minutes=30)),
        (210, timedelta(hours=1)), (270, timedelta(hours=1)), (330, timedelta(hours=1)),
    ]
    assert table.current(at(1, 6, 3)) is None
    assert table.state(at(1, 6, 3)) is SessionState.BREAK


def test_where_trading_never_stops_one_days_last_slot_ends_as_the_next_ones_first_begins() -> None:
    table = slots("24/7", date(2025, 3, 1), date(2025, 3, 3), Interval.HOUR)
    last = table.get(at(3, 1, 23))
    assert last is not None
    assert last.close == table.after(last.open, 1)[0].open == at(3, 2, 0)


def test_a_slot_is_named_by_a_time_never_by_a_date() -> None:
    with pytest.raises(AssertionError, match="named by the time it opens"):
        THANKSGIVING.get(date(2025, 11, 26))


@given(
    st.sampled_from(("XNYS", "XLON", "XTKS", "24/7", "CMES")), st.sampled_from(INTRADAY),
    st.integers(0, 300 * 24 * 3600),
)
def test_slots_fill_their_sessions_without_gap_or_overlap(exchange: str, interval: Interval, second: int) -> None:
    now = at(2, 1, 0) + timedelta(seconds=second)
    table = slots(exchange, date(2025, 1, 2), date(2025, 12, 30), interval)
    closed, opened, ahead = table.last_closed(now), table.last_opened(now), table.after(now, 10)
    assert closed is not None
    assert opened is not None
    assert closed.close <= now
    assert opened.open <= now < ahead[0].open
    assert (opened == closed) is (table.current(now) is None)
    for slot in (closed, opened, *ahead):
        assert table.get(slot.open) == slot
        (session,) = table.sessions_between(slot.open, slot.open)
        assert session.open <= slot.open < slot.close <= session.close
        assert slot.close - slot.open <= (interval.step or timedelta())
    assert all(a.close <= b.open for a, b in zip((opened, *ahead), ahead, strict=False))
    assert table.between(ahead[0].open, ahead[-1].open) == ahead


@pytest.mark.parametrize("key", [date(2025, 11, 26), at(11, 26, 14, 30)])
def test_a_name_survives_its_text(key: date) -> None:
    assert parse_key(key.isoformat()) == key


def test_each_interval_knows_its_own_names() -> None:
    day, moment = date(2025, 11, 26), at(11, 26, 14, 30)
    assert [Interval.DAY.names(k) for k in (day, moment)] == [True, False]
    assert [Interval.FIVE.names(k) for k in (day, moment, moment.replace(tzinfo=None))] == [False, True, False]
