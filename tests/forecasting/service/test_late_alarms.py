"""An engine's alarms before and after its first look at the market."""

from __future__ import annotations

from datetime import timedelta

import pytest

from forecasting.config import AlertSettings, SinkSettings
from forecasting.data.store import Store
from forecasting.service.late_alarms import LateAlarms
from tests.support.alert_market import AAPL, TABLE, Market
from tests.support.engines import without_sinks

OPEN = TABLE.sessions[3].open
LATER = OPEN + timedelta(seconds=30)


@pytest.fixture
def market(store: Store) -> Market:
    made = Market(store)
    made.rule("last > 105")
    made.quote(AAPL, 100.0, OPEN)
    return made


def test_sinks_are_named_from_the_first_look_on(market: Market) -> None:
    alarms = LateAlarms(market.store, (SinkSettings(name="bell", kind="bell"),), AlertSettings(), replayed=False)
    assert (alarms.sinks, alarms.problems) == ((), ())
    assert not alarms.look(market.snapshot(OPEN, (AAPL,)), polling=True)
    assert alarms.sinks == ("bell",)
    alarms.close()


def test_prices_that_stream_in_are_looked_at_after_the_first_look(market: Market) -> None:
    alarms, before = without_sinks(market.store), market.snapshot(OPEN, (AAPL,))
    market.quote(AAPL, 106.0, LATER)
    assert not alarms.look_at_ticks(market.snapshot(LATER, (AAPL,)))
    alarms.look(before, polling=True)
    assert alarms.look_at_ticks(market.snapshot(LATER, (AAPL,)))
    alarms.close()


@pytest.mark.parametrize("at_once", [True, False])
def test_alarms_that_succeed_others_go_on_where_these_stopped(market: Market, at_once: bool) -> None:
    former, alarms = without_sinks(market.store), without_sinks(market.store)
    former.look(market.snapshot(OPEN, (AAPL,)), polling=True)
    former.close()
    if at_once:
        alarms.succeed(former)
    market.quote(AAPL, 106.0, LATER)
    assert alarms.look(market.snapshot(LATER, (AAPL,)), polling=True)
    alarms.close()
    (alert,) = market.store.alerts.history()
    assert (alert.value, alert.late) == (106.0, not at_once)
