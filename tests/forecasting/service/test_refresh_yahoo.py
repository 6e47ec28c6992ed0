"""The tick over the real yfinance and a fake Yahoo: prices in, faults survived, pence turned into pounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from forecasting.data.sources.yahoo import YahooSource
from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health
from forecasting.service.local import LocalBackend
from tests.support.desk import setup
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed, weekday_bars
from tests.support.markets import CALENDARS

LAST = date(2026, 3, 6)                                     # a Friday; New York closed at 21:00 UTC
EVENING = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
AAPL, VOD, NOPE = Symbol("AAPL"), Symbol("VOD.L"), Symbol("NOPE")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYahoo]:
    symbols = {
        "AAPL": FakeSymbol(weekday_bars(LAST, 120), name="Apple \x1b[31mInc."),
        "VOD.L": FakeSymbol(weekday_bars(LAST, 120), currency="GBp", timezone="Europe/London", open_at=time(8)),
    }
    with FakeYahoo(symbols) as yahoo, routed(monkeypatch, yahoo):
        yield yahoo


@pytest.fixture
def local(fake: FakeYahoo, tmp_path: Path) -> Iterator[LocalBackend]:
    made = replace(setup(tmp_path, tmp_path, source="yahoo"), csv_dir=None, history_years=2)
    with Store.open(made.store_path) as store:
        backend = LocalBackend(made, store)
        backend.desk.source = YahooSource(
            cache_dir=tmp_path / "yf", clock=backend.desk.clock, wall=backend.desk.clock, calendars=CALENDARS,
            cap_s=0.4, per_second=500.0,
        )
        yield backend


def test_a_watchlist_comes_in_with_an_unknown_symbol_as_one_bad_row(local: LocalBackend) -> None:
    report = local.tick((AAPL, VOD, NOPE), EVENING, lambda step: None)
    store = local.desk.store
    assert set(report.new_bars) == {AAPL, VOD}
    assert {f.symbol: f.kind for f in report.failures} == {NOPE: "unknown-symbol"}
    assert (store.market.instruments()[VOD].currency, store.market.instruments()[VOD].exchange) == ("GBP", "XLON")
    assert store.market.instruments()[AAPL].name == "Apple Inc."
    assert store.market.bars(AAPL)[-1].session == LAST
    assert store.market.quotes()[VOD].price == pytest.approx(store.market.bars(VOD)[-1].close)
    assert report.issued == 4            # random walk and EWMA-t; 120 bars are too few for HAR-t, and a note says so
    assert any("har-t" in note for note in report.notes)
    assert report.source.health is Health.OK


def test_a_refresh_with_nothing_new_costs_one_request(local: LocalBackend, fake: FakeYahoo) -> None:
    local.tick((AAPL, VOD), EVENING, lambda step: None)
    before = fake.total
    local.tick((AAPL, VOD), EVENING + timedelta(minutes=5), lambda step: None)
    assert fake.total == before + 1


def test_a_rate_limit_is_shown_costs_one_request_and_keeps_what_is_known(local: LocalBackend, fake: FakeYahoo) -> None:
    local.tick((AAPL, VOD), EVENING, lambda step: None)
    known, before = local.desk.store.market.quotes(), fake.total
    fake.faults["*"] = "429"
    reports = [local.tick((AAPL, VOD), EVENING + timedelta(minutes=m), lambda step: None) for m in (1, 1, 1)]
    assert all(r.source.health is not Health.OK for r in reports)
    assert reports[0].source.retry_at is not None
    assert fake.total == before + 1
    assert local.desk.store.market.quotes() == known
