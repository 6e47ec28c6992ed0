"""T8, T9 and T12: what may stay in a series, and from when on a bar counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data import quality
from forecasting.data.quality import Action, Issue, QualityReport, RawBar, clean_bars, closed_only
from forecasting.domain.market import BarSeries, Instrument, Symbol
from forecasting.domain.sessions import SessionTable
from tests.support.bars import make_series
from tests.support.markets import CALENDARS, NEW_YORK, recorded

DAYS = [s.session for s in CALENDARS.sessions("XNYS", date(2024, 1, 2), date(2024, 3, 1)).sessions]
EASTERN = ZoneInfo("America/New_York")


def flat(session: date, price: float) -> RawBar:
    return RawBar(session, price, price, price, price, price, 1000.0)


def clean(*rows: RawBar, events: tuple[date, ...] = ()) -> tuple[BarSeries, QualityReport]:
    return clean_bars(NEW_YORK, rows, newest=DAYS[-1], events=events)


def jumps(report: QualityReport) -> list[date | None]:
    return [finding.session for finding in report.findings if finding.issue is Issue.JUMP]


@pytest.mark.parametrize(
    ("row", "issue"),
    [
        (RawBar(DAYS[1], None, None, None, None, None, None), Issue.MISSING),
        (RawBar(DAYS[1], 10.0, 11.0, 9.0, None, 10.0, 1.0), Issue.MISSING),
        (RawBar(DAYS[1], 10.0, math.nan, 9.0, 10.0, 10.0, 1.0), Issue.NOT_FINITE),
        (RawBar(DAYS[1], 10.0, math.inf, 9.0, 10.0, 10.0, 1.0), Issue.NOT_FINITE),
        (RawBar(DAYS[1], 10.0, 11.0, 0.0, 10.0, 10.0, 1.0), Issue.NOT_POSITIVE),
        (RawBar(DAYS[1], 10.0, 11.0, 9.0, 10.0, -10.0, 1.0), Issue.NOT_POSITIVE),
        (flat(DAYS[-1] + timedelta(days=1), 10.0), Issue.FUTURE),
    ],
)
def test_what_cannot_be_a_price_is_dropped_and_named(row: RawBar, issue: Issue) -> None:
    series, report = clean(flat(DAYS[0], 10.0), row)
    assert [b.session for b in series.bars] == [DAYS[0]]
    assert [(f.issue, f.action, f.session) for f in report.findings] == [(issue, Action.DROPPED, row.session)]
    assert series.notes == (str(report.findings[0]),)


@pytest.mark.parametrize("volume", [-1.0, math.nan, math.inf])
def test_an_impossible_volume_costs_the_volume_and_not_the_bar(volume: float) -> None:
    series, report = clean(flat(DAYS[0], 10.0)._replace(volume=volume))
    assert series.bars[0].volume == 0.0
    assert report.count(Issue.BAD_VOLUME) == 1


def test_rows_are_sorted_and_of_two_for_one_session_the_later_delivered_counts() -> None:
    series, report = clean(flat(DAYS[1], 11.0), flat(DAYS[0], 10.0), flat(DAYS[1], 11.5))
    assert [(b.session, b.close) for b in series.bars] == [(DAYS[0], 10.0), (DAYS[1], 11.5)]
    assert (report.count(Issue.UNSORTED), report.count(Issue.DUPLICATE)) == (1, 1)
    assert "close 11 replaced by 11.5" in " ".join(series.notes)


def test_high_and_low_are_widened_to_hold_open_and_close() -> None:
    series, report = clean(RawBar(DAYS[0], 10.0, 9.0, 11.0, 12.0, 12.0, 1.0))
    assert (series.bars[0].low, series.bars[0].high) == (10.0, 12.0)
    assert [f.action for f in report.findings] == [Action.REPAIRED]


def test_rounding_in_the_last_digit_is_repaired_without_a_word() -> None:
    series, report = clean(RawBar(DAYS[0], 10.0, 11.0, 10.000001, 10.5, 10.5, 1.0))
    assert series.bars[0].low == 10.0
    assert report.findings == ()


def test_a_print_that_the_next_session_takes_back_is_dropped() -> None:
    series, report = clean(flat(DAYS[0], 10.0), flat(DAYS[1], 1000.0), flat(DAYS[2], 10.2))
    assert [b.close for b in series.bars] == [10.0, 10.2]
    assert report.count(Issue.BAD_PRINT) == 1


def test_a_crash_is_kept_and_quarantined() -> None:
    series, report = clean(flat(DAYS[0], 10.0), flat(DAYS[1], 5.0), flat(DAYS[2], 5.5))
    assert [b.close for b in series.bars] == [10.0, 5.0, 5.5]
    assert jumps(report) == [DAYS[1]]
    assert "-50.0% from 10 to 5" in series.notes[0]


def test_a_crash_on_the_newest_day_is_not_lost_for_want_of_a_next_one() -> None:
    series, report = clean(flat(DAYS[0], 10.0), flat(DAYS[1], 5.0))
    assert len(series.bars) == 2
    assert jumps(report) == [DAYS[1]]


def test_a_wild_stock_that_crashes_and_half_recovers_keeps_both_days() -> None:
    closes = (347.51, 193.60, 325.00, 225.00)   # GameStop, 27 January to 1 February 2021
    series, report = clean(*(flat(d, c) for d, c in zip(DAYS, closes, strict=False)))
    assert [b.close for b in series.bars] == list(closes)
    assert jumps(report) == DAYS[1:3]


@pytest.mark.honesty("T8", red=True)
def test_without_the_limit_a_fall_by_half_would_pass_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "JUMP", math.inf)
    series, report = clean(flat(DAYS[0], 100.0), flat(DAYS[1], 50.0))
    assert (jumps(report), series.notes) == ([], ())


@pytest.mark.honesty("T8")
def test_a_recorded_event_explains_the_move() -> None:
    _, report = clean(flat(DAYS[0], 100.0), flat(DAYS[1], 25.0), events=(DAYS[1],))
    assert report.findings == ()


@pytest.mark.honesty("T8")
@pytest.mark.parametrize(("move", "expected"), [(1.39, 0), (1.41, 1), (0.61, 0), (0.59, 1)])
def test_forty_per_cent_is_the_limit(move: float, expected: int) -> None:
    _, report = clean(flat(DAYS[0], 100.0), flat(DAYS[1], 100.0 * move))
    assert len(jumps(report)) == expected


def test_days_without_trading_and_sessions_without_bars_are_named_and_nothing_is_lost() -> None:
    saturday = date(2024, 1, 6)
    table = CALENDARS.sessions("XNYS", DAYS[0], DAYS[-1])
    rows = [flat(d, 10.0) for d in (DAYS[0], DAYS[1], saturday, DAYS[5])]
    series, report = clean_bars(NEW_YORK, rows, newest=DAYS[-1], table=table)
    assert len(series.bars) == 4
    assert [(f.issue, f.session) for f in report.findings] == [(Issue.GAP, None), (Issue.OFF_CALENDAR, saturday)]
    assert "3 of 6, first 2024-01-04, last 2024-01-08" in series.notes[0]


CELL = st.none() | st.floats() | st.floats(0.01, 1e6)
ROWS = st.lists(st.builds(RawBar, st.sampled_from(DAYS), CELL, CELL, CELL, CELL, CELL, CELL), max_size=30)


@pytest.mark.honesty("T9")
@settings(deadline=None)
@given(ROWS)
def test_whatever_is_delivered_the_result_can_be_trusted_and_every_row_is_accounted_for(rows: list[RawBar]) -> None:
    series, report = clean(*rows)
    sessions = [b.session for b in series.bars]
    assert sessions == sorted(set(sessions))
    for b in series.bars:
        prices = [p * b.factor for p in (b.low, min(b.open, b.close), max(b.open, b.close), b.high)]
        assert prices == sorted(prices), "after adjustment low <= min(O,C) <= max(O,C) <= high"
        assert min(b.low, b.adj_close) > 0.0
        assert math.isfinite(b.high + b.adj_close)
        assert 0.0 <= b.volume < math.inf
    assert report.rows == report.kept + sum(f.action is Action.DROPPED for f in report.findings)


Rule = Callable[[BarSeries, SessionTable, datetime], BarSeries]


def newest_closed(
    *wall: int, exchange: str = "XNYS", zone: str = "America/New_York", rule: Rule = closed_only
) -> date:
    now = datetime(*wall, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc, arg-type]
    day = now.date()
    first, last = day - timedelta(days=10), day + timedelta(days=10)
    table = CALENDARS.sessions(exchange, first, last)
    series = recorded(first, last, instrument=Instrument(Symbol("X"), "X", exchange, ""))
    return rule(series, table, now).bars[-1].session


CLOCKS = [
    ((2026, 3, 4, 9, 0), date(2026, 3, 3)),
    ((2026, 3, 4, 15, 0), date(2026, 3, 3)),
    ((2026, 3, 4, 15, 59, 59), date(2026, 3, 3)),
    ((2026, 3, 4, 16, 0), date(2026, 3, 4)),
    ((2026, 3, 4, 16, 30), date(2026, 3, 4)),
    ((2025, 11, 28, 12, 59), date(2025, 11, 26)),    # half day after Thanksgiving
    ((2025, 11, 28, 13, 0), date(2025, 11, 28)),
    ((2025, 11, 28, 15, 0), date(2025, 11, 28)),
    ((2025, 12, 24, 12, 30), date(2025, 12, 23)),    # half day before Christmas
    ((2025, 12, 24, 16, 30), date(2025, 12, 24)),
    ((2026, 3, 6, 15, 0), date(2026, 3, 5)),         # Friday before daylight saving begins
    ((2026, 3, 6, 16, 30), date(2026, 3, 6)),
    ((2026, 3, 9, 15, 0), date(2026, 3, 6)),         # Monday after
    ((2026, 3, 9, 15, 59, 59), date(2026, 3, 6)),
    ((2026, 3, 9, 16, 0), date(2026, 3, 9)),
    ((2026, 3, 9, 16, 30), date(2026, 3, 9)),
    ((2025, 10, 31, 15, 0), date(2025, 10, 30)),     # Friday before it ends
    ((2025, 10, 31, 16, 30), date(2025, 10, 31)),
    ((2025, 11, 3, 15, 0), date(2025, 10, 31)),      # Monday after
    ((2025, 11, 3, 15, 59, 59), date(2025, 10, 31)),
    ((2025, 11, 3, 16, 0), date(2025, 11, 3)),
    ((2025, 11, 3, 16, 30), date(2025, 11, 3)),
]


@pytest.mark.honesty("T12")
@pytest.mark.parametrize(("wall", "newest"), CLOCKS)
def test_today_s_unfinished_bar_is_not_a_close(wall: tuple[int, ...], newest: date) -> None:
    assert newest_closed(*wall) == newest


def always(close: time, zone: tzinfo) -> Rule:
    """A rule that takes every session for closed from the same time of its day on."""
    def rule(series: BarSeries, table: SessionTable, now: datetime) -> BarSeries:
        return replace(series, bars=tuple(b for b in series.bars if datetime.combine(b.session, close, zone) <= now))

    return rule


@pytest.mark.honesty("T12", red=True)
@pytest.mark.parametrize(
    ("rule", "first_fooled"),
    [
        pytest.param(always(time(), EASTERN), (2026, 3, 4, 9, 0), id="today counts"),
        pytest.param(always(time(16), EASTERN), (2025, 11, 28, 13, 0), id="no half days"),
        pytest.param(always(time(21), UTC), (2025, 11, 28, 13, 0), id="winter time"),
        pytest.param(always(time(20), UTC), (2026, 3, 4, 15, 0), id="summer time"),
    ],
)
def test_a_rule_that_forgets_the_clock_is_found(rule: Rule, first_fooled: tuple[int, ...]) -> None:
    fooled = [wall for wall, newest in CLOCKS if newest_closed(*wall, rule=rule) != newest]
    assert fooled[0] == first_fooled


@pytest.mark.honesty("T12")
def test_tokyo_has_closed_while_new_york_still_sleeps() -> None:
    assert newest_closed(2026, 3, 4, 1, 29, exchange="XTKS") == date(2026, 3, 3)
    assert newest_closed(2026, 3, 4, 1, 31, exchange="XTKS") == date(2026, 3, 4)


def test_a_bar_on_a_day_the_calendar_does_not_know_counts_once_the_day_is_over() -> None:
    table = CALENDARS.sessions("XNYS", date(2026, 3, 2), date(2026, 3, 20))
    rows = [flat(date(2026, 3, 6), 10.0), flat(date(2026, 3, 7), 10.1)]
    series, _ = clean_bars(NEW_YORK, rows, newest=date(2026, 3, 7))
    on_saturday = closed_only(series, table, datetime(2026, 3, 7, 23, 0, tzinfo=UTC))
    on_sunday = closed_only(series, table, datetime(2026, 3, 8, 0, 0, tzinfo=UTC))
    assert [len(s.bars) for s in (on_saturday, on_sunday)] == [1, 2]


def test_what_was_found_in_later_rows_is_not_known_yet() -> None:
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)
    notes = (f"{monday} move without a recorded event, kept: +50 %", f"{tuesday} price is not finite, dropped: nan",
             "rows out of order, repaired: 2")  # fmt: skip
    series = replace(make_series("NVDA", [10.0, 11.0], sessions=[monday, tuesday]), notes=notes)
    table = CALENDARS.sessions("XNYS", date(2026, 1, 2), date(2026, 6, 1))

    before_the_close = closed_only(series, table, datetime(2026, 3, 3, 20, 0, tzinfo=UTC))

    assert ([b.session for b in before_the_close.bars], before_the_close.notes) == ([monday], (notes[0], notes[2]))
