"""What earlier runs have not delivered: what is to go out now, and what is given up, with a word why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from forecasting.data.store import Store
from forecasting.domain.decision import Alert, AlertRule, Delivery, Notice
from forecasting.trading.sinks.retries import Item


@dataclass(frozen=True, slots=True)
class Who:
    """Which sinks this process delivers to."""

    known: tuple[str, ...]           # all that are configured, served here or not
    outer: Set[str]                  # served here, and not of a terminal
    answers_for: Callable[[str], bool]      # whether nobody else delivers to a sink, be it one that is no longer there


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Oldest first; what goes out is marked late."""

    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...]
    given_up: tuple[tuple[Item, Delivery], ...]


def left_over(store: Store, rules: Mapping[int, AlertRule], who: Who, now: datetime, limit: timedelta) -> LeftOver:
    """Look through what was fired before `now`; nothing is written.

    Args:
        store: Of alerts, notices and deliveries.
        rules: Those in force, by id.
        who: What this process serves.
        now: By the engine's clock.
        limit: What is older is given up.

    Raises:
        StoreError: If it cannot be read.
    """
    oldest = now - limit
    alerts, notices = store.alerts.owed(), store.sayings.recent(since=oldest)
    owed: tuple[Item, ...] = (*alerts, *store.sayings.owed())
    found = {a.id: a for a in (*store.alerts.history(since=oldest, unseen=True), *alerts) if oldest <= a.fired_at < now}
    hopeless = [
        (item, replace(d, error=f"{d.error}; {why}", next_try=None))
        for item in owed for d in item.deliveries
        if d.next_try is not None and who.answers_for(d.sink)
        if (why := _why_no_more(item, d.sink, rules, who, oldest, limit)) is not None
    ]
    never = [(a, Delivery(sink, False, 0.0, given_up(limit))) for a, sink in _never_tried(store, rules, who, oldest)]
    return LeftOver(
        tuple(replace(a, late=True) for _, a in sorted(found.items()) if a.rule_id in rules),
        tuple(replace(n, late=True) for n in reversed(notices) if n.fired_at < now), (*hopeless, *never),
    )


def _why_no_more(
    item: Item, sink: str, rules: Mapping[int, AlertRule], who: Who, oldest: datetime, limit: timedelta
) -> str | None:
    """Why a sink that was to be offered it again is not; None: it is."""
    if sink not in who.known:
        return no_sink(sink)
    if item.fired_at < oldest:
        return given_up(limit)
    return "its rule is gone" if isinstance(item, Alert) and item.rule_id not in rules else None


def _never_tried(
    store: Store, rules: Mapping[int, AlertRule], who: Who, oldest: datetime
) -> Iterator[tuple[Alert, str]]:
    """Alerts too old by now that a sink in use was never offered: nobody ran, or they waited for quiet hours to end."""
    for sink in who.outer:
        for alert in store.alerts.untold(sink, oldest):
            if sink in sinks_of(rules.get(alert.rule_id), who.known):
                yield alert, sink


def sinks_of(rule: AlertRule | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names a rule gives, each once; all that are known where it gives none, or is known no more."""
    return tuple(dict.fromkeys((rule.sinks if rule else ()) or known))


def no_sink(name: str) -> str:
    """What is said where a sink was taken out of the settings."""
    return f"no [[sink]] is called '{name}'"


def given_up(limit: timedelta) -> str:
    """What is said of that which has grown too old."""
    return f"given up after {limit / timedelta(hours=1):g} h"
