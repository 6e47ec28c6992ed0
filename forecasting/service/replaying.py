"""The clock of a replay: the night before, sessions that pass in seconds, and the end of the recording.

Sessions are known once the first tick has stored them; until then it is the night before the first. A session's night
lasts until its bars are stored and forecast, so that no forecast of a replay is late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from forecasting.domain.clock import Clock, FrozenClock, ReplayClock
from forecasting.domain.sessions import Session
from forecasting.domain.snapshot import ReplayStatus

TICKS_PER_SESSION = 8.0
MIN_CADENCE_S = 0.25
SESSIONS_AHEAD = 20
ENDS_AFTER = 10       # sessions in a row without any bar: the recording is over, not only holed


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """A replay to be played: from the first session at or after `start`."""

    start: date
    seconds_per_session: float


class Replaying:
    """Runs one plan."""

    def __init__(self, plan: ReplayPlan) -> None:
        self._plan = plan
        self._night = FrozenClock(datetime.combine(plan.start, time(), UTC))
        self._clock: ReplayClock | None = None
        self._silent_sessions = 0
        self._paused = False

    @property
    def clock(self) -> Clock:
        """What time it is in the replay."""
        return self._clock or self._night

    @property
    def cadence(self) -> float:
        """Seconds between two refreshes at the speed it has."""
        speed = self._clock.speed if self._clock is not None else 1.0
        return max(self._plan.seconds_per_session / TICKS_PER_SESSION / speed, MIN_CADENCE_S)

    def pause(self, paused: bool) -> None:
        """Stand still, or go on."""
        self._paused = paused
        if self._clock is not None:
            self._clock.pause(paused)

    def change_speed(self, steps: int) -> bool:
        """Faster or slower by notches; whether there is anything to speed up yet."""
        if self._clock is not None:
            self._clock.change_speed(steps)
        return self._clock is not None

    def jump(self, sessions: int) -> bool:
        """Skip forward; whether there is anything to skip yet."""
        if self._clock is not None:
            self._clock.jump(sessions)
        return self._clock is not None

    def keep(
        self, ticked_at: datetime, closed_through: date, sessions_after: Callable[[date], tuple[Session, ...]]
    ) -> None:
        """After a tick: begin once the sessions are known; let a night end once its forecasts are in.

        Args:
            ticked_at: The tick's moment, by `clock`.
            closed_through: The newest session whose bars are stored and forecast.
            sessions_after: The known sessions after a day.
        """
        clock = self._clock
        if clock is None:
            if sessions := sessions_after(closed_through):
                self._clock = ReplayClock(sessions, seconds_per_session=self._plan.seconds_per_session)
                self._clock.pause(self._paused)
            return
        if clock.sessions_left < SESSIONS_AHEAD:      # the worker has stored more by now
            clock.extend(sessions_after(closed_through))
        held = clock.held
        if held is None or ticked_at < held.close:
            return
        self._silent_sessions = 0 if closed_through >= held.session else self._silent_sessions + 1
        if self._silent_sessions < ENDS_AFTER:
            clock.release(held.session)
        else:
            clock.finish()

    def status(self, day: date) -> ReplayStatus:
        """Where it stands; `day` is that of the newest tick."""
        if self._clock is None:
            return ReplayStatus(self._plan.start, 1.0, self._paused, finished=False)
        return ReplayStatus(day, self._clock.speed, self._clock.paused, self._clock.finished)
