"""Filters and alert rules read what is held and how it is tagged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.decision import AlertRule
from forecasting.domain.market import Quote, Symbol
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth
from forecasting.service.alert_book import AlertBook
from forecasting.service.filters import completion, fulfilling
from forecasting.service.holdings import HoldingsDesk
from forecasting.service.snapshots import SnapshotReader, Status

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
AAPL, MSFT, SAP, TSM = (Symbol(s) for s in ("AAPL", "MSFT", "SAP.DE", "TSM"))


class Held:
    """A store in which Apple is held, Microsoft sold short, SAP only tagged, and TSM closed."""

    def __init__(self, store: Store) -> None:
        self.store, self.desk = store, HoldingsDesk(store.holdings, lambda: NOW)
        self.quote(NOW, 200.0)
        self.write(AAPL, "core growth", "2026-01-05 10 @ 150 fee 10")
        self.write(MSFT, "", "2026-01-05 -5 @ 150")
        self.write(SAP, "growth", "")
        self.write(TSM, "", "2026-01-05 5 @ 100\n2026-01-06 -5 @ 110")

    def write(self, symbol: Symbol, tags: str, lots: str) -> None:
        self.desk.edit(symbol, alias="", tags=tags, note="", lots=lots)

    def quote(self, time: datetime, price: float) -> None:
        self.store.market.put_quotes(Quote(s, price, time, 190.0, "USD", "bank") for s in (AAPL, MSFT, SAP, TSM))

    def snapshot(self, now: datetime = NOW) -> Snapshot:
        source = SourceHealth("bank", Health.OK, "ok")
        status = Status(now, (), (AAPL, MSFT, SAP, TSM), source, (), None, (), None)
        return SnapshotReader(self.store).read(1, status)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    with Store.open(tmp_path / "store.db") as store:
        yield Held(store)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("position.qty > 0", ["AAPL"]),
        ("position.qty < 0", ["MSFT"]),
        ("position.cost == 151", ["AAPL"]),                       # with the fee
        ("position.value == 2000 or position.value == -1000", ["AAPL", "MSFT"]),
        ("position.pnl == 490 or position.pnl == -250", ["AAPL", "MSFT"]),
        ("position.pnl_pct > 32.4 and position.pnl_pct < 32.5", ["AAPL"]),
        ("position.day_pnl == 100", ["AAPL"]),
        ("last > position.cost", ["AAPL", "MSFT"]),
        ("not position.pnl > 0", ["MSFT"]),                       # where nothing is held neither is known
        ("tag == core", ["AAPL"]),
        ("tag == GROWTH", ["AAPL", "SAP.DE"]),
        ("tag != growth", ["MSFT", "TSM"]),
        ("tag == 'core growth'", []),
    ],
)
def test_the_filter_knows_what_is_held(held: Held, text: str, rows: list[str]) -> None:
    assert [r.symbol for r in fulfilling(held.snapshot().rows, text, NOW)] == rows


def test_the_fields_are_completed() -> None:
    assert completion("position.q") == "position.qty"
    assert completion("ta") == "tag"


def test_an_alert_on_what_is_won_fires_when_the_price_brings_it(held: Held) -> None:
    blank = AlertRule(0, "position.pnl > 500 and tag == core", (), None, (), 0.0, 0.0, NOW)
    held.store.alerts.add(blank)
    book = AlertBook(held.store)
    assert book.look(held.snapshot()) == ()
    held.quote(later := NOW + timedelta(minutes=1), 202.0)
    assert [(a.symbol, a.value) for a in book.look(held.snapshot(later))] == [("AAPL", 510.0)]
    assert book.problems == ()
