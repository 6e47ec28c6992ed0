from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.calendars import Calendars
from forecasting.domain.sessions import Session
from forecasting.errors import ConfigError
from tests.support.markets import CALENDARS


def utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_the_friday_after_thanksgiving_closes_at_one() -> None:
    table = CALENDARS.sessions("XNYS", date(2025, 11, 26), date(2025, 12, 1))
    assert table.sessions == (
        Session(date(2025, 11, 26), utc(2025, 11, 26, 14, 30), utc(2025, 11, 26, 21)),
        Session(date(2025, 11, 28), utc(2025, 11, 28, 14, 30), utc(2025, 11, 28, 18)),
        Session(date(2025, 12, 1), utc(2025, 12, 1, 14, 30), utc(2025, 12, 1, 21)),
    )


def test_daylight_saving_moves_the_open_in_utc_but_not_in_new_york() -> None:
    table = CALENDARS.sessions("XNYS", date(2026, 3, 6), date(2026, 3, 9))
    assert [s.open for s in table.sessions] == [utc(2026, 3, 6, 14, 30), utc(2026, 3, 9, 13, 30)]


def test_london_and_new_york_change_their_clocks_on_different_days() -> None:
    day = date(2026, 3, 16)   # New York has changed, London has not
    london, new_york = (CALENDARS.sessions(e, day, day).sessions[0] for e in ("XLON", "XNYS"))
    assert new_york.open - london.open == timedelta(hours=5, minutes=30)


def test_crypto_trades_on_sundays_and_currencies_do_not() -> None:
    sunday = date(2026, 3, 8)
    assert len(CALENDARS.sessions("24/7", sunday, sunday).sessions) == 1
    assert CALENDARS.sessions("24/5", sunday, sunday).sessions == ()


def test_history_from_1999_is_covered() -> None:
    assert CALENDARS.sessions("XNYS", date(1999, 1, 1), date(1999, 1, 5)).sessions[0].session == date(1999, 1, 4)


def test_earlier_and_later_questions_widen_what_is_known() -> None:
    calendars = Calendars()
    assert len(calendars.sessions("XNYS", date(2020, 1, 1), date(2020, 12, 31)).sessions) == 253
    assert calendars.sessions("XNYS", date(1987, 10, 19), date(1987, 10, 19)).get(date(1987, 10, 19)) is not None
    assert len(calendars.sessions("XNYS", date(2024, 1, 1), date(2024, 12, 31)).sessions) == 252


def test_an_exchange_gives_what_it_has_where_its_holidays_are_not_recorded() -> None:
    table = CALENDARS.sessions("XSAU", date(2010, 1, 1), date(2030, 12, 31))
    assert table.sessions[0].session.year == 2021


def test_an_unknown_exchange_is_named() -> None:
    with pytest.raises(ConfigError, match="no exchange 'XXXX'"):
        CALENDARS.sessions("XXXX", date(2026, 1, 1), date(2026, 1, 2))


@settings(max_examples=60, deadline=None)   # the first example of an exchange computes its calendar
@given(
    st.sampled_from(["XNYS", "XLON", "XTKS", "24/7", "24/5"]),
    st.dates(date(1999, 1, 1), date(2026, 12, 31)),
)
def test_the_ten_sessions_after_any_date_are_sessions_in_the_future_of_it(exchange: str, day: date) -> None:
    table = CALENDARS.sessions(exchange, day, day + timedelta(days=40))
    following = table.after(day, 10)
    assert len(following) == 10
    assert all(table.get(s.session) == s and s.session > day and s.open < s.close for s in following)
    assert list(following) == sorted(following, key=lambda s: s.open)


def test_importing_the_module_does_not_import_pandas() -> None:
    code = "import sys, forecasting.data.calendars; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_week_of_currencies_begins_and_ends_at_five_in_the_evening_of_new_york() -> None:
    week = CALENDARS.sessions("FX", date(2026, 3, 2), date(2026, 3, 9)).sessions
    assert [s.session.day for s in week] == [2, 3, 4, 5, 6, 9]
    assert week[0].open == datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert all(a.close == b.open for a, b in pairwise(week[:5]))
    assert week[4].close == datetime(2026, 3, 6, 22, tzinfo=UTC)
    assert week[5].open == datetime(2026, 3, 8, 21, tzinfo=UTC)       # summer time has begun
