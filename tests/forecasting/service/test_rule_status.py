"""What the rules in force still wait for, and how a rule is understood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.data.store import Store
from forecasting.domain.decision import Alert, AlertRule
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import RuleError
from forecasting.service.alert_desk import AlertDesk
from forecasting.service.rule_reading import Reading, read_rule
from forecasting.service.rule_status import rule_statuses
from tests.support.store import AMD, NVDA, series

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LISTS = (WatchGroup("Core", (NVDA, AMD)), WatchGroup("Empty", ()))


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.temporary() as store:
        store.market.put_bars(series(NVDA, n=40))
        store.market.put_bars(series(AMD, n=8))
        yield store


@pytest.fixture
def desk(store: Store) -> AlertDesk:
    return AlertDesk(store.alerts, lambda: NOW)


def waits(store: Store, *, watched: bool = True) -> list[str | None]:
    symbols = (NVDA, AMD) if watched else (AMD,)
    return [status.waits for status in rule_statuses(store, LISTS, symbols, readiness=True)]


def test_a_rule_tells_how_many_bars_it_needs_and_how_many_there_are(store: Store, desk: AlertDesk) -> None:
    desk.add("rsi crosses above 30", symbols=[NVDA])
    desk.add("rsi crosses above 30", symbols=[AMD])
    desk.add("rsi crosses above 30", group="Core")
    desk.add("average(40 bars) > 9", symbols=[NVDA])
    desk.add("average(41 bars) > 9")
    assert waits(store) == [
        None, "needs 16 bars, has 8", "needs 16 bars, AMD has 8", None, "needs 41 bars, NVDA has 40 (+1)",
    ]


def test_a_rule_for_what_is_not_watched_says_so(store: Store, desk: AlertDesk) -> None:
    desk.add("last > 1", symbols=[NVDA])
    desk.add("last > 1", group="Gone")
    desk.add("last > 1", group="Empty")
    assert waits(store, watched=False) == ["NVDA is in no list", "there is no list 'Gone'", None]


def test_a_rule_that_cannot_be_read_any_more_says_why(store: Store) -> None:
    store.alerts.add(AlertRule(0, "lest > 1", (), None, (), 0.0, 0.0, NOW))
    assert waits(store) == ["no field 'lest'; did you mean last? (at 1: lest > 1)"]


def test_before_the_first_refresh_rules_are_listed_without_looking_for_bars(store: Store, desk: AlertDesk) -> None:
    rule = desk.add("rsi crosses above 30", symbols=[AMD])
    fired = NOW - timedelta(hours=2)
    store.alerts.record([Alert(0, rule.id, rule.text, AMD, NOW, fired, True, 31.0, "rsi 31")], [], {})
    (status,) = rule_statuses(store, LISTS, (AMD,), readiness=False)
    assert (status.rule, status.fired_at, status.waits) == (rule, fired, None)


def test_a_removed_rule_comes_back(desk: AlertDesk) -> None:
    rule = desk.add("last > 1")
    desk.remove(rule.id)
    desk.restore(rule.id)
    assert desk.rules() == (rule,)


def test_no_rule_keeps_a_control_sequence(desk: AlertDesk) -> None:
    rule = desk.add('name == "\x1b]0;gone\x07[red]x\u202e"  and\tlast > 1')
    assert rule.text == 'name == "[red]x" and last > 1'
    with pytest.raises(RuleError, match="at most 500"):
        desk.add("last > 1 " + "and last > 1 " * 60)


def test_a_reading_tells_states_from_happenings() -> None:
    assert read_rule("rsi<30") == Reading("rsi < 30", each_time=False, bars=15)
    assert read_rule("rsi crosses above 30") == Reading("rsi crosses above 30", each_time=True, bars=16)
    assert replace(read_rule("last > 1 then rsi < 30"), text="") == Reading("", each_time=True, bars=15)
