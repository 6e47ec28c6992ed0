"""What waits for one sink, and when how much of it may go. No clock and no thread of its own.

Single alerts go at once. Many together go as one digest, as does what had to wait for the rate or for the end of the
quiet hours. A flood is waited out: its digest goes when nothing more has come for `SETTLE_S`, after a minute at the
latest, and the next one a minute after that, so that ten thousand firings in a minute arrive as one message or two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import time

from forecasting.config.alerts import is_within
from forecasting.domain.decision import Alert, Notice
from forecasting.trading.sinks.message import Message, said, told

MINUTE = 60.0
SETTLE_S = 2.0
_LOOK_S = 30.0      # quiet hours are looked at again so often: a clock may be set, a machine may sleep


class Outbox:
    """See the module. `now` is in seconds since some moment and never runs backwards; `local` is the time of day."""

    def __init__(self, *, rate: int, digest: int, quiet: tuple[time, time] | None = None) -> None:
        """Make an empty one.

        Args:
            rate: Messages a minute.
            digest: So many alerts waiting together go as one message, and so do so many notices.
            quiet: First and last moment of the day's hours in which nothing goes; may reach over midnight.
        """
        self._rate, self._digest, self._quiet = rate, digest, quiet
        self._notices: deque[Notice] = deque()
        self._alerts: deque[Alert] = deque()
        self._sent: deque[float] = deque(maxlen=rate)
        self._first = self._newest = -MINUTE      # of the alerts that wait: when they came
        self._digested = -MINUTE                  # when the last digest went
        self._held = False                        # whether they waited for the end of the quiet hours

    def put(self, alerts: Iterable[Alert], now: float) -> None:
        """Take in alerts."""
        if not self._alerts:
            self._first = now
        self._alerts.extend(alerts)
        self._newest = now

    def put_notices(self, notices: Iterable[Notice]) -> None:
        """Take in words about tapecast itself; they go apart from alerts."""
        self._notices.extend(notices)

    def take(self, now: float, local: time) -> Message | None:
        """The next message, if one may go now; it counts as sent."""
        if not self._waiting() or self.wait_s(now, local) != 0.0:
            return None
        if self._notices:
            message = said(tuple(self._notices) if len(self._notices) >= self._digest else (self._notices[0],))
            for _ in message.notices:
                self._notices.popleft()
        elif self._together(now):
            message = told(tuple(self._alerts))
            self._alerts.clear()
            self._held = False
            self._digested = now if len(message.alerts) > 1 else self._digested
        else:
            message = told((self._alerts.popleft(),))
        self._sent.append(now)
        return message

    def wait_s(self, now: float, local: time) -> float | None:
        """Seconds until `take` is worth another call; None: until something is put in."""
        if not self._waiting():
            return None
        if is_within(local, self._quiet):
            self._held = True
            return _LOOK_S
        moments = [now]
        if not self._free(now):
            moments.append(self._sent[0] + MINUTE)
        if not self._notices and self._together(now):
            moments += [min(self._newest + SETTLE_S, self._first + MINUTE), self._digested + MINUTE]
        return max(moments) - now

    def _waiting(self) -> bool:
        return bool(self._notices or self._alerts)

    def _free(self, now: float) -> int:
        """How many messages may go now."""
        return self._rate - sum(at + MINUTE > now for at in self._sent)

    def _together(self, now: float) -> bool:
        return self._held or len(self._alerts) >= self._digest or len(self._alerts) > self._free(now)
