"""What a person writes down about symbols is kept as it was written, and found by others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.holding import Holding, Lot, Split
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.errors import StoreError

NVDA = Holding(
    Symbol("NVDA"), "my chips", ("core", "tech"), "sell above 300",
    (Lot(date(2024, 1, 15), Decimal(10), Decimal("483.20"), Decimal("1.5")), Split(date(2024, 6, 10), 10, 1),
     Lot(date(2024, 7, 1), Decimal("-0.000000001"), Decimal("120.10"))),
)
SAP = Holding(Symbol("SAP.DE"), note="only a note")


def test_what_was_written_down_is_there_after_a_restart_digit_for_digit(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.holdings.save([NVDA, SAP])
    with Store.open(tmp_path / "store.db") as store:
        read = store.holdings.all()
        assert read == {Symbol("NVDA"): NVDA, Symbol("SAP.DE"): SAP}
        lot = read[Symbol("NVDA")].entries[0]
        assert isinstance(lot, Lot)
        assert str(lot.price) == "483.20"


def test_a_holding_replaces_the_one_before_and_an_empty_one_takes_it_out(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.holdings.save([NVDA, SAP])
        store.holdings.save([Holding(Symbol("NVDA"), entries=NVDA.entries[:1])])
        assert store.holdings.all()[Symbol("NVDA")] == Holding(Symbol("NVDA"), entries=NVDA.entries[:1])
        store.holdings.save([Holding(Symbol("NVDA"))])
        assert list(store.holdings.all()) == ["SAP.DE"]


def test_as_long_as_nothing_changes_the_same_values_are_read(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store, Store.open(tmp_path / "store.db") as other:
        store.holdings.save([NVDA])
        first = store.holdings.all()
        assert store.holdings.all() is first
        other.holdings.save([SAP])
        assert store.holdings.all() == {**first, SAP.symbol: SAP}


def test_holdings_are_the_same_for_bars_of_every_length_and_a_change_of_them_is_news(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as daily, Store.open(path, interval=Interval.QUARTER) as slots:
        before = slots.version()
        assert slots.version() == before
        daily.holdings.save([NVDA])
        assert slots.version() != before
        assert slots.holdings.all() == {NVDA.symbol: NVDA}


def test_lots_whose_holding_was_lost_to_a_damaged_page_are_still_lots(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.holdings.save([NVDA])
        with store.holdings._database.transaction() as connection:
            connection.execute("DELETE FROM holdings")
        assert store.holdings.all() == {NVDA.symbol: Holding(NVDA.symbol, entries=NVDA.entries)}


def test_an_entry_is_a_lot_or_a_split_and_nothing_between(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store, pytest.raises(StoreError, match="CHECK"):
        with store.holdings._database.transaction() as connection:
            connection.execute("INSERT INTO holding_entries VALUES ('NVDA', 0, '2024-01-15', '1', NULL, '0', NULL)")
