"""The tick over the real yfinance and a fake Yahoo: prices in, faults survived, pence turned into pounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import Symbol
from forecasting.domain.quarantine import Asked
from forecasting.domain.snapshot import Health
from forecasting.errors import QuestionWithdrawn
from forecasting.service import everything
from forecasting.service.backend import Step
from forecasting.service.intake import take_quotes
from forecasting.service.local import LocalBackend
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed, weekday_bars
from tests.support.yahoo_desk import yahoo_backend

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
    with yahoo_backend(tmp_path) as backend:
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


def at(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


MONDAY = EVENING + timedelta(days=3)


def with_monday(fake: FakeYahoo) -> None:
    """One more session for everybody."""
    for symbol in fake.symbols.values():
        close = symbol.bars[-1]["close"] + 0.5
        symbol.bars.append(symbol.bars[-1] | {"session": MONDAY.date(), "close": close, "adjclose": close})


def quiet(step: object) -> None:
    """Nobody watches."""


def test_where_the_newest_closed_session_is_stored_no_history_is_asked_for(
    local: LocalBackend, fake: FakeYahoo
) -> None:
    local.tick((AAPL, VOD), EVENING, quiet)
    for hours in range(1, 60):                        # over the weekend, until shortly before Monday's close
        local.tick((AAPL, VOD), EVENING + timedelta(hours=hours), quiet)
    assert fake.requests["chart"] == 2


def test_a_new_session_costs_one_request_a_symbol_and_the_store_keeps_what_it_has(
    local: LocalBackend, fake: FakeYahoo
) -> None:
    local.tick((AAPL, VOD), EVENING, quiet)
    with_monday(fake)
    report = local.tick((AAPL, VOD), MONDAY, quiet)
    assert set(report.new_bars) == {AAPL, VOD}
    assert fake.requests["chart"] == 4
    assert len(local.desk.store.market.bars(AAPL)) == 121


def test_a_split_has_the_whole_history_read_again_once(local: LocalBackend, fake: FakeYahoo) -> None:
    local.tick((AAPL, VOD), EVENING, quiet)
    with_monday(fake)
    for bar in fake.symbols["AAPL"].bars:
        bar |= {name: bar[name] / 4.0 for name in ("open", "high", "low", "close", "adjclose")}
    local.tick((AAPL, VOD), MONDAY, quiet)
    assert fake.requests["chart"] == 4, "the quote tells of it before a few bars could"
    bars = local.desk.store.market.bars(AAPL)
    assert (len(bars), bars[0].adj_close) == (121, 25.0)
    local.tick((AAPL, VOD), MONDAY + timedelta(minutes=5), quiet)
    assert fake.requests["chart"] == 4


def test_a_dividend_has_the_whole_history_read_again_once(local: LocalBackend, fake: FakeYahoo) -> None:
    local.tick((AAPL, VOD), EVENING, quiet)
    with_monday(fake)
    for bar in fake.symbols["AAPL"].bars[:-1]:
        bar |= {"adjclose": bar["adjclose"] * 0.99}
    local.tick((AAPL, VOD), MONDAY, quiet)
    assert fake.requests["chart"] == 5
    bars = local.desk.store.market.bars(AAPL)
    assert (len(bars), bars[0].close, bars[0].adj_close) == (121, 100.0, 99.0)
    local.tick((AAPL, VOD), MONDAY + timedelta(minutes=5), quiet)
    assert fake.requests["chart"] == 5


def test_a_print_that_yahoo_corrects_later_is_corrected_here_too(local: LocalBackend, fake: FakeYahoo) -> None:
    right = dict(fake.symbols["AAPL"].bars[-1])
    fake.symbols["AAPL"].bars[-1] |= {"close": 140.0, "adjclose": 140.0, "high": 141.0}
    local.tick((AAPL,), EVENING, quiet)
    assert local.desk.store.market.bars(AAPL)[-1].close == 140.0
    fake.symbols["AAPL"].bars[-1] |= right
    with_monday(fake)
    local.tick((AAPL,), MONDAY, quiet)
    assert [b.close for b in local.desk.store.market.bars(AAPL, limit=2)] == [159.5, 160.0]
    assert fake.requests["chart"] == 2, "one print is no new adjustment"


def test_an_unknown_symbol_is_probed_after_1_5_15_60_minutes_and_then_daily_in_the_batch(
    local: LocalBackend, fake: FakeYahoo
) -> None:
    desk, clock = local.desk, local.desk.clock
    assert isinstance(clock, FrozenClock)
    asked = []
    for minute in (*range(100), *range(120, 3 * 24 * 60, 60)):
        clock.set(at(minute))
        before = len(fake.log)
        (failure,) = take_quotes(desk, (AAPL, NOPE))
        assert failure.kind == "unknown-symbol"
        assert "next try 03-" in failure.message
        asked += [minute for received in fake.log[before:] if "NOPE" in received.symbols]
    assert asked == [0, 1, 6, 21, 81, 1560, 3000]
    assert set(fake.requests) == {"cookie", "crumb", "quote"}


def test_a_good_answer_lifts_the_quarantine_at_once(local: LocalBackend, fake: FakeYahoo) -> None:
    for minute in (0, 1, 6):
        local.tick((AAPL, NOPE), at(minute), quiet)
    fake.symbols["NOPE"] = fake.symbols["AAPL"]
    assert local.tick((AAPL, NOPE), at(20), quiet).failures != ()
    assert local.tick((AAPL, NOPE), at(21), quiet).failures == ()
    del fake.symbols["NOPE"]
    local.tick((AAPL, NOPE), at(22), quiet)
    (again,) = local.desk.store.quarantine.of(Asked.QUOTE).values()
    assert (again.tries, again.probe_at) == (1, at(23)), "it begins anew"


def test_where_nobody_s_answer_is_of_use_nobody_is_quarantined(local: LocalBackend, fake: FakeYahoo) -> None:
    fake.faults["quote"] = "text"
    report = local.tick((AAPL, VOD), EVENING, quiet)
    assert len(report.failures) == 2
    assert report.source.health is Health.FAILED
    assert report.source.message.startswith("no price of 2 can be used; AAPL: ")
    fake.faults.clear()
    better = local.tick((AAPL, VOD), at(0.25), quiet)
    assert (better.failures, better.source.health) == ((), Health.OK)


def test_a_history_that_cannot_be_read_leaves_the_price_and_is_asked_for_ever_more_rarely(
    local: LocalBackend, fake: FakeYahoo
) -> None:
    fake.faults["chart"], fake.spoilt = "no-zone", frozenset({"AAPL"})
    for minute in range(8):
        (failure,) = local.tick((AAPL, VOD), at(minute), quiet).failures
        assert failure.message == (
            "AAPL: Yahoo's chart has no time zone that is known (None); next try 03-06 "
            f"22:{1 if minute < 1 else 6 if minute < 6 else 21:02} UTC"
        )
    assert local.desk.store.market.quotes()[AAPL].price == 159.5
    assert [r.symbols for r in fake.log if r.endpoint == "chart"].count(("AAPL",)) == 3
    fake.forget()
    assert local.tick((AAPL, VOD), at(21), quiet).new_bars == (AAPL,)
    assert local.desk.store.quarantine.of(Asked.HISTORY) == {}


def test_what_was_found_in_new_bars_is_told_for_a_month_and_kept(local: LocalBackend, fake: FakeYahoo) -> None:
    for bar in fake.symbols["AAPL"].bars[-10:]:
        bar |= {name: bar[name] / 4.0 for name in ("open", "high", "low", "close", "adjclose")}
    fake.symbols["AAPL"].bars[-1]["open"] = "1,234.5"
    notes = local.tick((AAPL, VOD), EVENING, quiet).notes
    jump = fake.symbols["AAPL"].bars[-10]["session"]
    assert any(n.startswith(f"AAPL: {jump} move without a recorded event, kept: -7") for n in notes)
    assert any(n.startswith(f"AAPL: {LAST} price is not finite, dropped") for n in notes)
    assert not any(f"{jump}" in n for n in local.tick((AAPL, VOD), EVENING + timedelta(days=40), quiet).notes)
    assert len(local.desk.store.findings.of((AAPL,))[AAPL]) >= 2


@pytest.mark.parametrize(("monday", "kept"), [(160.0, [159.0, 160.0]), (39.0, [39.875, 39.0])], ids=["back", "stands"])
def test_a_fall_by_three_quarters_without_an_event_waits_for_the_next_session(
    local: LocalBackend, fake: FakeYahoo, monday: float, kept: list[float]
) -> None:
    newest = fake.symbols["AAPL"].bars[-1]
    newest |= {name: newest[name] / 4.0 for name in ("open", "high", "low", "close", "adjclose")}
    report = local.tick((AAPL,), EVENING, quiet)
    market = local.desk.store.market
    assert market.bars(AAPL)[-1].close == 159.0
    assert market.quotes()[AAPL].price == 39.875, "the price is shown as it came"
    assert any(n.startswith(f"AAPL: {LAST} move without a recorded event, held back: -74.9%") for n in report.notes)
    with_monday(fake)
    fake.symbols["AAPL"].bars[-1] |= dict.fromkeys(("open", "high", "low", "close", "adjclose"), monday)
    local.tick((AAPL,), MONDAY, quiet)
    assert [b.close for b in market.bars(AAPL, limit=2)] == kept


def test_asking_for_everything_reads_whole_histories_again_and_probes_what_is_in_quarantine(
    local: LocalBackend, fake: FakeYahoo
) -> None:
    local.tick((AAPL, VOD, NOPE), EVENING, lambda step: None)
    charts = fake.requests["chart"]
    held = local.desk.store.quarantine.of(Asked.QUOTE)[NOPE]
    local.tick((AAPL, VOD, NOPE), EVENING + timedelta(seconds=30), lambda step: None)
    assert fake.requests["chart"] == charts      # all is there
    assert local.desk.store.quarantine.of(Asked.QUOTE)[NOPE] == held
    everything.wish(local.desk.store, EVENING)
    steps: list[Step] = []
    report = local.tick((AAPL, VOD, NOPE), EVENING + timedelta(seconds=40), steps.append)
    assert fake.requests["chart"] == charts + 2
    assert [s.message for s in steps if s.stage == "history"] == ["history of AAPL, 1 of 2", "history of VOD.L, 2 of 2"]
    assert local.desk.store.quarantine.of(Asked.QUOTE)[NOPE].tries == held.tries + 1
    assert report.new_bars == ()
    assert len(local.desk.store.market.bars(AAPL)) == 120
    assert local.desk.retry == {}      # the next close is not missed for it


def test_an_answer_shorter_than_what_is_stored_takes_nothing_away(local: LocalBackend, fake: FakeYahoo) -> None:
    local.tick((AAPL,), EVENING, lambda step: None)
    fake.symbols["AAPL"] = FakeSymbol(weekday_bars(LAST, 120)[-60:], name="Apple")
    everything.wish(local.desk.store, EVENING)
    local.tick((AAPL,), EVENING + timedelta(minutes=1), lambda step: None)
    assert len(local.desk.store.market.bars(AAPL)) == 120


def test_histories_that_a_person_stops_are_not_asked_for_at_the_next_tick(local: LocalBackend, fake: FakeYahoo) -> None:
    def stop(step: Step) -> None:
        if step.message == "history of VOD.L, 2 of 2":
            raise QuestionWithdrawn("refresh: taken back")

    with pytest.raises(QuestionWithdrawn):
        local.tick((AAPL, VOD), EVENING, stop)
    assert fake.requests["chart"] == 1
    local.tick((AAPL, VOD), EVENING + timedelta(minutes=1), lambda step: None)
    assert fake.requests["chart"] == 1
    assert local.desk.store.market.bars(AAPL)
    assert local.tick((AAPL, VOD), EVENING + timedelta(minutes=31), lambda step: None).new_bars == (VOD,)
