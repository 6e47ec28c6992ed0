from datetime import UTC, date, datetime, time, timedelta

import pytest

from forecasting.domain.clock import FrozenClock, ReplayClock
from forecasting.domain.sessions import Session

DAYS = (date(2008, 9, 12), date(2008, 9, 15), date(2008, 9, 16))


def sessions() -> list[Session]:
    return [
        Session(d, datetime.combine(d, time(13, 30), UTC), datetime.combine(d, time(20), UTC)) for d in DAYS
    ]


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def clock(watch: Stopwatch) -> ReplayClock:
    return ReplayClock(sessions(), seconds_per_session=10.0, monotonic=watch)


def test_a_session_takes_four_fifths_of_its_time_from_open_to_close(clock: ReplayClock, watch: Stopwatch) -> None:
    assert clock.now() == datetime(2008, 9, 12, 13, 30, tzinfo=UTC)
    watch.seconds = 4.0
    assert clock.now() == datetime(2008, 9, 12, 16, 45, tzinfo=UTC)
    watch.seconds = 8.0
    assert clock.now() == datetime(2008, 9, 12, 20, 0, tzinfo=UTC)


def test_the_night_lasts_until_forecasts_are_in(clock: ReplayClock, watch: Stopwatch) -> None:
    watch.seconds = 1000.0
    held = clock.held
    assert held == sessions()[0]
    assert datetime(2008, 9, 12, 20, 59, tzinfo=UTC) < clock.now() < datetime(2008, 9, 12, 21, 0, tzinfo=UTC)
    clock.release(DAYS[0])
    watch.seconds = 1004.0
    after = clock.held
    assert after is None
    assert clock.now().date() == DAYS[1]
    watch.seconds = 2000.0
    assert clock.now().date() == DAYS[1]


def test_releasing_a_later_session_releases_the_ones_before(clock: ReplayClock, watch: Stopwatch) -> None:
    clock.release(DAYS[1])
    watch.seconds = 25.0
    assert clock.now().date() == DAYS[2]


def test_after_the_last_session_the_clock_stands_still(clock: ReplayClock, watch: Stopwatch) -> None:
    clock.release(DAYS[2])
    watch.seconds = 31.0
    end = clock.now()
    assert clock.finished
    watch.seconds = 99.0
    assert clock.now() == end == datetime(2008, 9, 16, 21, 0, tzinfo=UTC)


def test_a_replay_goes_on_with_sessions_it_is_given_later(watch: Stopwatch) -> None:
    clock = ReplayClock(sessions()[:2], seconds_per_session=10.0, monotonic=watch)
    clock.extend(sessions())
    clock.release(DAYS[2])
    watch.seconds = 24.0
    assert (clock.now().date(), clock.sessions_left) == (DAYS[2], 0)


def test_a_recording_that_ends_leaves_the_clock_after_its_last_session(clock: ReplayClock, watch: Stopwatch) -> None:
    watch.seconds = 20.0
    clock.finish()
    assert clock.finished
    assert clock.now() == datetime(2008, 9, 12, 21, 0, tzinfo=UTC)


def test_a_pause_costs_no_replayed_time(clock: ReplayClock, watch: Stopwatch) -> None:
    watch.seconds = 2.0
    clock.pause(True)
    watch.seconds = 50.0
    clock.pause(False)
    watch.seconds = 52.0
    assert clock.now() == datetime(2008, 9, 12, 16, 45, tzinfo=UTC)


def test_speed_moves_in_notches_and_stops_at_both_ends(clock: ReplayClock) -> None:
    assert [clock.change_speed(1) for _ in range(5)] == [2.0, 4.0, 8.0, 16.0, 16.0]
    assert clock.change_speed(-99) == 0.25


def test_a_jump_skips_whole_sessions_and_never_goes_back(clock: ReplayClock, watch: Stopwatch) -> None:
    watch.seconds = 4.0
    clock.jump(1)
    assert clock.now() == datetime(2008, 9, 15, 16, 45, tzinfo=UTC)
    with pytest.raises(ValueError, match="forward"):
        clock.jump(-1)


def test_a_clock_needs_an_aware_time() -> None:
    with pytest.raises(ValueError, match="aware"):
        FrozenClock(datetime(2008, 9, 15))  # noqa: DTZ001
    clock = FrozenClock(datetime(2008, 9, 15, tzinfo=UTC))
    clock.set(clock.now() + timedelta(hours=1))
    assert clock.now().hour == 1
