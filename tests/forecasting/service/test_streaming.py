"""The worker's end of a stream: many ticks in, few messages out, and the store seldom troubled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import cast

import pytest

from forecasting.data.store import Store
from forecasting.domain.market import Quote, Symbol
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.service.backend import Ticks
from forecasting.service.local import LocalBackend
from forecasting.service.streaming import Pump, keep, open_stream
from tests.support.waiting import until

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TICK = Quote(AAPL, 102.0, NOW, None, "USD", "yahoo stream")


class FakeStream:
    """A stream whose prices the test makes up."""

    def __init__(self, put: Callable[[Quote], None]) -> None:
        self.put, self.watched, self.closed = put, frozenset[Symbol](), False

    def watch(self, symbols: Collection[Symbol]) -> None:
        self.watched = frozenset(symbols)

    def health(self) -> SourceHealth:
        return SourceHealth("fake stream", Health.OK, "ok")

    def close(self) -> None:
        self.closed = True


class Rig:
    """A pump, what it sent and what it stored."""

    def __init__(self, running: Callable[[], float] = time.monotonic) -> None:
        self.sent: list[tuple[float, Ticks]] = []      # and when the pump looked at the time before
        self.stored: list[dict[Symbol, Quote]] = []
        self.ahead = self.looked = 0.0
        self._running = running
        self.pump = Pump(
            self._stream, lambda ticks: self.sent.append((self.looked, ticks)),
            lambda quotes: self.stored.append(dict(quotes)), monotonic=self._monotonic,
        )  # fmt: skip

    def _monotonic(self) -> float:
        self.looked = self._running() + self.ahead
        return self.looked

    def _stream(self, put: Callable[[Quote], None]) -> FakeStream:
        self.stream = FakeStream(put)
        return self.stream


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.pump.close()


@pytest.fixture
def still() -> Iterator[Rig]:
    """One whose clock goes only as far as the test says."""
    made = Rig(lambda: 0.0)
    yield made
    made.pump.close()


def test_a_flood_becomes_four_messages_a_second_with_the_newest_price(rig: Rig) -> None:
    rig.pump.watch([AAPL])
    until(lambda: len(rig.sent) == 1)        # the stream's health, before any price
    price = 100.0
    while len(rig.sent) < 5:
        price += 0.01
        rig.stream.put(replace(TICK, price=price))
        time.sleep(0.001)
    until(lambda: any(ticks.quotes == (replace(TICK, price=price),) for _, ticks in rig.sent))
    moments = [moment for moment, ticks in rig.sent if ticks.quotes]
    assert all(later - earlier > 0.249 for earlier, later in pairwise(moments))


def test_watching_nothing_ends_the_messages(rig: Rig) -> None:
    rig.pump.watch([AAPL])
    until(lambda: len(rig.sent) == 1)
    rig.pump.watch([])
    rig.stream.put(TICK)
    time.sleep(0.3)
    assert (rig.stream.watched, len(rig.sent)) == (frozenset(), 1)


def test_prices_are_stored_once_in_fifteen_seconds(still: Rig) -> None:
    still.pump.watch([AAPL])
    for price, ahead, stored in ((101.0, 14.0, []), (102.0, 16.0, [102.0]), (103.0, 30.0, [102.0]),
                                 (104.0, 32.0, [102.0, 104.0])):    # fmt: skip
        still.ahead = ahead
        still.stream.put(replace(TICK, price=price))
        until(lambda price=price: any(q.price == price for _, t in still.sent for q in t.quotes))  # type: ignore[misc]
        until(lambda stored=stored: [q[AAPL].price for q in still.stored] == stored)  # type: ignore[misc]


def test_closing_ends_the_stream_and_the_thread(rig: Rig) -> None:
    rig.pump.watch([AAPL])
    rig.pump.close()
    assert rig.stream.closed
    until(lambda: "pump" not in {thread.name for thread in threading.enumerate()})


def test_what_is_stored_keeps_what_polling_knows_and_never_replaces_a_newer_poll() -> None:
    with Store.temporary() as store:
        polled = Quote(AAPL, 100.0, NOW, 98.0, "USD", "yahoo", volume=5e6, name="Apple")
        store.market.put_quotes([polled, replace(polled, symbol=MSFT)])
        later = NOW + timedelta(seconds=3)
        keep(store, {AAPL: replace(TICK, time=later), MSFT: replace(TICK, symbol=MSFT, time=NOW - timedelta(hours=1))})
        kept = store.market.quotes()
        assert kept[AAPL] == replace(polled, price=102.0, time=later, source="yahoo stream")
        assert kept[MSFT].price == 100.0


def test_a_source_without_a_stream_has_none() -> None:
    class Desk:
        source = store = object()

    class Backend:
        desk = Desk()

    assert open_stream(cast(LocalBackend, Backend()), lambda ticks: None) is None
