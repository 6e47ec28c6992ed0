"""Timers on a machine whose clock sleeps, jumps ahead and is set back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta, tzinfo

import apscheduler.schedulers.base
import pytest

from forecasting.service.scheduler import ClockWatch, Jobs, Timers
from tests.support.waiting import PATIENCE_S, soon

HOUR = timedelta(hours=1)


class Machine:
    """A machine whose clock can be moved, for our timers and for APScheduler alike."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


class Bench:
    """Timers at work, and how often each job was fired."""

    def __init__(self, machine: Machine, *, watch_seconds: float = 0.02) -> None:
        self.fired = {"refresh": 0, "upkeep": 0, "watch": 0}
        jobs = Jobs(self._job("refresh"), self._job("upkeep"), self._job("watch"))
        self.timers = Timers(jobs, wall=machine.now, watch_seconds=watch_seconds)

    def _job(self, name: str) -> Callable[[], asyncio.Future[None]]:
        async def fire() -> None:
            self.fired[name] += 1

        return fire      # type: ignore[return-value]

    async def until(self, count: int, *, seconds: float = PATIENCE_S) -> None:
        await soon(lambda: self.fired["refresh"] >= count, seconds)

    async def quiet(self) -> None:
        """Long enough for some forty looks at the clock."""
        seen = self.fired["watch"]
        await soon(lambda: self.fired["watch"] >= seen + 40)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:      # type: ignore[override]
            return made.now().astimezone(tz)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Moved)
    return made


@pytest.fixture
async def bench(machine: Machine) -> AsyncIterator[Bench]:
    made = Bench(machine)
    made.timers.start(3600.0)
    await made.until(1)
    yield made
    made.timers.stop()


def test_only_what_is_no_passing_of_time_is_a_jump() -> None:
    wall, monotonic = datetime(2026, 3, 2, tzinfo=UTC), 100.0
    times = iter([(wall, monotonic), (wall + timedelta(seconds=2.4), monotonic + 2.0),
                  (wall + timedelta(hours=3), monotonic + 4.0), (wall + timedelta(hours=1), monotonic + 6.0)])
    now: list[tuple[datetime, float]] = []

    def step() -> datetime:
        now[:] = [next(times)]
        return now[0][0]

    clocks = ClockWatch(step, lambda: now[0][1])
    assert [round(clocks.jump()) for _ in range(3)] == [0, 3 * 3600 - 4, -2 * 3600 - 2]


async def test_a_clock_set_back_does_not_hold_the_refresh_up(bench: Bench, machine: Machine) -> None:
    machine.offset = -3 * HOUR
    await bench.until(2)
    await bench.quiet()
    assert bench.fired["refresh"] == 2
    due = bench.timers.next_refresh()
    assert due is not None
    assert due - machine.now() < HOUR


async def test_without_the_comparison_of_clocks_the_refresh_would_wait_for_hours(machine: Machine) -> None:
    bench = Bench(machine, watch_seconds=3600.0)
    bench.timers.start(0.5)
    await bench.until(1)
    machine.offset = -3 * HOUR
    with pytest.raises(TimeoutError):
        await bench.until(3, seconds=1.5)
    bench.timers.stop()


async def test_after_a_sleep_one_refresh_fires_however_much_was_missed(bench: Bench, machine: Machine) -> None:
    bench.timers.wake_at("open", machine.now() + HOUR)
    bench.timers.wake_at("close", machine.now() + 2 * HOUR)
    await asyncio.sleep(0.01)
    machine.offset = 9 * HOUR
    await bench.until(2)
    await bench.quiet()
    assert bench.fired["refresh"] == 2
    assert bench.fired["upkeep"] == 0


async def test_a_wake_fires_one_refresh_at_its_time(bench: Bench, machine: Machine) -> None:
    bench.timers.wake_at("open", machine.now() + timedelta(seconds=0.3))
    await bench.until(2)
    await bench.quiet()
    assert bench.fired["refresh"] == 2


async def test_a_watch_that_fails_is_not_the_last_one(machine: Machine) -> None:
    calls = 0

    async def nothing() -> None: ...

    async def fail() -> None:
        nonlocal calls
        calls += 1
        raise ZeroDivisionError

    timers = Timers(Jobs(nothing, nothing, fail), wall=machine.now, watch_seconds=0.01)
    timers.start(3600.0)
    await soon(lambda: calls >= 3)
    timers.stop()


async def test_a_refresh_asked_for_as_another_ends_is_not_lost(machine: Machine) -> None:
    fired: list[bool] = []

    async def refresh() -> None:
        fired.append(True)
        await asyncio.sleep(0.01)
        if len(fired) < 3:
            timers.refresh_now()
            timers.refresh_now()        # twice is once

    async def nothing() -> None:
        pass

    timers = Timers(Jobs(refresh, nothing, nothing), wall=machine.now)
    timers.start(3600.0)
    await soon(lambda: len(fired) >= 3)
    for _ in range(20):
        await asyncio.sleep(0.005)
    timers.stop()

    assert len(fired) == 3


async def test_a_refresh_asked_for_right_after_another_is_not_lost_either(bench: Bench) -> None:
    for count in range(2, 40):
        bench.timers.refresh_now()
        await bench.until(count)        # the job has been fired, and APScheduler not been told of its end
