"""The stream over a real socket and its faults: nothing but prices comes out, and no fault is its end."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.data.sources.yahoo_stream import YahooStream
from forecasting.domain.clock import WallClock
from forecasting.domain.market import Quote, Symbol
from forecasting.domain.snapshot import Health
from tests.support.fake_stream import FakeStream
from tests.support.waiting import PATIENCE_S, until, within

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
PAUSES = (0.05, 0.2)


class Listener:
    """A stream and what it brought."""

    def __init__(self, url: str, *, handshake_s: float = PATIENCE_S, quiet_s: float = PATIENCE_S,
                 pauses_s: tuple[float, float] = PAUSES) -> None:    # fmt: skip
        self.quotes: list[Quote] = []
        self.stream = YahooStream(
            self.quotes.append, clock=WallClock(), units={}, url=url, handshake_s=handshake_s,
            quiet_s=quiet_s, pauses_s=pauses_s, chance=lambda low, high: high,
        )  # fmt: skip

    def health(self) -> tuple[Health, str]:
        found = self.stream.health()
        return found.health, found.message


@pytest.fixture
def fake() -> Iterator[FakeStream]:
    with FakeStream() as made:
        yield made


@pytest.fixture
def heard(fake: FakeStream) -> Iterator[Listener]:
    made = Listener(fake.url)
    yield made
    made.stream.close()


@pytest.fixture
def hasty(fake: FakeStream) -> Iterator[Listener]:
    """One that soon takes what says nothing for broken."""
    made = Listener(fake.url, handshake_s=0.4, quiet_s=0.3)
    yield made
    made.stream.close()


def test_nothing_is_connected_before_something_is_watched(fake: FakeStream, heard: Listener) -> None:
    heard.stream.watch([])
    assert (fake.connections, heard.health()) == (0, (Health.WORKING, "not asked yet"))


def test_prices_come_in_order_for_what_is_watched(fake: FakeStream, heard: Listener) -> None:
    heard.stream.watch([AAPL])
    until(lambda: len(heard.quotes) >= 3)
    assert [q.price for q in heard.quotes[:3]] == [100.01, 100.02, 100.03]
    assert {(q.symbol, q.source) for q in heard.quotes} == {(AAPL, "yahoo stream")}
    assert heard.health() == (Health.OK, "ok")
    assert (fake.connections, fake.subscriptions[0]) == (1, ("subscribe", ("AAPL",)))


def test_a_changed_list_changes_the_subscriptions_of_the_same_connection(fake: FakeStream, heard: Listener) -> None:
    heard.stream.watch([AAPL])
    until(lambda: bool(heard.quotes))
    heard.stream.watch([MSFT])
    until(lambda: heard.quotes[-1].symbol == MSFT)
    assert fake.subscriptions == [("subscribe", ("AAPL",)), ("unsubscribe", ("AAPL",)), ("subscribe", ("MSFT",))]
    assert fake.connections == 1


def test_watching_nothing_ends_the_connection_without_an_error_and_watching_again_makes_another(
    fake: FakeStream, heard: Listener
) -> None:
    heard.stream.watch([AAPL])
    until(lambda: bool(heard.quotes))
    heard.stream.watch([])
    until(lambda: fake.open == 0)
    assert heard.health() == (Health.OK, "ok")
    heard.stream.watch([AAPL])
    until(lambda: fake.connections == 2 and fake.open == 1)


ENDINGS = {
    "close-1001": "closed by the far side (1001)",
    "reset": "connection lost",
    "oversize": "connection lost",
    "mute": "no usable price for 0.3 s",
    "garbage": "no usable price for 0.3 s",
    "not-json": "no usable price for 0.3 s",
    "403": "refused (HTTP 403)",
    "no-handshake": "no answer in time",
    "nan": "no usable price for 0.3 s",
    "inf": "no usable price for 0.3 s",
    "negative": "no usable price for 0.3 s",
    "time-0": "no usable price for 0.3 s",
    "stale": "no usable price for 0.3 s",
    "future": "no usable price for 0.3 s",
    "unknown-symbol": "no usable price for 0.3 s",
    "hostile-names": "no usable price for 0.3 s",
}


@pytest.mark.parametrize("fault", ENDINGS)
def test_every_fault_is_named_brings_no_price_and_is_recovered_from(
    fault: str, fake: FakeStream, hasty: Listener
) -> None:
    fake.fault = fault
    hasty.stream.watch([AAPL])
    until(lambda: hasty.health() == (Health.FAILED, ENDINGS[fault]))
    assert hasty.quotes == []
    until(lambda: fake.connections >= 2)
    fake.fault = None
    until(lambda: (well := hasty.stream.health()).message == "ok" and well.retry_at is None and bool(hasty.quotes))
    assert all(100.0 < q.price < 200.0 for q in hasty.quotes)


@pytest.mark.parametrize("fault", ["close-1001", "reset", "mute"])
def test_a_stream_that_breaks_while_it_works_subscribes_again(fault: str, fake: FakeStream, hasty: Listener) -> None:
    hasty.stream.watch([AAPL, MSFT])
    until(lambda: len(hasty.quotes) >= 2)
    fake.fault = fault
    until(lambda: hasty.health()[0] is Health.FAILED)
    fake.fault = None
    until(lambda: hasty.health()[0] is Health.OK)
    assert fake.subscriptions[-1] == ("subscribe", ("AAPL", "MSFT"))
    assert fake.connections >= 2


def test_ticks_out_of_order_are_dropped(fake: FakeStream, hasty: Listener) -> None:
    hasty.stream.watch([AAPL])
    until(lambda: bool(hasty.quotes))
    fake.fault = "out-of-order"
    until(lambda: hasty.health()[0] is Health.FAILED)
    assert all(q.price < 200.0 for q in hasty.quotes)


def test_nobody_listening_is_named_and_tried_again_when_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))              # bound, not listening: connections are refused
        heard = Listener(f"ws://127.0.0.1:{taken.getsockname()[1]}/", pauses_s=(30.0, 60.0))
        began = datetime.now(UTC)
        heard.stream.watch([AAPL])
        until(lambda: heard.health()[0] is Health.FAILED)
        found = heard.stream.health()
        assert "no connection (" in found.message
        assert found.retry_at is not None
        assert began <= found.retry_at - timedelta(seconds=60) <= datetime.now(UTC)
        heard.stream.close()


def test_pauses_grow_while_connections_do_not_last(fake: FakeStream, heard: Listener) -> None:
    # 0.1 s, then 0.2 s each: the fifth connection comes after 0.7 s; a busy loop would have it at once.
    fake.fault = "close-1001"
    heard.stream.watch([AAPL])
    began = time.monotonic()
    until(lambda: fake.connections >= 5)
    assert time.monotonic() - began >= 0.7 - 0.05
    assert heard.stream.messages == 0


def test_a_connection_that_has_lasted_is_replaced_soon(fake: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.data.sources.yahoo_stream.LASTED_S", 0.1)
    heard = Listener(fake.url, pauses_s=(0.05, 10.0))
    fake.fault = "403"
    heard.stream.watch([AAPL])
    until(lambda: fake.connections >= 4)             # pauses of 0.1, 0.2, 0.4 s, and the next one would take 0.8 s
    fake.fault = None
    until(lambda: heard.health()[0] is Health.OK and len(heard.quotes) > 10)
    fake.fault = "close-1001"
    until(lambda: heard.health()[0] is Health.FAILED)
    found = heard.stream.health()
    heard.stream.close()
    assert found.retry_at is not None
    assert found.since is not None
    assert (found.retry_at - found.since).total_seconds() == pytest.approx(0.1)


def test_a_flood_costs_one_turn_per_message(fake: FakeStream, heard: Listener) -> None:
    fake.fault = "flood"
    heard.stream.watch([AAPL])
    until(lambda: len(heard.quotes) >= 500)
    heard.stream.watch([])
    until(lambda: fake.open == 0)
    assert len(heard.quotes) <= heard.stream.messages <= fake.sent["AAPL"]
    assert fake.connections == 1


def test_rubbish_without_end_ends_the_connection(fake: FakeStream, heard: Listener) -> None:
    fake.every_s, fake.fault = 0.0005, "not-json"
    heard.stream.watch([AAPL])
    until(lambda: heard.health() == (Health.FAILED, "100 unreadable messages in a row"))


@pytest.mark.parametrize("fault", [None, "mute", "no-handshake", "flood", "403"])
def test_closing_takes_less_than_two_seconds_and_leaves_no_thread(fault: str | None, fake: FakeStream) -> None:
    fake.fault = fault
    heard = Listener(fake.url, handshake_s=30.0)
    heard.stream.watch([AAPL])
    until(lambda: fake.connections >= 1)
    with within(2.0):
        heard.stream.close()
        heard.stream.close()
    until(lambda: "stream" not in {thread.name for thread in threading.enumerate()})
    heard.stream.watch([MSFT])       # too late, and harmless
    assert "stream" not in {thread.name for thread in threading.enumerate()}


def test_without_the_websockets_package_the_stream_is_off_and_says_so(
    monkeypatch: pytest.MonkeyPatch, heard: Listener
) -> None:
    monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    heard.stream.watch([AAPL])
    until(lambda: heard.health()[0] is Health.FAILED)
    assert heard.health()[1] == "websockets.asyncio.client is not installed"
