"""A sink that is down for hours gets what it has missed, once, also across restarts; hours pass on its own clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from forecasting.config import AlertSettings
from forecasting.data.store import Store
from forecasting.domain.decision import Delivery
from forecasting.errors import DeliveryError
from tests.support.alerts import FIRED, notice
from tests.support.delivering import A, B, Sinks, fired, rule, running, told
from tests.support.waiting import until

DOWN = DeliveryError("503", again=True)


class Hours:
    """The machine's clock, set by hand."""

    def __init__(self) -> None:
        self.now = FIRED

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Hours:
    made = Hours()
    monkeypatch.setattr("forecasting.service.lane._now", lambda: made.now)
    monkeypatch.setattr("forecasting.trading.sinks.retries.LOOK_S", 0.005)
    monkeypatch.setattr("forecasting.trading.sinks.retries.JITTER", 0.0)
    return made


@pytest.fixture
def fakes() -> Sinks:
    return Sinks()


def next_try(store: Store, alert_id: int = 1) -> datetime | None:
    """When the alert is offered to sink a again."""
    (found,) = [a for a in store.alerts.history() if a.id == alert_id]
    return next((d.next_try for d in found.deliveries if d.sink == "a"), None)


def test_three_tries_at_once_then_ever_longer_pauses_until_it_is_taken(
    store: Store, fakes: Sinks, hours: Hours
) -> None:
    fakes["a"].failures = [DOWN] * 6
    with running(store, fakes, [A]) as delivery:
        delivery.submit(fired(store, rule(store)))
        for left, minutes in ((3, 1), (2, 5), (1, 15), (0, 60)):
            until(lambda m=minutes: next_try(store) == hours.now + timedelta(minutes=m))      # type: ignore[misc]
            assert len(fakes["a"].failures) == left
            assert told(store) == [[("a", False, "503")]]
            assert delivery.problems[0].endswith(f": 503, next try {next_try(store).astimezone():%H:%M}")      # type: ignore[union-attr]
            hours.pass_(minutes=minutes)
        until(lambda: told(store) == [[("a", True, None)]])
        assert delivery.problems == ()
    assert next_try(store) is None
    assert [m.text for m in fakes["a"].got] == ["rsi crosses above 70: rsi 71.25 (late: of 2026-03-02 15:31 UTC)"]


def test_what_is_not_taken_for_a_day_is_given_up_and_says_so(store: Store, fakes: Sinks, hours: Hours) -> None:
    fakes["a"].failures = [DOWN] * 4
    with running(store, fakes, [A]) as delivery:
        delivery.submit(fired(store, rule(store)))
        until(lambda: next_try(store) is not None)
        hours.pass_(hours=24)
        until(lambda: told(store) == [[("a", False, "503; given up after 24 h")]])
        assert next_try(store) is None
    with running(store, fakes, [A], now=hours.now):
        pass
    assert fakes["a"].got == []


def test_a_restart_knows_what_is_owed_to_whom_and_delivers_it_once(store: Store, fakes: Sinks, hours: Hours) -> None:
    fakes["a"].failures = [DOWN] * 3
    by = rule(store)
    with running(store, fakes) as delivery:
        delivery.submit(fired(store, by))
        until(lambda: next_try(store) is not None and len(told(store)[0]) == 2)
    store.alerts.acknowledge([1], hours.now)      # on the screen; the sink keeps its own list
    hours.pass_(hours=23)
    for _ in range(2):
        with running(store, fakes, now=hours.now):
            until(lambda: told(store) == [[("a", True, None), ("b", True, None)]])
    assert (fakes["a"].ids, fakes["b"].ids) == ([1], [1])


def test_a_restart_gives_up_what_is_too_old_of_a_removed_rule_or_for_a_sink_that_is_gone(
    store: Store, fakes: Sinks, hours: Hours
) -> None:
    stays, goes = rule(store), rule(store)
    young = FIRED + timedelta(hours=2)
    old, removed, gone = (*fired(store, stays), *fired(store, goes, at=young), *fired(store, stays, at=young))
    later = Delivery("a", False, 8.0, "503", next_try=FIRED + timedelta(hours=3))
    store.alerts.delivered([old.id, removed.id], later)
    store.alerts.delivered([gone.id], replace(later, sink="pager"))
    store.alerts.remove(goes.id, hours.now)
    with running(store, fakes, [A], now=FIRED + timedelta(hours=25)):
        until(lambda: fakes["a"].ids == [gone.id])
        until(lambda: not [a for a in store.alerts.owed() if a.id != gone.id])
        until(lambda: len(told(store)[2]) == 2)
    assert told(store) == [
        [("a", False, "503; given up after 24 h")], [("a", False, "503; its rule is gone")],
        [("a", True, None), ("pager", False, "503; no [[sink]] is called 'pager'")],
    ]  # fmt: skip


