from __future__ import annotations

from datetime import UTC, date, datetime, time

import numpy as np
import pytest

from forecasting.domain.sessions import Session, SessionTable
from forecasting.features.pipeline import build_panel
from forecasting.features.session_time import Days, next_sessions, session_time
from tests.support.bars import make_series, weekdays


def table(*days: date) -> SessionTable:
    at = [(datetime.combine(d, time(14, 30), UTC), datetime.combine(d, time(21), UTC)) for d in days]
    return SessionTable("XNYS", tuple(Session(d, *hours) for d, hours in zip(days, at, strict=True)))


def days(*texts: str) -> Days:
    return np.array(texts, dtype="datetime64[D]")


def gaps(features: dict[str, np.ndarray]) -> list[float]:
    return [round(float(g), 9) for g in np.exp(features["log_gap"])]


def test_thanksgiving_is_in_the_timetable() -> None:
    week = [d for d in weekdays(10, date(2015, 11, 23)) if d != date(2015, 11, 26)]
    found = session_time(days("2015-11-24", "2015-11-25", "2015-11-27"), "XNYS", table(*week))
    assert gaps(found) == [1.0, 2.0, 3.0]


def test_without_a_timetable_the_next_weekday_stands_in() -> None:
    assert gaps(session_time(days("2015-11-25", "2015-11-27"), "XNYS")) == [1.0, 3.0]


def test_past_the_end_and_before_the_start_of_the_timetable_weekdays_stand_in() -> None:
    known = table(*weekdays(5, date(2016, 1, 4)))
    asked = days("2015-12-24", "2016-01-07", "2016-01-08")
    assert next_sessions(asked, "XNYS", known).tolist() == [date(2015, 12, 25), date(2016, 1, 8), date(2016, 1, 11)]


def test_an_exchange_that_never_closes_has_no_gaps() -> None:
    assert gaps(session_time(days("2016-01-08", "2016-01-09"), "24/7")) == [1.0, 1.0]


def test_the_last_session_of_a_month_is_known_from_the_calendar() -> None:
    # 2016-01-29 is a Friday; the next session is in February.
    found = session_time(days("2016-01-28", "2016-01-29", "2016-02-01"), "XNYS")
    assert found["month_end"].tolist() == [0.0, 1.0, 0.0]


def test_the_weekday_is_a_place_on_the_circle_of_the_week() -> None:
    found = session_time(days("2016-01-04", "2016-01-11", "2016-01-06"), "XNYS")
    assert found["weekday_sin"][:2] == pytest.approx([0.0, 0.0]), "Mondays"
    assert found["weekday_cos"][:2] == pytest.approx([1.0, 1.0])
    assert found["weekday_sin"][2] == pytest.approx(np.sin(2 * np.pi * 2 / 7)), "a Wednesday"


def test_the_gap_is_the_calendars_and_not_the_next_bars() -> None:
    listed = weekdays(40)
    bars = [d for d in listed if d != listed[31]]     # the symbol was halted that day; nobody knew the day before
    series = make_series("A", [50.0 + k % 3 for k in range(39)], sessions=bars)
    panel = build_panel([series], tables={"XNYS": table(*listed)})
    before_halt = panel.index_of(listed[30])
    assert np.exp(panel.features[0, before_halt, panel.names.index("log_gap")]) == pytest.approx(1.0)
