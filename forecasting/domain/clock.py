"""Clocks: the only places where tapecast learns what time it is.

Everything that needs "now" is handed a clock. The wall clock serves live use, a frozen one tests and `--as-of`, a
replay clock plays history at one session per few seconds.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from forecasting.domain.sessions import Session


class Clock(Protocol):
    """Says what time it is, aware UTC."""

    def now(self) -> datetime:
        """The current moment, aware UTC."""
        ...


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current moment, aware UTC."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock that stands still until it is set; also the worker's clock, which each request sets."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError(f"a clock needs an aware time, got {moment!r}")
        self._moment = moment

    def now(self) -> datetime:
        """The moment the clock stands at."""
        return self._moment

    def set(self, moment: datetime) -> None:
        """Move the clock to `moment` (aware UTC)."""
        self._moment = moment


class ReplayClock:
    """Plays recorded sessions one after the other, each in `seconds_per_session` of real time at speed 1.

    Four fifths of a session's real time run from its open to its close; the last fifth stands for the night. While
    it stands for the night the clock runs one hour on from the close, so that the bar counts as closed. The night lasts
    until `release` says that whoever forecasts has done so: a forecast is worth nothing once its session has opened.
    After the last session the clock stands still. Thread-safe.
    """

    SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    _NIGHT = timedelta(hours=1)
    _DAY_SHARE = 0.8
    _DAWN = 1e-6         # how far before the next open a held night stands

    def __init__(
        self,
        sessions: Sequence[Session],
        *,
        seconds_per_session: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start at the open of the first of `sessions` (ascending, at least one)."""
        if not sessions:
            raise ValueError("a replay needs at least one session")
        self._sessions = tuple(sessions)
        self._seconds = seconds_per_session
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._position = 0.0           # sessions played, with the running one's fraction
        self._since = monotonic()
        self._released = 0             # sessions whose night may end
        self.speed = 1.0
        self.paused = False

    def now(self) -> datetime:
        """The replayed moment, aware UTC."""
        with self._lock:
            self._advance()
            index = min(int(self._position), len(self._sessions) - 1)
            fraction = min(self._position - index, 1.0)
        session = self._sessions[index]
        if fraction < self._DAY_SHARE:
            return session.open + (session.close - session.open) * (fraction / self._DAY_SHARE)
        return session.close + self._NIGHT * ((fraction - self._DAY_SHARE) / (1.0 - self._DAY_SHARE))

    @property
    def finished(self) -> bool:
        """Whether the last session has been played to its end."""
        with self._lock:
            self._advance()
            return self._position >= len(self._sessions)

    def pause(self, paused: bool) -> None:
        """Stop or resume the replay."""
        with self._lock:
            self._advance()
            self.paused = paused

    def change_speed(self, steps: int) -> float:
        """Go `steps` places up (faster) or down (slower) in `SPEEDS`; returns the new speed."""
        with self._lock:
            self._advance()
            i = self.SPEEDS.index(self.speed) + steps
            self.speed = self.SPEEDS[max(0, min(i, len(self.SPEEDS) - 1))]
            return self.speed

    def jump(self, sessions: int) -> None:
        """Skip forward by whole sessions; the clock never runs backwards, since a ledger cannot."""
        if sessions < 0:
            raise ValueError(f"a replay only jumps forward, got {sessions}")
        with self._lock:
            self._advance()
            self._released = max(self._released, int(self._position) + sessions)
            self._position = min(self._position + sessions, self._limit())

    def release(self, through: date) -> None:
        """Let the night after session `through`, and all nights before it, end."""
        with self._lock:
            self._advance()
            done = bisect_right(self._sessions, through, key=lambda s: s.session)
            self._released = max(self._released, done)

    @property
    def held(self) -> Session | None:
        """The session whose night is being held until `release`, or None."""
        with self._lock:
            self._advance()
            waits = self._limit() <= self._position < len(self._sessions)
            return self._sessions[int(self._position)] if waits else None

    @property
    def sessions_left(self) -> int:
        """How many known sessions have not begun."""
        with self._lock:
            self._advance()
            return max(len(self._sessions) - int(self._position) - 1, 0)

    def extend(self, sessions: Sequence[Session]) -> None:
        """Go on with those of `sessions` (ascending) that come after the last known one."""
        with self._lock:
            self._sessions += tuple(s for s in sessions if s.session > self._sessions[-1].session)

    def finish(self) -> None:
        """Nothing more is recorded: stand still after the session that has begun."""
        with self._lock:
            self._advance()
            self._sessions = self._sessions[: int(self._position) + 1]
            self._position = float(len(self._sessions))

    def _limit(self) -> float:
        return min(self._released + 1.0 - self._DAWN, float(len(self._sessions)))

    def _advance(self) -> None:
        moment = self._monotonic()
        if not self.paused:
            step = (moment - self._since) * self.speed / self._seconds
            self._position = min(self._position + step, max(self._position, self._limit()))
        self._since = moment