def test_what_was_never_tried_within_a_day_says_so_where_the_sink_was_in_use_before(
    store: Store, fakes: Sinks, hours: Hours
) -> None:
    everywhere, just_b = rule(store), rule(store, "b")
    with running(store, fakes, [A]) as delivery:
        delivery.submit(fired(store, everywhere))
        until(lambda: told(store) == [[("a", True, None)]])
    fired(store, everywhere)      # and the process dies
    fired(store, just_b)
    with running(store, fakes, [A, B], now=FIRED + timedelta(hours=25)):      # b is new
        until(lambda: len(told(store)[1]) == 1)
    assert told(store) == [[("a", True, None)], [("a", False, "given up after 24 h")], []]
    assert (fakes["a"].ids, fakes["b"].ids) == ([1], [])


def test_many_that_wait_for_the_end_of_an_outage_arrive_as_one_digest_and_notices_as_another(
    store: Store, fakes: Sinks, hours: Hours
) -> None:
    by = rule(store)
    notices = [store.sayings.record(notice(0), "k", "v") for _ in range(6)]
    fakes["a"].failures = [DOWN] * 30
    with running(store, fakes, [A], settings=AlertSettings(rate=600)) as delivery:
        for count in range(1, 10):
            delivery.submit(fired(store, by))
            until(lambda n=count: len(store.alerts.owed()) == n)      # type: ignore[misc]
        for each in notices:
            delivery.notify(each)
        until(lambda: len(store.sayings.owed()) == 6)
        fakes["a"].failures = []
        hours.pass_(minutes=1)
        until(lambda: not store.alerts.owed() and not store.sayings.owed())
    assert sorted(m.title for m in fakes["a"].got) == ["6 notices", "9 alerts, 9 of them late"]
    assert sorted(fakes["a"].ids) == list(range(1, 10))


def test_a_new_alert_goes_by_itself_and_what_was_refused_comes_along_once_anything_is_taken(
    store: Store, fakes: Sinks, hours: Hours
) -> None:
    fakes["a"].failures = [DOWN] * 4
    by = rule(store)
    with running(store, fakes, [A]) as delivery:
        delivery.submit(fired(store, by))
        until(lambda: next_try(store) is not None)
        delivery.submit(fired(store, by))      # asked once: it is known to be in trouble
        until(lambda: next_try(store, 2) == next_try(store))
        delivery.submit(fired(store, by))
        until(lambda: not store.alerts.owed())
    assert fakes["a"].ids == [3, 1, 2]


def test_who_asks_to_be_left_alone_is_and_new_alerts_wait_as_well(store: Store, fakes: Sinks, hours: Hours) -> None:
    fakes["a"].failures = [DeliveryError("429", again=True, after_s=1800.0)]
    by = rule(store)
    with running(store, fakes) as delivery:
        delivery.submit(fired(store, by))
        until(lambda: next_try(store) == FIRED + timedelta(minutes=30))
        delivery.submit(fired(store, by))
        until(lambda: fakes["b"].ids == [1, 2])
        hours.pass_(minutes=29)
        delivery.submit(fired(store, by))
        until(lambda: fakes["b"].ids == [1, 2, 3])
        assert fakes["a"].got == []
        hours.pass_(minutes=1)
        until(lambda: sorted(fakes["a"].ids) == [1, 2, 3])


def test_notices_are_owed_like_alerts_and_a_restart_delivers_what_was_left(
    store: Store, fakes: Sinks, hours: Hours
) -> None:
    fakes["a"].failures = [DOWN] * 3
    dead = store.sayings.record(notice(0), "k", "v")
    with running(store, fakes) as delivery:
        delivery.notify(dead)
        until(lambda: [n.deliveries[0].next_try for n in store.sayings.owed()] == [FIRED + timedelta(minutes=1)])
        until(lambda: len(store.sayings.recent()[0].deliveries) == 2)
    left = store.sayings.record(notice(0, fired_at=FIRED + timedelta(hours=1), title="prices are back"), "k", "")
    for _ in range(2):
        with running(store, fakes, now=FIRED + timedelta(hours=2)):
            until(lambda: all(len(n.deliveries) == 2 and not store.sayings.owed() for n in store.sayings.recent()))
    assert [n.id for m in fakes["a"].got for n in m.notices] == [dead.id, left.id]
    assert [n.id for m in fakes["b"].got for n in m.notices] == [dead.id, left.id]
    assert fakes["a"].got[0].text == "none since 14:02 (late: of 2026-03-02 15:31 UTC)"


def test_beside_a_daemon_nobody_else_delivers_what_is_owed_to_its_sinks(
    store: Store, fakes: Sinks, hours: Hours
) -> None:
    (late,) = fired(store, rule(store, "a"))
    pending = Delivery("a", False, 8.0, "503", next_try=FIRED + timedelta(minutes=5))
    store.alerts.delivered([late.id], pending)
    with running(store, fakes, [A, B], now=FIRED + timedelta(hours=30), outside=False, show=lambda event: None):
        pass
    assert (fakes, store.alerts.history()[0].deliveries) == ({}, (pending,))
