"""Snapshots on their way to the screen: what is read from the store, and what is told again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forecasting.data.store import Store
from forecasting.domain.market import Quote
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth
from forecasting.errors import StoreError
from forecasting.service.carrier import Carrier
from forecasting.service.publishing import Publisher
from forecasting.service.snapshots import SnapshotReader, Status
from tests.support.store import NVDA

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
STATUS = Status(NOW, (), (NVDA,), SourceHealth("fake", Health.OK, "ok"), (), None, (), None)


class Shown:
    """A publisher over a store, and what it has handed over."""

    def __init__(self, store: Store) -> None:
        self.market = store.market
        self.snapshots: list[Snapshot] = []
        self.troubles: list[str] = []
        self.carrier = Carrier(lambda error: None)
        self.publisher = Publisher(
            SnapshotReader(store), lambda: STATUS, self.carrier, lambda error: self.troubles.append(str(error))
        )
        self.publisher.begin(self.snapshots.append)

    def trade(self, price: float) -> None:
        self.market.put_quotes([Quote(NVDA, price, NOW + timedelta(seconds=price), None, "USD", "fake")])

    @property
    def prices(self) -> list[float | None]:
        return [snapshot.rows[0].last for snapshot in self.snapshots]


@pytest.fixture
def shown(store: Store) -> Shown:
    made = Shown(store)
    made.trade(101.0)
    return made


def test_the_store_is_read_only_where_it_may_say_something_new(shown: Shown) -> None:
    shown.publisher.tell()
    shown.trade(102.0)
    shown.publisher.tell()
    shown.publisher.publish()
    assert shown.prices == [101.0, 101.0, 102.0]
    assert [snapshot.version for snapshot in shown.snapshots] == [1, 2, 3]


def test_what_was_read_ahead_is_told_without_reading_it_once_more(shown: Shown) -> None:
    assert shown.publisher.read_ahead().rows[0].last == 101.0
    shown.trade(102.0)
    shown.publisher.tell()
    shown.publisher.outdate()
    shown.publisher.tell()
    assert shown.prices == [101.0, 102.0]


def test_where_the_store_cannot_be_read_what_was_read_stays_and_the_reason_is_heard(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError("store.db: disk I/O error")

    shown.publisher.publish()
    monkeypatch.setattr(shown.market, "quotes", broken)
    shown.publisher.publish()
    assert (shown.prices, shown.troubles) == ([101.0, 101.0], ["store.db: disk I/O error"])
    assert shown.publisher.read().version == 5      # two were begun and could not be read


def test_nothing_is_handed_over_after_the_end(shown: Shown) -> None:
    shown.carrier.end()
    shown.publisher.publish()
    assert shown.snapshots == []
