"""What a person holds, at the newest price: written down, priced, added up, and seen by whoever is at work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.holding import Holding, Lot
from forecasting.domain.market import Instrument, Quote, Symbol
from forecasting.domain.sessions import Session, SessionTable
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth
from forecasting.errors import ConfigError, HoldingError
from forecasting.service.bookkeeping import day_of_price
from forecasting.service.holdings import HoldingsDesk, merged, read_tags
from forecasting.service.snapshots import SnapshotReader, Status
from tests.support.bars import make_series

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
AAPL, VOD, SAP, TM, SPX = (Symbol(s) for s in ("AAPL", "VOD.L", "SAP.DE", "7203.T", "^GSPC"))
MONEY = {AAPL: (200.0, 190.0, "USD"), VOD: (0.75, 0.70, "GBP"), SAP: (240.0, 250.0, "EUR"), TM: (2800.0, None, "JPY")}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        opened.market.put_instruments(Instrument(s, str(s), "XNYS", money[2]) for s, money in MONEY.items())
        opened.market.put_quotes(
            Quote(s, price, NOW, before, currency, "bank") for s, (price, before, currency) in MONEY.items()
        )
        opened.market.put_quotes([
            Quote(Symbol(f"{pair}=X"), rate, NOW, None, pair[3:], "bank")
            for pair, rate in (("EURUSD", 1.2), ("GBPUSD", 1.5))
        ])
        yield opened


def desk(store: Store) -> HoldingsDesk:
    return HoldingsDesk(store.holdings, lambda: NOW)


def look(store: Store, *symbols: Symbol, currency: str | None = "USD") -> Snapshot:
    status = Status(NOW, (), symbols or tuple(MONEY), SourceHealth("bank", Health.OK, "ok"), (), None, (), None)
    return SnapshotReader(store, currency).read(1, status)


def hold(store: Store, symbol: Symbol, lots: str) -> None:
    desk(store).edit(symbol, alias="", tags="", note="", lots=lots)


def test_lots_that_several_add_at_once_are_all_there(store: Store) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda day: desk(store).add(AAPL, f"2026-01-{day:02} 1 @ {day}"), range(1, 29)))
    assert [entry.day.day for entry in desk(store).of(AAPL).entries] == list(range(1, 29))


@pytest.mark.parametrize(("split", "units"), [("999999:1", "1.0e+360"), ("1:999999", "1.0e-360")])
def test_splits_that_come_to_what_nobody_can_hold_are_refused(store: Store, split: str, units: str) -> None:
    lots = "2024-01-01 1 @ 1\n" + 60 * f"2024-01-02 split {split}\n"
    said = rf"these lots come to {re.escape(units)} units; look at the splits among them"
    with pytest.raises(HoldingError, match=said):
        hold(store, AAPL, lots)
    with pytest.raises(HoldingError, match=said):
        desk(store).add(AAPL, lots)
    row = look(store, AAPL).row(AAPL)      # which every snapshot goes on to be made of
    assert row is not None
    assert row.position is None


def test_a_position_is_priced_in_its_own_currency_pounds_and_not_pence(store: Store) -> None:
    hold(store, VOD, "2026-01-05 1000 @ 0.70 fee 5\n2026-03-04 200 @ 0.74")
    row = look(store, VOD).row(VOD)
    assert row is not None
    held = row.position
    assert held is not None
    assert (held.quantity, held.cost, held.currency) == (1200.0, 853.0, "GBP")
    assert held.value == pytest.approx(900.0)
    assert held.pnl == pytest.approx(47.0)
    assert held.day_pnl == pytest.approx(1000 * 0.05 + 200 * 0.01)
    assert held.rate is not None
    assert held.rate.value == 1.5


def test_all_positions_are_one_sum_at_todays_rates_and_what_cannot_be_converted_is_named(store: Store) -> None:
    hold(store, AAPL, "2026-01-05 10 @ 150")
    hold(store, SAP, "2026-01-05 -5 @ 260")
    hold(store, TM, "2026-01-05 100 @ 2500")
    made = look(store).portfolio
    assert made is not None
    assert made.total is not None
    assert (made.total.currency, made.total.value, made.total.pnl) == ("USD", 2000 - 1440, 500 + 120)
    assert made.total.day_pnl == 100 + 60
    assert [(p.currency, p.value) for p in made.parts] == [("EUR", -1200.0), ("JPY", 280_000.0), ("USD", 2000.0)]
    assert made.left_out == ("7203.T (its day: no previous close)", "7203.T (no JPY rate)")


def test_without_a_display_currency_several_currencies_have_no_sum(store: Store) -> None:
    hold(store, AAPL, "2026-01-05 10 @ 150")
    hold(store, SAP, "2026-01-05 5 @ 200")
    made = look(store, currency=None).portfolio
    assert made is not None
    assert (made.total, [p.currency for p in made.parts]) == (None, ["EUR", "USD"])


def test_what_is_held_and_not_watched_is_named_and_not_priced(store: Store) -> None:
    hold(store, AAPL, "2026-01-05 10 @ 150")
    hold(store, SAP, "2026-01-05 5 @ 200")
    made = look(store, AAPL).portfolio
    assert made is not None
    assert made.total is not None
    assert (made.total.value, made.left_out) == (2000.0, ("SAP.DE (not watched)",))


def test_where_nothing_is_held_there_is_no_portfolio_and_a_note_is_no_position(store: Store) -> None:
    desk(store).edit(AAPL, alias="Apples", tags="", note="buy", lots=None)
    snapshot = look(store)
    row = snapshot.row(AAPL)
    assert row is not None
    assert (snapshot.portfolio, row.position, row.alias, row.name) == (None, None, "Apples", "AAPL")


def test_a_price_belongs_to_the_exchanges_own_day() -> None:
    def session(day: int) -> Session:
        opens = datetime(2026, 3, day, 14, 30, tzinfo=UTC)
        return Session(opens.date(), opens, opens.replace(hour=21, minute=0))

    table = SessionTable("XNYS", (session(3), session(4)))
    at = {hour: day_of_price(datetime(2026, 3, 4, hour, tzinfo=UTC), table).day for hour in (2, 10, 16, 23)}
    assert at == {2: 3, 10: 4, 16: 4, 23: 4}      # at night, before the open, while open, after hours
    assert day_of_price(NOW, None) == NOW.date()


def test_what_is_written_down_is_clean_and_bounded(store: Store) -> None:
    made = desk(store).edit(
        AAPL, alias="\x1b[31mred\u202e" + "x" * 60, tags="Core,core  TECH-2", note="a\nb\x07" + "n" * 400, lots=None,
    )
    assert made.alias.startswith("redxxx")
    assert (len(made.alias), len(made.note), made.note[:3], made.tags) == (40, 300, "a b", ("core", "tech-2"))
    assert desk(store).of(AAPL) == made


@pytest.mark.parametrize("tags", ["-x", "a.b", "x" * 21, "<b>", " ".join(f"t{i}" for i in range(11))])
def test_what_cannot_be_a_tag_is_said(tags: str) -> None:
    with pytest.raises(ConfigError, match="tag"):
        read_tags(tags)


def test_an_edit_that_cannot_be_read_changes_nothing(store: Store) -> None:
    hold(store, AAPL, "2026-01-05 10 @ 150")
    with pytest.raises(HoldingError, match="line 2: 'x'"):
        desk(store).edit(AAPL, alias="new", tags="", note="", lots="2026-01-05 10 @ 150\nx")
    with pytest.raises(HoldingError, match="is an index"):
        desk(store).edit(SPX, alias="", tags="", note="", lots="2026-01-05 10 @ 150")
    with pytest.raises(HoldingError, match="is not between"):
        desk(store).add(AAPL, "2026-03-06 1 @ 150")
    assert desk(store).all() == {AAPL: Holding(AAPL, entries=desk(store).of(AAPL).entries)}
    assert len(desk(store).of(AAPL).entries) == 1


def test_an_edit_without_lots_leaves_them_alone(store: Store) -> None:
    hold(store, AAPL, "2026-01-05 10 @ 150")
    made = desk(store).edit(AAPL, alias="a", tags="", note="", lots=None)
    assert len(made.entries) == 1


def test_a_file_read_twice_brings_nothing_the_second_time_and_equal_lots_stay_two() -> None:
    def lots(*prices: int) -> tuple[Lot, ...]:
        return tuple(Lot(date(2026, 1, 5), Decimal(1), Decimal(price)) for price in prices)

    file = Holding(AAPL, "Apples", ("core",), "", lots(5, 5, 7))
    once, new = merged(Holding(AAPL, "", ("tech",), "mine", lots(5, 9)), file)
    assert (new, once.entries) == (2, lots(5, 9, 5, 7))
    assert (once.alias, once.tags, once.note) == ("Apples", ("core", "tech"), "mine")
    assert merged(once, file) == (once, 0)


def test_a_tick_prices_anew_without_keeping_the_books_anew(store: Store) -> None:
    hold(store, AAPL, "2026-01-05 10 @ 150")
    reader = SnapshotReader(store)
    status = Status(NOW, (), (AAPL,), SourceHealth("bank", Health.OK, "ok"), (), None, (), None)
    reader.read(1, status)
    assert reader._bookkeeper is not None
    kept = reader._bookkeeper._kept[AAPL][2]
    tick = Quote(AAPL, 210.0, NOW + timedelta(seconds=1), 190.0, "USD", "bank")
    row = reader.tell_again(2, replace(status, ticks=(tick,))).row(AAPL)
    assert row is not None
    assert row.position is not None
    assert row.position.value == 2100.0
    assert reader._bookkeeper._kept[AAPL][2] is kept


def test_a_symbols_detail_goes_by_its_alias_and_what_is_made_up_is_still_said_to_be(store: Store) -> None:
    for symbol, synthetic in ((AAPL, False), (SAP, True)):
        made = make_series(symbol, [100.0, 101.0])
        store.market.put_bars(replace(made, instrument=replace(made.instrument, synthetic=synthetic)))
        desk(store).edit(symbol, alias="mine", tags="", note="", lots=None)
    names = [detail.instrument.name for s in (AAPL, SAP) if (detail := SnapshotReader(store).detail(s, None))]
    assert names == ["mine", "mine (synthetic)"]
