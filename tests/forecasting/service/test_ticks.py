"""What streamed prices mean beside polled ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.domain.market import Quote, Symbol
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.service.backend import Ticks
from forecasting.service.ticks import TickInbox, merged, with_ticks

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
POLLED = Quote(AAPL, 100.0, NOW, 98.0, "USD", "yahoo", open=99.0, high=101.0, low=97.0, volume=5e6, name="Apple")
TICK = Quote(AAPL, 102.0, NOW + timedelta(seconds=3), None, "USD", "yahoo stream", high=102.0)
GOOD = SourceHealth("yahoo stream", Health.OK, "ok")
OFF = replace(GOOD, health=Health.FAILED, message="refused (HTTP 403)", retry_at=NOW + timedelta(seconds=32))
YAHOO = SourceHealth("yahoo", Health.OK, "ok", requests=3)


def test_a_newer_tick_changes_what_it_says_and_keeps_what_only_the_poll_knows() -> None:
    assert merged(POLLED, TICK) == Quote(
        AAPL, 102.0, TICK.time, 98.0, "USD", "yahoo stream", open=99.0, high=102.0, low=97.0, volume=5e6, name="Apple"
    )
    assert merged(None, TICK) is TICK


@pytest.mark.parametrize("tick", [
    replace(TICK, time=NOW), replace(TICK, time=NOW - timedelta(seconds=1)),    # the poll is as new, or newer
    replace(TICK, currency="EUR"),
    replace(TICK, price=10_200.0), replace(TICK, price=1.02),                   # pence beside pounds
])  # fmt: skip
def test_polling_stays_the_truth(tick: Quote) -> None:
    assert merged(POLLED, tick) is POLLED


def test_a_tick_of_a_symbol_that_was_never_polled_stands_alone() -> None:
    other = replace(TICK, symbol=MSFT)
    assert with_ticks({AAPL: POLLED}, [other]) == {AAPL: POLLED, MSFT: other}


def test_nothing_is_taken_or_told_while_no_stream_is_wanted() -> None:
    inbox = TickInbox()
    assert not inbox.take(Ticks((TICK,), GOOD))
    assert (inbox.quotes, inbox.healthy, inbox.job(), inbox.told(YAHOO)) == ((), False, (), YAHOO)


def test_the_newest_tick_of_each_symbol_is_kept_when_the_stream_is_stopped() -> None:
    inbox, other = TickInbox(), replace(TICK, symbol=MSFT)
    inbox.want(True)
    assert inbox.take(Ticks((TICK, other), GOOD))
    assert inbox.take(Ticks((replace(TICK, price=103.0),), GOOD))
    inbox.want(False)
    assert [q.price for q in inbox.quotes] == [103.0, 102.0]
    assert not inbox.healthy


def test_a_sign_of_life_is_no_news_and_a_change_of_health_is() -> None:
    inbox = TickInbox()
    inbox.want(True)
    assert [inbox.take(Ticks((), health)) for health in (GOOD, GOOD, OFF, OFF)] == [True, False, True, False]


def test_a_stream_that_is_off_says_why_and_when_it_is_tried_again() -> None:
    inbox = TickInbox()
    inbox.want(True)
    inbox.take(Ticks((), OFF))
    job, = inbox.job()
    assert (job.name, job.health, job.next_run) == ("stream", Health.LATE, OFF.retry_at)
    assert job.message == "off: refused (HTTP 403)"
    told = inbox.told(YAHOO)
    assert (told.health, told.message, told.retry_at) == (
        Health.OK, "ok; stream off: refused (HTTP 403)", NOW + timedelta(seconds=32)
    )
    in_trouble = replace(YAHOO, health=Health.FAILED, message="no answer")
    assert inbox.told(in_trouble) is in_trouble


@pytest.mark.parametrize(("seconds", "healthy"), [(0.0, True), (10.0, True), (10.1, False)])
def test_a_worker_that_says_nothing_for_ten_seconds_streams_nothing(seconds: float, healthy: bool) -> None:
    now = 0.0
    inbox = TickInbox(lambda: now)
    inbox.want(True)
    inbox.take(Ticks((TICK,), GOOD))
    now = seconds
    assert inbox.healthy is healthy
    assert inbox.told(YAHOO).message == ("ok" if healthy else "ok; stream off: the worker is silent")
