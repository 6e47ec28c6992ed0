"""Rules, what they remember, and what they said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forecasting.data.store import Store
from forecasting.data.store.alerts import Remembered
from forecasting.domain.decision import Alert, AlertRule, Delivery
from tests.support.store import AMD, NVDA

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
RULE = AlertRule(0, "rsi crosses above 30", (NVDA,), None, ("bell",), 60.0, 0.01, NOW)
ALERT = Alert(0, 1, RULE.text, NVDA, NOW, NOW - timedelta(seconds=4), False, 31.5, "rsi 31.5 crosses above 30")


def test_a_rule_comes_back_as_it_was_given_and_ids_are_never_given_twice(store: Store) -> None:
    first = store.alerts.add(RULE)
    second = store.alerts.add(replace(RULE, symbols=(), group="Tech", sinks=(), muted_until=NOW))

    assert store.alerts.rules() == (first, second)
    assert store.alerts.remove(second.id, NOW)
    assert not store.alerts.remove(second.id, NOW)
    assert store.alerts.add(RULE).id == 3


def test_a_removed_rule_can_be_put_in_force_again_as_it_was_but_for_its_memory(store: Store) -> None:
    rule = store.alerts.add(RULE)
    store.alerts.record([], [Remembered(rule.id, NVDA, "[]", None)], {})
    assert not store.alerts.restore(rule.id)
    store.alerts.remove(rule.id, NOW)

    assert store.alerts.restore(rule.id)
    assert store.alerts.rules() == (rule,)
    assert store.alerts.memory() == {}


def test_a_rule_fired_last_when_its_newest_alerts_data_was_made(store: Store) -> None:
    first, second = store.alerts.add(RULE), store.alerts.add(RULE)
    later = replace(ALERT, data_time=NOW + timedelta(minutes=7))
    store.alerts.record([ALERT, later], [], {})

    assert store.alerts.last_fired() == {first.id: NOW + timedelta(minutes=7)}
    assert second.id not in store.alerts.last_fired()


def test_muting_lasts_until_it_is_taken_back(store: Store) -> None:
    rule = store.alerts.add(RULE)

    assert store.alerts.mute(rule.id, NOW)
    assert store.alerts.rules()[0].muted_until == NOW
    assert store.alerts.mute(rule.id, None)
    assert store.alerts.rules()[0].muted_until is None
    assert not store.alerts.mute(99, NOW)


def test_memory_bars_and_alerts_are_kept_together_or_not_at_all(store: Store) -> None:
    rule = store.alerts.add(RULE)
    remembered = Remembered(rule.id, NVDA, "[[1.0]]", 12.5)

    (kept,) = store.alerts.record([replace(ALERT, rule_id=rule.id)], [remembered], {NVDA: date(2026, 2, 27)})

    assert store.alerts.history() == (kept,)
    assert store.alerts.memory() == {(rule.id, NVDA): remembered}
    assert store.alerts.looked_at() == {NVDA: date(2026, 2, 27)}
    broken = replace(ALERT, rule_id=rule.id, reason=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        store.alerts.record([broken], [replace(remembered, body="[[0.0]]")], {})
    assert store.alerts.memory() == {(rule.id, NVDA): remembered}


def test_a_removed_rule_leaves_its_alerts_and_takes_its_memory(store: Store) -> None:
    rule = store.alerts.add(RULE)
    store.alerts.record([replace(ALERT, rule_id=rule.id)], [Remembered(rule.id, NVDA, "[]", None)], {})
    store.alerts.remove(rule.id, NOW)
    store.alerts.record([], [Remembered(rule.id, NVDA, "[]", None)], {})

    assert store.alerts.memory() == {}
    assert [a.reason for a in store.alerts.history()] == [ALERT.reason]


def test_history_is_newest_first_with_what_became_of_each(store: Store) -> None:
    rule = store.alerts.add(RULE)
    mine = replace(ALERT, rule_id=rule.id)
    one, two = store.alerts.record([mine, replace(mine, symbol=AMD, fired_at=NOW + timedelta(hours=1))], [], {})
    failed, ok = Delivery("ntfy", False, 8.0, "no answer"), Delivery("ntfy", True, 0.4, None)
    store.alerts.delivered([one.id, two.id], failed)
    store.alerts.delivered([one.id], ok)

    assert [a.symbol for a in store.alerts.history()] == [AMD, NVDA]
    assert [a.deliveries for a in store.alerts.history()] == [(failed,), (ok,)]
    assert [a.id for a in store.alerts.history(since=NOW + timedelta(minutes=1))] == [two.id]
    assert [a.id for a in store.alerts.history(limit=1)] == [two.id]
    assert store.alerts.acknowledge([one.id, one.id, 99], NOW) == 1
    assert store.alerts.acknowledge([one.id], NOW) == 0
    assert [a.id for a in store.alerts.history(unseen=True)] == [two.id]


def test_what_a_sink_is_offered_again_is_owed_until_it_is_taken_or_given_up(store: Store) -> None:
    rule = store.alerts.add(RULE)
    one, two, three = store.alerts.record([replace(ALERT, rule_id=rule.id)] * 3, [], {})
    later = Delivery("ntfy", False, 8.0, "no answer", next_try=NOW + timedelta(minutes=5))
    store.alerts.delivered([one.id, two.id, three.id], later)
    assert [(a.id, a.deliveries) for a in store.alerts.owed()] == [(i, (later,)) for i in (1, 2, 3)]
    store.alerts.delivered([one.id], Delivery("ntfy", True, 0.4, None))
    store.alerts.delivered([two.id], Delivery("ntfy", False, 8.0, "no answer; given up"))
    assert [a.id for a in store.alerts.owed()] == [three.id]
