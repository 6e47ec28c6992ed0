"""What is delivered: one alert, many of them in one digest, or a word about tapecast itself.

Titles and texts are clean, whatever stood in names, rules and news.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forecasting.data.text import clean_text
from forecasting.domain.decision import Alert, Notice

TITLE_LIMIT = 80
TEXT_LIMIT = 600
_NAMED = 3          # symbols, rules and alerts that a digest names
_LISTED = 20        # alerts in a digest's JSON


@dataclass(frozen=True, slots=True)
class Message:
    """What a sink is given."""

    title: str                         # clean, short
    text: str                          # clean, one line
    alerts: tuple[Alert, ...] = ()     # what it is about; none: a notice
    notices: tuple[Notice, ...] = ()   # what it is then about, where that is on record

    @property
    def about(self) -> tuple[Alert | Notice, ...]:
        """All that is on record."""
        return (*self.alerts, *self.notices)

    @property
    def kind(self) -> str:
        """alert, digest or notice."""
        return "notice" if not self.alerts else "alert" if len(self.alerts) == 1 else "digest"

    def words(self) -> dict[str, str]:
        """What stands for the placeholders of a command; a digest has a reason only."""
        only = self.alerts[0] if len(self.alerts) == 1 else None
        value = None if only is None else _finite(only.value)
        return {
            "symbol": "" if only is None else clean_text(only.symbol),
            "rule": "" if only is None else clean_text(only.rule),
            "value": "" if value is None else f"{value:.6g}",
            "reason": self.text,
        }

    def json(self) -> bytes:
        """The same for programs; of a digest its first alerts. `id` tells alerts that come a second time."""
        return json.dumps(
            {
                "kind": self.kind,
                "title": self.title,
                "text": self.text,
                "count": len(self.alerts),
                "alerts": [_value(alert) for alert in self.alerts[:_LISTED]],
            },
            allow_nan=False,
        ).encode()


def notice(title: str, text: str) -> Message:
    """A word about tapecast itself."""
    return Message(clean_text(title, limit=TITLE_LIMIT), clean_text(text, limit=TEXT_LIMIT))


def said(notices: Sequence[Notice]) -> Message:
    """One message with these words about tapecast itself, at least one."""
    if len(notices) == 1:
        only = notices[0]
        text = clean_text(only.text, limit=TEXT_LIMIT) + (_late(only.fired_at) if only.late else "")
        return Message(clean_text(only.title, limit=TITLE_LIMIT), text, notices=(only,))
    newest = notices[-1]
    counted = _counted(each.title for each in notices)
    text = f"{counted}; newest, of {newest.fired_at:%Y-%m-%d %H:%M} UTC: {newest.title}, {newest.text}"
    return Message(f"{len(notices)} notices", clean_text(text, limit=TEXT_LIMIT), notices=tuple(notices))


def told(alerts: Sequence[Alert]) -> Message:
    """One message about these alerts, at least one."""
    return _of_one(alerts[0]) if len(alerts) == 1 else _digest(alerts)


def _of_one(alert: Alert) -> Message:
    late = _late(alert.data_time) if alert.late else ""
    return Message(
        clean_text(alert.symbol, limit=TITLE_LIMIT), clean_text(alert.reason, limit=TEXT_LIMIT) + late, (alert,)
    )


def _late(of: datetime) -> str:
    return f" (late: of {of:%Y-%m-%d %H:%M} UTC)"


def _digest(alerts: Sequence[Alert]) -> Message:
    late = sum(alert.late for alert in alerts)
    title = f"{len(alerts)} alerts" + (f", {late} of them late" if late else "")
    text = (
        f"{_counted(a.symbol for a in alerts)}; {_counted(a.rule for a in alerts)}; first: "
        + "; ".join(f"{clean_text(a.symbol)} {clean_text(a.reason, limit=100)}" for a in alerts[:_NAMED])
    )
    return Message(title, clean_text(text, limit=TEXT_LIMIT), tuple(alerts))


def _counted(names: Iterable[str]) -> str:
    """The most frequent names with their number."""
    counts = Counter(clean_text(name, limit=60) for name in names)
    most = ", ".join(f"{name} ({n})" for name, n in counts.most_common(_NAMED))
    return f"{most} and {len(counts) - _NAMED} more" if len(counts) > _NAMED else most


def _value(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "rule": clean_text(alert.rule),
        "symbol": clean_text(alert.symbol),
        "fired_at": alert.fired_at.isoformat(),
        "data_time": alert.data_time.isoformat(),
        "late": alert.late,
        "value": _finite(alert.value),
        "reason": clean_text(alert.reason, limit=TEXT_LIMIT),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
