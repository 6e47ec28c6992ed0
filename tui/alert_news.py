"""Which alerts are news: those that came after the first snapshot, each once, as lines for toasts."""

from __future__ import annotations

from collections import Counter

from forecasting.domain.decision import Alert
from forecasting.domain.snapshot import Snapshot
from tui import format as fmt
from tui.widgets.alert_text import is_muted

TOASTS = 3
"""Up to so many at once come one by one; more, as one digest."""

_NAMED = 4


class AlertNews:
    """Remembers what has been told."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._told = max((alert.id for alert in snapshot.alerts), default=0)

    def take(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What there is to tell, oldest first; nothing of rules that are muted or of what has been acknowledged."""
        muted = {status.rule.id for status in snapshot.rules if is_muted(status.rule, snapshot.now)}
        fresh = [alert for alert in reversed(snapshot.alerts) if alert.id > self._told]
        self._told = max([self._told, *(alert.id for alert in fresh)])
        news = [alert for alert in fresh if alert.acked_at is None and alert.rule_id not in muted]
        return tuple(map(_line, news)) if len(news) <= TOASTS else (_digest(news),)


def _line(alert: Alert) -> str:
    late = f"  late: of {fmt.local_minute(alert.data_time)}" if alert.late else ""
    return f"{alert.symbol}  {alert.reason}{late}"


def _digest(alerts: list[Alert]) -> str:
    counts = Counter(alert.symbol for alert in alerts)
    named = ", ".join(f"{symbol} {count}" if count > 1 else symbol for symbol, count in counts.most_common(_NAMED))
    more = f" and {len(counts) - _NAMED} more symbols" if len(counts) > _NAMED else ""
    late = sum(alert.late for alert in alerts)
    return f"{len(alerts)} alerts: {named}{more}" + (f"; {late} of them late" if late else "") + "; all are in Signals"
