"""What keys do with alerts: each function does it, and says what it did in one line. No widgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from forecasting.domain.decision import Alert, AlertRule, RuleStatus
from forecasting.domain.market import Symbol
from tui import format as fmt
from tui.widgets.alert_text import about, is_muted

if TYPE_CHECKING:
    from forecasting.service.alert_desk import AlertDesk

MUTED_FOR = timedelta(hours=8)


def acknowledge_of(desk: AlertDesk, symbol: Symbol | None) -> str:
    """Acknowledge the symbol's unseen alerts, or all where it has none."""
    unseen = desk.unseen()
    of_symbol = [alert for alert in unseen if alert.symbol == symbol]
    if not unseen:
        return "there is no unseen alert"
    count = desk.acknowledge(alert.id for alert in of_symbol or unseen)
    return f"{_counted(count, 'alert')} {f'of {symbol}' if of_symbol else 'of all symbols'} acknowledged"


def acknowledge(desk: AlertDesk, chosen: Alert | AlertRule) -> str:
    """Acknowledge one alert, or all unseen ones of a rule."""
    if isinstance(chosen, AlertRule):
        count = desk.acknowledge(alert.id for alert in desk.unseen() if alert.rule_id == chosen.id)
        return f"{_counted(count, 'alert')} of rule {chosen.id} acknowledged"
    return f"{chosen.symbol}: {'acknowledged' if desk.acknowledge([chosen.id]) else 'acknowledged already'}"


def mute_of(desk: AlertDesk, statuses: Sequence[RuleStatus], symbol: Symbol, now: datetime) -> str:
    """Mute the rules that name the symbol, or let them speak again; what is for lists or for all goes on."""
    own = [status.rule for status in statuses if symbol in status.rule.symbols]
    if not own:
        return f"no rule is for {symbol} by name; rules for lists and for all are muted in Signals"
    return _mute(desk, own, f"{_counted(len(own), 'rule')} for {symbol}", now)


def mute(desk: AlertDesk, statuses: Sequence[RuleStatus], chosen: Alert | AlertRule, now: datetime) -> str:
    """Mute a rule, or that of an alert, or let it speak again."""
    number = chosen.id if isinstance(chosen, AlertRule) else chosen.rule_id
    rule = next((status.rule for status in statuses if status.rule.id == number), None)
    return f"rule {number} is removed already" if rule is None else _mute(desk, [rule], f"rule {rule.id}", now)


def _mute(desk: AlertDesk, rules: Sequence[AlertRule], what: str, now: datetime) -> str:
    muted = all(is_muted(rule, now) for rule in rules)
    for rule in rules:
        desk.mute(rule.id, None if muted else MUTED_FOR)
    return f"{what}: heard again" if muted else f"{what}: muted for {fmt.span(MUTED_FOR.total_seconds())}; m undoes"


def added(rule: AlertRule) -> str:
    """That a rule is in force."""
    return f"alert {rule.id} for {about(rule)}: {rule.text}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def restore(desk: AlertDesk, rule: AlertRule) -> str:
    """Put a removed rule in force again."""
    desk.restore(rule.id)
    return f"rule {rule.id} is in force again"
