"""Which alerts are news: those that came after the first snapshot, each once, as lines for toasts.

However many come, so few toasts stand on screen at once that the prices behind them can be read; what has to wait for
one to go is told together.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from forecasting.domain.decision import Alert
from forecasting.domain.snapshot import Snapshot
from tui import format as fmt
from tui.widgets.alert_text import is_muted

TOASTS = 3
"""At most so many at once; of more there is one digest."""
TOAST_S = 10.0
"""How long one stands."""

_NAMED = 4


class AlertNews:
    """Remembers what has been told."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._newest = max((alert.id for alert in snapshot.alerts), default=0)
        self._waiting: list[Alert] = []
        self._shown: deque[float] = deque()      # when the toasts came that may still stand

    def take(self, snapshot: Snapshot, now_s: float) -> tuple[str, ...]:
        """What to tell now, oldest first; nothing of rules that are muted or of what has been acknowledged.

        Args:
            snapshot: The newest.
            now_s: Seconds since some moment.
        """
        muted = {status.rule.id for status in snapshot.rules if is_muted(status.rule, snapshot.now)}
        acked = {alert.id for alert in snapshot.alerts if alert.acked_at is not None}
        fresh = [alert for alert in reversed(snapshot.alerts) if alert.id > self._newest]
        self._newest = max([self._newest, *(alert.id for alert in fresh)])
        self._waiting += [alert for alert in fresh if alert.rule_id not in muted]
        self._waiting = [alert for alert in self._waiting if alert.id not in acked]
        while self._shown and now_s - self._shown[0] >= TOAST_S:
            self._shown.popleft()
        return self._told(TOASTS - len(self._shown), now_s)

    def _told(self, room: int, now_s: float) -> tuple[str, ...]:
        if not self._waiting or not room:
            return ()
        lines = tuple(map(_line, self._waiting)) if len(self._waiting) <= room else (_digest(self._waiting),)
        self._waiting = []
        self._shown.extend([now_s] * len(lines))
        return lines


def _line(alert: Alert) -> str:
    late = f"  late: of {fmt.local_minute(alert.data_time)}" if alert.late else ""
    return f"{alert.symbol}  {alert.reason}{late}"


def _digest(alerts: Sequence[Alert]) -> str:
    counts = Counter(alert.symbol for alert in alerts)
    named = ", ".join(f"{symbol} {count}" if count > 1 else symbol for symbol, count in counts.most_common(_NAMED))
    more = f" and {len(counts) - _NAMED} more symbols" if len(counts) > _NAMED else ""
    late = sum(alert.late for alert in alerts)
    return f"{len(alerts)} alerts: {named}{more}" + (f"; {late} of them late" if late else "") + "; all are in Signals"
