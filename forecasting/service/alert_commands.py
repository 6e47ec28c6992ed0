"""`tapecast alerts add | fields | list | remove | mute | ack | history`: plain JSON values from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.domain.decision import Alert, AlertRule, Delivery, RuleStatus
from forecasting.domain.market import Symbol
from forecasting.errors import ConfigError
from forecasting.service.alert_desk import AlertDesk
from forecasting.service.opened import watchlist
from forecasting.service.places import place
from forecasting.service.rule_status import rule_statuses
from forecasting.trading.rules.fields import FIELDS


@contextmanager
def opened(
    settings: Settings, tell: Callable[[str], None] = lambda notice: None
) -> Iterator[tuple[AlertDesk, Store]]:
    """The alerts of the store these settings lead to, and that store; `tell` hears what is wrong with its file."""
    with Store.open(place(settings, demo=False).store, interval=settings.source.interval) as store:
        for notice in store.notices:
            tell(notice)
        yield AlertDesk(store.alerts, lambda: datetime.now(UTC)), store


def add(
    settings: Settings, text: str, symbols: Sequence[Symbol], group: str | None, sinks: Sequence[str],
    cooldown: timedelta, hysteresis: float,
) -> tuple[AlertRule, tuple[str, ...]]:
    """Put a rule in force; the rule, and what a person should know of it.

    Raises:
        TapecastError: If it cannot be: the rule cannot be read, or there is no such list or sink.
    """
    known = [sink.name for sink in settings.alert_sinks()]
    if unknown := next((sink for sink in sinks if sink not in known), None):
        raise ConfigError(f"no [[sink]] is called '{unknown}'; there are: {', '.join(known)}")
    with opened(settings) as (alerts, store):
        watched = watchlist(settings, store, demo=False)
        names = [g.name for g in watched.groups]
        if group is not None and group not in names:
            raise ConfigError(f"no list is called '{group}'; there are: {', '.join(names)}")
        rule = alerts.add(
            text, symbols=symbols, group=group, sinks=tuple(dict.fromkeys(sinks)), cooldown=cooldown,
            hysteresis=hysteresis,
        )
        unwatched = [s for s in symbols if s not in watched.symbols]
        notes = [f"{s} is in no list: the alert stays silent until it is added" for s in unwatched if watched.symbols]
        return rule, (*store.notices, *notes)


def field_values() -> list[dict[str, Any]]:
    """What a rule may ask of a symbol: its name, what it holds, and how many closed bars it needs."""
    return [{"name": spec.name, "meaning": spec.meaning, "bars": spec.bars} for spec in FIELDS.values()]


def statuses(settings: Settings, store: Store) -> tuple[RuleStatus, ...]:
    """The rules in force, when each fired last, and what it still waits for, as far as it is known what is watched."""
    watched = watchlist(settings, store, demo=False)
    return rule_statuses(store, watched.groups, watched.symbols, readiness=bool(watched.symbols))


def status_value(status: RuleStatus) -> dict[str, Any]:
    """A rule and how it is doing as JSON."""
    fired = None if status.fired_at is None else status.fired_at.isoformat()
    return {**rule_value(status.rule), "last_fired": fired, "waits_for": status.waits}


def rule_value(rule: AlertRule) -> dict[str, Any]:
    """A rule as JSON."""
    return {
        "id": rule.id,
        "rule": rule.text,
        "symbols": list(rule.symbols),
        "list": rule.group,
        "sinks": list(rule.sinks),
        "cooldown_s": rule.cooldown_s,
        "hysteresis": rule.hysteresis,
        "created_at": rule.created_at.isoformat(),
        "muted_until": None if rule.muted_until is None else rule.muted_until.isoformat(),
    }


def delivery_value(delivery: Delivery) -> dict[str, Any]:
    """How a sink took something, as JSON; what is tried again says when in its error."""
    error = delivery.error
    if delivery.next_try is not None:
        error = f"{error}; next try {delivery.next_try:%Y-%m-%d %H:%M} UTC"
    return {"sink": delivery.sink, "ok": delivery.ok, "seconds": delivery.seconds, "error": error}


def alert_value(alert: Alert) -> dict[str, Any]:
    """An alert as JSON."""
    return {
        "id": alert.id,
        "rule_id": alert.rule_id,
        "rule": alert.rule,
        "symbol": alert.symbol,
        "fired_at": alert.fired_at.isoformat(),
        "data_time": alert.data_time.isoformat(),
        "late": alert.late,
        "value": alert.value,
        "reason": alert.reason,
        "deliveries": [delivery_value(delivery) for delivery in alert.deliveries],
        "acked_at": None if alert.acked_at is None else alert.acked_at.isoformat(),
    }
