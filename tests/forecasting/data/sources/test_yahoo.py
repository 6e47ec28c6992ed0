"""The Yahoo source over the real, unmodified yfinance, against a fake Yahoo on loopback."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from forecasting.data.calendars import Calendars
from forecasting.data.sources.yahoo import YahooSource
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import BarSeries, Quote, SessionState, Symbol, SymbolFailure
from forecasting.domain.snapshot import Health
from forecasting.errors import (
    SourceBroken,
    SourceError,
    SourceOffline,
    SourceRateLimited,
    SourceRefused,
)
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed, weekday_bars
from tests.support.waiting import within

LAST = date(2026, 3, 6)                                     # a Friday; New York closed at 21:00 UTC
EVENING = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
AAPL, MSFT, VOD = Symbol("AAPL"), Symbol("MSFT"), Symbol("VOD.L")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYahoo]:
    symbols = {
        "AAPL": FakeSymbol(weekday_bars(LAST, 30), name="Apple Inc."),
        "MSFT": FakeSymbol(weekday_bars(LAST, 30, first_close=400.0)),
        "VOD.L": FakeSymbol(weekday_bars(LAST, 30), currency="GBp", timezone="Europe/London", open_at=time(8)),
    }
    with FakeYahoo(symbols) as yahoo, routed(monkeypatch, yahoo):
        yield yahoo


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(EVENING)


@pytest.fixture
def source(fake: FakeYahoo, clock: FrozenClock, tmp_path: Path) -> YahooSource:
    return YahooSource(
        cache_dir=tmp_path / "yf", clock=clock, wall=clock, calendars=Calendars(), cap_s=0.4, per_second=500.0
    )


def series(answer: BarSeries | SymbolFailure) -> BarSeries:
    assert isinstance(answer, BarSeries), answer
    return answer


def test_a_whole_watchlist_costs_one_quote_request(source: YahooSource, fake: FakeYahoo) -> None:
    quotes = source.quotes([MSFT, AAPL])
    assert [(q.symbol, q.price, q.previous_close) for q in quotes if isinstance(q, Quote)] == [
        ("MSFT", 414.5, 414.0),
        ("AAPL", 114.5, 114.0),
    ]
    source.quotes([MSFT, AAPL])
    assert fake.requests == {"cookie": 1, "crumb": 1, "quote": 2}


def test_more_than_fifty_symbols_are_asked_in_batches(source: YahooSource, fake: FakeYahoo) -> None:
    fake.symbols |= {f"T{i}": FakeSymbol(weekday_bars(LAST, 2)) for i in range(120)}
    answers = source.quotes([Symbol(f"T{i}") for i in range(120)])
    assert sum(isinstance(a, Quote) for a in answers) == 120
    assert fake.requests["quote"] == 3


def test_bars_carry_raw_and_adjusted_closes_and_the_exchange_s_own_dates(source: YahooSource, fake: FakeYahoo) -> None:
    for bar in fake.symbols["AAPL"].bars[:-1]:
        bar["adjclose"] = bar["close"] * 0.98
    got = series(source.history(AAPL))
    assert [b.session for b in got.bars] == [b["session"] for b in fake.symbols["AAPL"].bars]
    assert (got.bars[0].close, got.bars[0].adj_close) == (100.0, 98.0)
    assert (got.instrument.name, got.instrument.exchange, got.instrument.currency) == ("Apple Inc.", "XNYS", "USD")


def test_pence_become_pounds(source: YahooSource) -> None:
    (quote,) = source.quotes([VOD])
    bars = series(source.history(VOD))
    assert isinstance(quote, Quote)
    assert (quote.price, quote.currency) == (1.145, "GBP")
    assert (bars.bars[-1].close, bars.instrument.currency, bars.instrument.exchange) == (1.145, "GBP", "XLON")


def test_the_running_session_s_bar_is_left_out(source: YahooSource, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 3, 6, 20, 0, tzinfo=UTC))
    assert series(source.history(AAPL)).bars[-1].session == date(2026, 3, 5)
    clock.set(datetime(2026, 3, 6, 21, 0, tzinfo=UTC))
    assert series(source.history(AAPL)).bars[-1].session == LAST


def test_a_start_after_the_newest_bar_gives_no_bars_rather_than_a_failure(source: YahooSource) -> None:
    got = series(source.history(AAPL, start=LAST + timedelta(days=1)))
    assert got.bars == ()


@pytest.mark.usefixtures("fake")
def test_a_clock_in_the_past_gets_the_close_known_then(tmp_path: Path) -> None:
    then, today = FrozenClock(datetime(2026, 3, 3, 22, 0, tzinfo=UTC)), FrozenClock(EVENING)
    (quote,) = YahooSource(cache_dir=tmp_path, clock=then, wall=today, calendars=Calendars()).quotes([AAPL])
    assert isinstance(quote, Quote)
    assert (quote.price, quote.time) == (113.0, datetime(2026, 3, 3, 21, 0, tzinfo=UTC))


def test_before_the_open_the_last_regular_price_is_the_previous_close(source: YahooSource, fake: FakeYahoo) -> None:
    fake.symbols["AAPL"].quote = {
        "marketState": "PRE",
        "preMarketPrice": 116.0,
        "preMarketTime": int(EVENING.timestamp()),
    }
    (quote,) = source.quotes([AAPL])
    assert isinstance(quote, Quote)
    assert (quote.price, quote.previous_close, quote.state) == (116.0, 114.5, SessionState.PRE)


def test_an_unknown_symbol_is_a_value_and_called_unknown_only_while_others_work(source: YahooSource) -> None:
    (alone,) = source.quotes([Symbol("NOPE")])
    assert isinstance(alone, SymbolFailure)
    assert alone.kind == "no-data"
    good, bad = source.quotes([AAPL, Symbol("NOPE")])
    assert isinstance(good, Quote)
    assert isinstance(bad, SymbolFailure)
    assert bad.kind == "unknown-symbol"


def test_an_unknown_symbol_is_told_its_nearest_spelling(source: YahooSource) -> None:
    _, bad = source.quotes([AAPL, Symbol("EURUSD")])
    assert isinstance(bad, SymbolFailure)
    assert bad.message == "EURUSD: Yahoo has no quote for it (did you mean EURUSD=X?); check its spelling"


def test_a_delisted_symbol_s_history_is_a_value(source: YahooSource) -> None:
    source.quotes([AAPL])
    gone = source.history(Symbol("GONE"))
    assert isinstance(gone, SymbolFailure)
    assert gone.kind == "unknown-symbol"
    assert gone.message == "GONE: Yahoo says 'No data found, symbol may be delisted'; check the symbol's spelling"
    assert source.health().health is Health.OK


def test_null_bars_and_a_last_bar_without_prices_are_dropped_and_named(source: YahooSource, fake: FakeYahoo) -> None:
    bars = fake.symbols["AAPL"].bars
    bars[10] |= dict.fromkeys(("open", "high", "low", "close", "adjclose", "volume"))
    bars[-1] |= dict.fromkeys(("open", "high", "low", "close", "adjclose"))
    got = series(source.history(AAPL))
    assert len(got.bars) == 28
    assert any(str(LAST) in note for note in got.notes)


def test_impossible_prices_do_not_get_through(source: YahooSource, fake: FakeYahoo) -> None:
    for field, value in (("close", math.inf), ("open", -5.0), ("high", math.nan)):
        bars = weekday_bars(LAST, 30)
        bars[12][field] = value
        fake.symbols["AAPL"].bars = bars
        got = series(source.history(AAPL))
        assert len(got.bars) == 29, field
    for price in (math.nan, math.inf, -1.0, 0, "114.5", None):
        fake.symbols["AAPL"].quote = {"regularMarketPrice": price}
        (answer,) = source.quotes([AAPL])
        assert isinstance(answer, SymbolFailure), price
        assert answer.kind == "bad-data"


def test_a_recorded_split_explains_a_move_that_would_be_quarantined(source: YahooSource, fake: FakeYahoo) -> None:
    for symbol in (AAPL, MSFT):
        for bar in fake.symbols[symbol].bars[20:]:
            bar |= {name: bar[name] / 4.0 for name in ("open", "high", "low", "close", "adjclose")}
    day = fake.symbols[MSFT].bars[20]["session"]
    fake.symbols[MSFT].splits = {day: (4, 1)}
    assert [note for note in series(source.history(AAPL)).notes if f"{day} move without a recorded event" in note]
    assert not [note for note in series(source.history(MSFT)).notes if "without a recorded event" in note]


def test_escape_sequences_in_names_are_stripped(source: YahooSource, fake: FakeYahoo) -> None:
    fake.symbols["AAPL"].name = "Evil\x1b]52;c;cm0=\x07 \x1b[31mInc\u202e.\x00"
    (quote,) = source.quotes([AAPL])
    assert isinstance(quote, Quote)
    assert quote.name == "Evil Inc."
    assert series(source.history(AAPL)).instrument.name == "Evil Inc."


def test_one_429_stops_all_requests_until_the_time_it_names(
    source: YahooSource, fake: FakeYahoo, clock: FrozenClock
) -> None:
    source.quotes([AAPL])
    fake.faults["quote"] = "429"
    with pytest.raises(SourceRateLimited) as limited:
        source.quotes([AAPL])
    assert limited.value.retry_at is not None
    sent = fake.total
    with pytest.raises(SourceRateLimited):
        source.history(AAPL)
    assert fake.total == sent, "an open breaker sends nothing"
    health = source.health()
    assert (health.health, health.since, health.retry_at) == (Health.FAILED, EVENING, limited.value.retry_at)
    assert "HTTP 429" in health.message

    fake.faults.clear()
    clock.set(limited.value.retry_at)
    assert isinstance(source.quotes([AAPL])[0], Quote)
    assert source.health().health is Health.OK


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("500", SourceBroken),
        ("502-html", SourceBroken),
        ("cut-json", SourceBroken),
        ("html", SourceBroken),
        ("reset", SourceOffline),
        ("hang", SourceOffline),
        ("401", SourceRefused),
        ("429", SourceRateLimited),
    ],
)
def test_every_fault_has_a_name_and_is_asked_at_most_a_few_times(
    source: YahooSource, fake: FakeYahoo, clock: FrozenClock, fault: str, kind: type[SourceError]
) -> None:
    source.quotes([AAPL])
    series(source.history(AAPL))
    fake.faults = {"quote": fault, "chart": fault}
    sent = fake.total
    with within(4.0):      # left to itself yfinance would wait for minutes
        for _ in range(2):
            with pytest.raises(kind):
                source.quotes([AAPL])
        for _ in range(5):
            with pytest.raises(kind):
                source.quotes([AAPL])
            with pytest.raises(kind):
                source.history(AAPL)
    assert fake.total - sent <= 9
    assert source.health().health is Health.FAILED

    fake.faults.clear()
    retry_at = source.health().retry_at
    assert retry_at is not None
    clock.set(retry_at)
    assert isinstance(source.quotes([AAPL])[0], Quote)
    assert len(series(source.history(AAPL)).bars) == 30


def test_a_cold_start_on_a_hung_network_fails_within_a_few_caps(source: YahooSource, fake: FakeYahoo) -> None:
    fake.faults["*"] = "hang"
    with within(3.2), pytest.raises(SourceOffline, match=r"no answer in time; next try at 22:00:\d\d UTC"):
        source.quotes([AAPL])
    assert fake.total <= 3


def test_a_blocked_cookie_host_does_not_stop_prices(source: YahooSource, fake: FakeYahoo) -> None:
    fake.faults["cookie"] = "reset"
    assert isinstance(source.quotes([AAPL])[0], Quote)
    assert source.health().health is Health.OK


def test_nothing_is_written_to_the_terminal(
    source: YahooSource, fake: FakeYahoo, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    fake.faults["cookie"] = "reset"      # yfinance logs a warning about it
    source.history(AAPL)
    source.history(Symbol("GONE"))
    fake.faults["*"] = "502-html"
    with pytest.raises(SourceError):
        source.quotes([AAPL])
    assert capfd.readouterr() == ("", "")
    assert caplog.records == [], "a log line without a handler ends up on stderr"
