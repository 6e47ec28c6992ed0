"""The store's alerts in memory, and some of every kind to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from forecasting.domain.decision import Alert, AlertRule, Delivery, RuleStatus
from forecasting.domain.market import Symbol
from forecasting.service.alert_desk import AlertDesk


class FakeAlerts:
    """The store's alerts, in memory; see `forecasting.data.store.alerts.Alerts`."""

    def __init__(self) -> None:
        self.kept: dict[int, AlertRule] = {}
        self.removed: dict[int, AlertRule] = {}
        self.fired: list[Alert] = []

    def add(self, rule: AlertRule) -> AlertRule:
        rule = replace(rule, id=len(self.kept) + len(self.removed) + 1)
        self.kept[rule.id] = rule
        return rule

    def rules(self) -> tuple[AlertRule, ...]:
        return tuple(self.kept.values())

    def remove(self, rule_id: int, at: datetime) -> bool:
        if (found := self.kept.pop(rule_id, None)) is not None:
            self.removed[rule_id] = found
        return found is not None

    def statuses(self) -> tuple[RuleStatus, ...]:
        """A rule on the RSI waits for bars."""
        fired = {alert.rule_id: alert.data_time for alert in self.fired}
        return tuple(
            RuleStatus(r, fired.get(r.id), "needs 16 bars, has 8" if "rsi" in r.text and not fired.get(r.id) else None)
            for r in self.rules()
        )

    def restore(self, rule_id: int) -> bool:
        if rule_id in self.removed:
            self.kept = dict(sorted({**self.kept, rule_id: self.removed.pop(rule_id)}.items()))
            return True
        return False

    def mute(self, rule_id: int, until: datetime | None) -> bool:
        if rule_id in self.kept:
            self.kept[rule_id] = replace(self.kept[rule_id], muted_until=until)
        return rule_id in self.kept

    def acknowledge(self, ids: Iterable[int], at: datetime) -> int:
        due = {a.id for a in self.fired if a.acked_at is None} & set(ids)
        self.fired = [replace(a, acked_at=at) if a.id in due else a for a in self.fired]
        return len(due)

    def history(
        self, *, since: datetime | None = None, limit: int | None = None, unseen: bool = False
    ) -> tuple[Alert, ...]:
        return tuple(a for a in reversed(self.fired) if not unseen or a.acked_at is None)[:limit]


def fill_alerts(kept: FakeAlerts, desk: AlertDesk, now: datetime) -> None:
    """Rules of every kind, and alerts: unseen, late, acknowledged, delivered and not."""
    add = desk.add
    add("rsi crosses above 30", symbols=[Symbol("NVDA")])
    add("last >= 240", symbols=[Symbol("SAP.DE")], cooldown=timedelta(0), hysteresis=0.01, sinks=["bell", "ntfy"])
    add('name != "[red]x" and change_pct(5 bars) < -3 and volume_ratio > 2', group="Core")
    add("rsi < 30 for 3 bars then last crosses above average(20 bars) within 2d")
    desk.mute(3, timedelta(hours=8))

    def fired(rule: int, symbol: str, minutes: float, value: float, reason: str, **changes: Any) -> None:
        text, at = kept.kept[rule].text, now - timedelta(minutes=minutes)
        made = Alert(len(kept.fired) + 1, rule, text, Symbol(symbol), at, at - timedelta(seconds=3),
                     False, value, f"{text}: {reason}")
        kept.fired.append(replace(made, **changes))

    bell = Delivery("bell", True, 0.002, None)
    fired(1, "NVDA", 4_000, 30.4, "rsi 30.412", late=True, data_time=now - timedelta(days=4, hours=1),
          acked_at=now - timedelta(minutes=3_990), deliveries=(bell,))
    fired(3, "AAPL", 85, -3.4, "change_pct(5 bars) -3.4112, volume_ratio 2.31", acked_at=now - timedelta(minutes=84),
          deliveries=(bell, Delivery("mail", False, 8.0, "no answer within 8 s")))
    fired(2, "SAP.DE", 61, 240.1, "last 240.1", deliveries=(bell, Delivery("ntfy", True, 0.41, None)), late=True,
          data_time=now - timedelta(hours=17))
    fired(1, "NVDA", 1, 31.2, "rsi 31.187", deliveries=(bell, Delivery("ntfy", True, 0.38, None)))
