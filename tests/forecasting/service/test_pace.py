"""When quotes are asked for: by what the exchanges are doing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from forecasting.domain.interval import Interval
from forecasting.service.pace import Cadence, next_close, wakes
from tests.support.markets import CALENDARS

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
TOKYO = (CALENDARS.sessions("XTKS", MONDAY, TUESDAY),)
CADENCE = Cadence(open_seconds=1.0, closed_seconds=9.0)


def monday(text: str) -> datetime:
    return datetime.combine(MONDAY, time.fromisoformat(text), UTC)


def shown(moments: dict[str, datetime]) -> dict[str, str]:
    return {name: f"{moment:%H:%M:%S}" for name, moment in moments.items()}


@pytest.mark.parametrize(("now", "seconds", "expected"), [
    ("00:30", 1.0, {"open": "03:30:00", "close": "06:31:30"}),
    ("03:00", 9.0, {"open": "03:30:00", "close": "06:31:30"}),      # lunch
    ("04:00", 1.0, {"open": "00:00:00", "close": "06:31:30"}),
    ("20:00", 9.0, {"open": "00:00:00"}),
])  # fmt: skip
def test_the_pace_follows_the_session_and_rests_at_lunch(now: str, seconds: float, expected: dict[str, str]) -> None:
    assert CADENCE.seconds(TOKYO, monday(now), settled=True, streamed=False) == seconds
    assert shown(wakes(TOKYO, monday(now), Interval.DAY, None)) == expected


def test_nothing_rests_before_a_refresh_has_succeeded_and_a_stream_spares_three_polls_of_four() -> None:
    night, noon = monday("20:00"), monday("01:00")
    assert CADENCE.seconds(TOKYO, night, settled=False, streamed=False) == 1.0
    assert CADENCE.seconds(TOKYO, noon, settled=True, streamed=True) == 4.0


@pytest.mark.parametrize(("now", "wake"), [("00:31", "00:45:05"), ("02:29", "02:30:05"), ("06:20", "06:30:05")])
def test_bars_shorter_than_a_session_are_fetched_as_their_slot_ends(now: str, wake: str) -> None:
    assert shown(wakes(TOKYO, monday(now), Interval.QUARTER, None))["close"] == wake


def test_a_source_is_asked_again_when_it_said_and_not_in_the_past() -> None:
    now = monday("01:00")
    assert wakes(TOKYO, now, Interval.DAY, now + timedelta(minutes=5))["retry"] == now + timedelta(minutes=5)
    assert "retry" not in wakes(TOKYO, now, Interval.DAY, now - timedelta(minutes=5))


def test_the_next_bars_are_those_of_the_session_at_work_or_of_the_next() -> None:
    assert next_close(TOKYO, monday("01:00")) == monday("06:31:30")
    assert next_close(TOKYO, monday("20:00")) == monday("06:31:30") + timedelta(days=1)
    assert next_close((), monday("01:00")) is None
