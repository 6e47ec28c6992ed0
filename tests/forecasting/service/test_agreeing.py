"""Quotes and bars that contradict each other: one of the two is wrong, and the history tells which."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from forecasting.domain.market import Instrument, Quote, Symbol, SymbolFailure
from forecasting.domain.snapshot import Health
from forecasting.service.agreeing import agreeing
from forecasting.service.backend import TickReport
from forecasting.service.local import LocalBackend
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed, weekday_bars
from tests.support.yahoo_desk import yahoo_backend

LAST = date(2026, 3, 6)                                     # a Friday; New York closed at 21:00 UTC
EVENING = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
MONDAY_NOON = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)       # New York is open
AAPL, MSFT, VOD = Symbol("AAPL"), Symbol("MSFT"), Symbol("VOD.L")
ALL = (AAPL, MSFT, VOD)
PRICES = ("open", "high", "low", "close", "adjclose")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYahoo]:
    symbols = {
        "AAPL": FakeSymbol(weekday_bars(LAST, 60)),
        "MSFT": FakeSymbol(weekday_bars(LAST, 60)),
        "VOD.L": FakeSymbol(
            weekday_bars(LAST, 60), currency="GBp", timezone="Europe/London", open_at=time(8)
        ),
    }
    with FakeYahoo(symbols) as yahoo, routed(monkeypatch, yahoo):
        yield yahoo


@pytest.fixture
def local(fake: FakeYahoo, tmp_path: Path) -> Iterator[LocalBackend]:
    with yahoo_backend(tmp_path) as backend:
        yield backend


def tick(local: LocalBackend, after: timedelta = timedelta()) -> TickReport:
    return local.tick(ALL, EVENING + after, lambda step: None)


def price(local: LocalBackend, symbol: Symbol) -> tuple[float, str] | None:
    """What the store says a symbol costs."""
    quote = local.desk.store.market.quotes().get(symbol)
    return None if quote is None else (round(quote.price, 4), quote.currency)


def kinds(report: TickReport) -> dict[Symbol, str]:
    return {failure.symbol: failure.message.partition(";")[0] for failure in report.failures}


def spoil(fake: FakeYahoo, symbol: Symbol, **fields: Any) -> None:
    fake.symbols[symbol].quote = fields


QUOTE = Quote(VOD, 1.30, EVENING, 1.29, "GBP", "yahoo", low=1.28, high=1.31)
BARS = Instrument(VOD, "Vodafone", "XLON", "GBP")


def refused(quote: Quote, known: Instrument | None = BARS, close: float | None = 1.29) -> str | None:
    answer = agreeing(quote, known, close)
    return answer.message if isinstance(answer, SymbolFailure) else None


def test_a_price_a_hundred_times_the_last_close_is_refused_whichever_way_round() -> None:
    def changed(factor: float) -> Quote:
        low, high, before = 1.28 * factor, 1.31 * factor, 1.29 * factor
        return Quote(VOD, 1.30 * factor, EVENING, before, "GBP", "yahoo", low=low, high=high)

    assert refused(QUOTE) is None
    assert refused(changed(100.0)) == "VOD.L: the price 130 is 101 times the last close 1.29; it is asked for again"
    assert refused(changed(0.01)) == "VOD.L: the price 0.013 is 0.0101 times the last close 1.29; it is asked for again"
    assert refused(changed(100.0), close=None) is None, "with nothing to compare it with"


def test_a_rise_that_the_whole_answer_bears_out_is_a_rise() -> None:
    risen = Quote(VOD, 23.0, EVENING, 1.29, "GBP", "yahoo", low=1.28, high=24.0)
    assert refused(risen) is None
    assert refused(Quote(VOD, 1e300, EVENING, 1.29, "GBP", "yahoo", low=1.28, high=1.31)) is not None


@pytest.mark.parametrize(
    ("quoted", "said"),
    [
        ({"currency": "GBP"}, "VOD.L: the price 129.5 is 100 times the last close 1.295"),
        ({"currency": "EUR"}, "VOD.L: the price came in EUR, stored bars are in GBP"),
        ({"currency": None}, "VOD.L: the price came without a currency, stored bars are in GBP"),
        ({"regularMarketPrice": 1e300}, "VOD.L: the price 1e+298 is 7.72e+297 times the last close 1.295"),
    ],
)
def test_the_first_quote_of_all_is_compared_with_the_bars_that_come_after_it(
    local: LocalBackend, fake: FakeYahoo, quoted: dict[str, Any], said: str
) -> None:
    spoil(fake, VOD, **quoted)
    report = tick(local)
    assert kinds(report) == {VOD: said}
    assert price(local, VOD) is None, "it is on no screen"
    assert price(local, AAPL) == (129.5, "USD")
    spoil(fake, VOD)
    tick(local, timedelta(minutes=2))
    assert price(local, VOD) == (1.295, "GBP")


def test_a_first_quote_that_names_no_money_gets_that_of_its_bars(local: LocalBackend, fake: FakeYahoo) -> None:
    spoil(fake, AAPL, currency=None)
    assert kinds(tick(local)) == {}
    assert price(local, AAPL) == (129.5, "USD")


def test_bars_that_name_no_money_are_in_that_of_the_quote(local: LocalBackend, fake: FakeYahoo) -> None:
    fake.faults["chart"] = "no-currency"
    assert kinds(tick(local)) == {}
    known = local.desk.store.market.instruments()
    assert [known[s].currency for s in ALL] == ["USD", "USD", "GBP"]
    assert local.desk.store.market.bars(VOD)[-1].close == pytest.approx(1.295), "pounds, as the quote is"


def test_a_misprint_leaves_the_price_that_was_there_and_has_one_history_read_an_hour(
    local: LocalBackend, fake: FakeYahoo
) -> None:
    tick(local)
    spoil(fake, AAPL, regularMarketPrice=12_950.0, regularMarketTime=int(EVENING.timestamp()))
    for minutes in range(1, 60):
        assert AAPL in kinds(tick(local, timedelta(minutes=minutes)))
    assert price(local, AAPL) == (129.5, "USD")
    assert fake.requests["chart"] == 3 + 1
    spoil(fake, AAPL)
    assert kinds(tick(local, timedelta(minutes=90))) == {}


def test_on_the_morning_of_a_split_bars_follow_the_quote_at_once(local: LocalBackend, fake: FakeYahoo) -> None:
    tick(local)
    for bar in fake.symbols["AAPL"].bars:
        bar |= {name: bar[name] / 20.0 for name in PRICES}
    fake.symbols["AAPL"].splits[MONDAY_NOON.date()] = (20, 1)
    spoil(fake, AAPL, regularMarketPreviousClose=129.5 / 20, regularMarketTime=int(MONDAY_NOON.timestamp()))
    report = local.tick(ALL, MONDAY_NOON, lambda step: None)
    assert kinds(report) == {}
    assert price(local, AAPL) == (6.475, "USD")
    bars = local.desk.store.market.bars(AAPL)
    assert (len(bars), bars[0].close, bars[-1].close) == (60, 5.0, 6.475)
    local.tick(ALL, MONDAY_NOON + timedelta(seconds=15), lambda step: None)
    assert fake.requests["chart"] == 3 + 1


def test_bars_that_first_came_in_another_money_are_replaced_once_quote_and_history_agree(
    local: LocalBackend, fake: FakeYahoo
) -> None:
    fake.faults["chart"] = "wrong-currency"
    report = tick(local)
    assert set(kinds(report)) == {*ALL}
    fake.faults.clear()
    report = tick(local, timedelta(minutes=1))
    assert kinds(report) == {}
    assert report.source.health is Health.OK
    known = local.desk.store.market.instruments()
    assert [known[s].currency for s in ALL] == ["USD", "USD", "GBP"]
    assert [price(local, s) for s in ALL] == [(129.5, "USD"), (129.5, "USD"), (1.295, "GBP")]


def test_a_listing_that_changes_its_money_takes_its_history_along(local: LocalBackend, fake: FakeYahoo) -> None:
    tick(local)
    fake.symbols["VOD.L"].currency = "USD"
    for bar in fake.symbols["VOD.L"].bars:
        bar |= {name: bar[name] * 0.013 for name in PRICES}
    assert kinds(tick(local, timedelta(minutes=1))) == {}
    assert price(local, VOD) == (1.6835, "USD")
    assert {round(bar.close, 4) for bar in local.desk.store.market.bars(VOD)[:1]} == {1.3}
    assert fake.requests["chart"] == 3 + 1


def test_a_quote_in_another_money_alone_changes_no_bars(local: LocalBackend, fake: FakeYahoo) -> None:
    tick(local)
    before = local.desk.store.market.bars(AAPL)
    spoil(fake, AAPL, currency="EUR")
    assert kinds(tick(local, timedelta(minutes=1))) == {AAPL: "AAPL: the price came in EUR, stored bars are in USD"}
    assert local.desk.store.market.bars(AAPL) == before
    assert local.desk.store.market.instruments()[AAPL].currency == "USD"
