"""Zoom, pan and cross-hair: where they lead, and that they stay there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tui.charts.window import FEWEST, Window, bars_of_days

DAYS = tuple(date(2026, 1, 1) + timedelta(days=i) for i in range(100))


def test_nothing_moved_shows_the_timeframe_to_the_newest_bar() -> None:
    assert Window().span(DAYS, 21) == range(79, 100)
    assert Window().span(DAYS[:5], 21) == range(5)
    assert not Window().moved


def test_a_panned_window_stays_on_its_bars_when_a_new_bar_comes() -> None:
    panned = Window().panned(-30, DAYS[:99], 21)
    assert panned.end == DAYS[68]
    assert panned.span(DAYS[:99], 21) == panned.span(DAYS, 21) == range(48, 69)


def test_a_window_at_the_newest_bar_goes_with_it() -> None:
    back = Window().panned(-30, DAYS[:99], 21).panned(50, DAYS[:99], 21)
    assert back.end is None
    assert back.span(DAYS, 21) == range(79, 100)


def test_panning_stops_at_both_ends() -> None:
    assert Window().panned(-1_000, DAYS, 21).span(DAYS, 21) == range(21)
    assert Window().panned(1_000, DAYS, 21) == Window()


def test_zooming_keeps_the_right_edge_and_stops_at_all_bars_and_at_a_few() -> None:
    assert Window().zoomed(1, DAYS, 30).span(DAYS, 30) == range(80, 100)
    assert Window().zoomed(-9, DAYS, 30).span(DAYS, 30) == range(100)
    assert len(Window().zoomed(9, DAYS, 30).span(DAYS, 30)) == FEWEST


def test_zooming_keeps_the_bar_under_the_cross_hair_on_screen() -> None:
    window = Window(at=DAYS[80]).zoomed(2, DAYS, 40)
    span = window.span(DAYS, 40)
    assert len(span) == 18
    assert DAYS[80] in DAYS[span.start : span.stop]


def test_the_cross_hair_appears_at_the_newest_bar_and_leaves_past_it() -> None:
    shown = DAYS[79:]
    first = Window().pointed(-1, shown, DAYS, 21)
    assert first.at == DAYS[99]
    assert first.pointed(-1, shown, DAYS, 21).at == DAYS[98]
    assert first.pointed(1, shown, DAYS, 21) == Window()
    assert Window().pointed(1, shown, DAYS, 21) == Window()


def test_the_cross_hair_stays_on_its_bar_when_a_new_bar_comes() -> None:
    pointed = Window(at=DAYS[90])
    assert pointed.pointed(-1, DAYS[79:], DAYS, 21).at == pointed.pointed(-1, DAYS[78:99], DAYS[:99], 21).at == DAYS[89]


def test_the_window_goes_along_with_a_cross_hair_that_leaves_it() -> None:
    left = Window(at=DAYS[79]).pointed(-1, DAYS[79:], DAYS, 21)
    assert (left.at, left.span(DAYS, 21)) == (DAYS[78], range(78, 99))
    right = left.pointed(21, DAYS[78:99], DAYS, 21)
    assert (right.at, right.span(DAYS, 21)) == (DAYS[99], range(79, 100))


def slots(first: datetime, count: int, minutes: int = 15) -> list[datetime]:
    return [first + timedelta(minutes=minutes * i) for i in range(count)]


@pytest.mark.parametrize(("days", "count"), [(1, 26), (2, 52), (5, 66)])
def test_days_of_short_bars_are_told_by_the_nights_between_them(days: int, count: int) -> None:
    half_day = slots(datetime(2026, 2, 25, 14, 30, tzinfo=UTC), 14)
    thursday, friday = (slots(datetime(2026, 2, day, 14, 30, tzinfo=UTC), 26) for day in (26, 27))
    assert bars_of_days([*half_day, *thursday, *friday], days) == count


def test_a_lunch_break_is_no_night() -> None:
    tokyo = slots(datetime(2026, 2, 26, 0, tzinfo=UTC), 10) + slots(datetime(2026, 2, 26, 3, 30, tzinfo=UTC), 12)
    assert bars_of_days([*slots(datetime(2026, 2, 25, 0, tzinfo=UTC), 10), *tokyo], 1) == 22


def test_a_market_that_never_closes_has_days_of_24_hours() -> None:
    assert bars_of_days(slots(datetime(2026, 2, 20, tzinfo=UTC), 500), 1) == 96
    assert bars_of_days(DAYS, 5) == 5
