"""Every fault a fake Yahoo knows, through the unmodified yfinance: what comes of it, what it costs, how it ends."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.sources import yahoo_session
from forecasting.data.sources.yahoo import YahooSource
from forecasting.data.sources.yahoo_breaker import LONGEST_PAUSE_S
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.snapshot import Health
from forecasting.errors import SourceBroken, SourceError, SourceOffline, SourceRateLimited, SourceRefused
from tests.support.fake_yahoo import FAULTS, NOT_FOUND, SERVER_FAULTS, FakeSymbol, FakeYahoo, routed, weekday_bars
from tests.support.markets import CALENDARS
from tests.support.waiting import until
from tests.support.yahoo_faults import CONTENT_FAULTS, HOSTILE

LAST = date(2026, 3, 6)                                     # a Friday; New York closed at 21:00 UTC
EVENING = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
CAP_S = 0.3
TICK = timedelta(seconds=15)

# What a refused, broken or silent server comes out as.
SERVER: dict[str, type[SourceError]] = {
    "429": SourceRateLimited, "999": SourceRateLimited,
    "500": SourceBroken, "502-html": SourceBroken, "503-empty": SourceBroken, "404-json": SourceBroken,
    "401": SourceRefused, "403": SourceRefused,
    "html": SourceBroken, "cut-json": SourceBroken, "empty-body": SourceBroken, "short-body": SourceBroken,
    "bad-gzip": SourceBroken, "endless": SourceBroken, "error-body": SourceBroken,
    "right-back": SourceBroken, "null-result": SourceBroken, "not-an-object": SourceBroken, "consent": SourceBroken,
    "reset": SourceOffline, "hang": SourceOffline, "drip": SourceOffline,
}  # fmt: skip
# What a fault of AAPL alone makes of its quote and its history: a number of bars (of 30), or the kind of the failure.
CONTENT: dict[str, tuple[str, int | str]] = {
    "null-bars": ("ok", 29), "last-null": ("ok", 29), "all-null": ("bad-data", "bad-data"), "duplicates": ("ok", 30),
    "unsorted": ("ok", 30), "future": ("bad-data", 29), "stale": ("ok", 27), "negative": ("bad-data", 29),
    "huge": ("bad-data", 29), "infinite": ("bad-data", 29), "text": ("bad-data", 29), "text-nan": ("bad-data", 29),
    "wrong-currency": ("ok", 30), "no-currency": ("ok", 30), "no-zone": ("ok", "bad-data"),
    "split-unadjusted": ("ok", 30), "jump": ("ok", 30), "bad-print": ("ok", 29),
    "other-symbol": ("unknown-symbol", "bad-data"), "hostile": ("ok", 30),
}  # fmt: skip


@dataclass
class Case:
    """A source before a fake Yahoo, and the only clock there is."""

    fake: FakeYahoo
    clock: FrozenClock
    source: YahooSource

    def quote(self, symbol: Symbol = AAPL) -> Quote | SymbolFailure:
        """Ask for both symbols, so that one is there to be compared with."""
        return self.source.quotes([AAPL, MSFT])[[AAPL, MSFT].index(symbol)]

    def bars(self) -> BarSeries | SymbolFailure:
        return self.source.history(AAPL)

    def refresh(self) -> None:
        """What a tick does: quotes, and only if there are any, histories."""
        with suppress(SourceError):
            self.quote()
            self.bars()


@pytest.fixture(scope="module")
def served() -> Iterator[FakeYahoo]:
    symbols: dict[str, FakeSymbol] = {s: FakeSymbol(weekday_bars(LAST, 30)) for s in (AAPL, MSFT)}
    with FakeYahoo(symbols) as fake:
        yield fake


@pytest.fixture
def case(
    served: FakeYahoo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Case]:
    served.forget()
    monkeypatch.setattr(yahoo_session, "_LONGEST_ANSWER", 1_000_000)
    clock = FrozenClock(EVENING)
    with routed(monkeypatch, served), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield Case(
            served, clock,
            YahooSource(cache_dir=tmp_path, clock=clock, wall=clock, calendars=CALENDARS, cap_s=CAP_S, per_second=1e3),
        )
        served.forget()
    assert capfd.readouterr() == ("", ""), "the terminal belongs to the screen"
    assert caplog.records == [], "a log line without a handler ends up on stderr"


def test_every_fault_has_its_line_in_one_of_the_tables() -> None:
    assert {*SERVER, *CONTENT} == {*FAULTS} - {"slow", "empty"}
    assert set(SERVER) < set(SERVER_FAULTS)
    assert set(CONTENT) == set(CONTENT_FAULTS)


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
@pytest.mark.parametrize("fault", SERVER)
def test_a_server_s_fault_costs_two_requests_a_minute_and_ends_with_the_pause(
    case: Case, fault: str, warm: bool
) -> None:
    if warm:
        case.quote()
        case.bars()
    case.fake.faults["*"] = fault
    before = case.fake.total
    with pytest.raises(SERVER[fault], match=r"^yahoo: [^\x00-\x1f]+$"):
        case.quote()
    while case.source.health().health is not Health.FAILED:
        case.refresh()
    opening = case.fake.total - before
    assert opening <= (4 if warm else 7) or fault == "consent"
    assert case.source.health().retry_at is not None

    sent: list[datetime] = []
    while case.clock.now() < EVENING + timedelta(minutes=8):
        case.clock.set(case.clock.now() + TICK)
        before = case.fake.total
        case.refresh()
        until(lambda: case.fake.total >= case.source.health().requests)      # given up before it was counted
        sent += [case.clock.now()] * (case.fake.total - before)
        health = case.source.health()
        assert health.health is Health.FAILED
        # Over a connection that was reset curl itself asks once more.
        assert health.requests == case.fake.total or fault == "reset"
    assert len(sent) >= 2, "it is tried again"
    busiest = max(sum(at <= other < at + timedelta(minutes=1) for other in sent) for at in sent)
    assert busiest <= 2

    case.fake.faults.clear()
    retry_at = case.source.health().retry_at
    assert retry_at is not None
    assert retry_at - case.clock.now() <= timedelta(seconds=1.25 * LONGEST_PAUSE_S)
    case.clock.set(max(retry_at, case.clock.now()))
    assert isinstance(case.quote(), Quote), "the first probe after the fault's end succeeds"
    assert isinstance(case.bars(), BarSeries)
    assert case.source.health().health is Health.OK


@pytest.mark.parametrize("fault", CONTENT)
def test_content_that_cannot_be_is_one_symbol_s_failure_or_a_row_dropped_with_a_word(case: Case, fault: str) -> None:
    case.fake.faults["*"], case.fake.spoilt = fault, frozenset({AAPL})
    quoted, kept = CONTENT[fault]
    spoilt, other, history = case.quote(), case.quote(MSFT), case.bars()
    assert (spoilt.kind if isinstance(spoilt, SymbolFailure) else "ok") == quoted
    assert isinstance(other, Quote)
    said = [spoilt.message if isinstance(spoilt, SymbolFailure) else spoilt.name or ""]
    if isinstance(history, SymbolFailure):
        assert history.kind == kept
        said.append(history.message)
    else:
        assert len(history.bars) == kept
        assert all(0.0 < b.low <= b.close <= b.high < 1e6 and b.session <= LAST for b in history.bars)
        said += [*history.notes, history.instrument.name]
    assert all(line.isprintable() for line in said)
    assert case.source.health().health is Health.OK


def test_a_stale_price_is_known_by_its_own_time(case: Case) -> None:
    case.fake.faults["*"] = "stale"
    quote = case.quote()
    assert isinstance(quote, Quote)
    assert quote.time == datetime(2026, 3, 3, 21, 0, tzinfo=UTC)


def test_nobody_known_is_not_many_unknown_symbols(case: Case) -> None:
    case.quote()
    case.fake.faults["quote"] = "empty"
    kinds = {a.kind for a in case.source.quotes([AAPL, MSFT]) if isinstance(a, SymbolFailure)}
    assert kinds == {"no-data"}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("html", "a page, no data: <!DOCTYPE html><html lang='en'><body>co…"),
        ("empty-body", "nothing came"),
        ("cut-json", "no JSON: Unterminated string starting at: line 1 column 42 (char 41)"),
        ("bad-gzip", "(61) Error while processing content unencoding: incorrect header check"),
        ("endless", "longer than 1 MB"),
        ("null-result", "no list of quotes in the answer ({'quoteResponse': {'result': None}, 'ch…"),
        ("error-body", "yahoo: quotes: Yahoo says 'Try later'; it is asked again later"),
    ],
)
def test_an_answer_that_cannot_be_read_is_told_by_what_came(case: Case, fault: str, told: str) -> None:
    case.quote()
    case.fake.faults["*"] = fault
    with pytest.raises(SourceBroken) as one:
        case.quote()
    assert told in str(one.value)
    assert case.source.health().retry_at is None, "one such answer is forgiven"


def test_an_answer_that_is_slow_but_comes_is_an_answer(case: Case) -> None:
    case.fake.faults["*"] = "slow"
    assert isinstance(case.quote(), Quote)
    assert isinstance(case.bars(), BarSeries)


@pytest.mark.parametrize("fault", ["500", "hang", "cut-json"])
def test_charts_alone_in_trouble_leave_quotes_as_they_are(case: Case, fault: str) -> None:
    case.quote()
    case.fake.faults["chart"] = fault
    before = case.fake.requests["chart"]
    for _ in range(16):                       # four minutes
        case.clock.set(case.clock.now() + TICK)
        assert isinstance(case.quote(), Quote)
        with pytest.raises(SourceError):
            case.bars()
    assert case.source.health().health is Health.LATE
    assert case.fake.requests["chart"] - before <= 6
    assert case.fake.requests["crumb"] == 1


@pytest.mark.parametrize("fault", ["no-zone", "all-null", "null-result", "not-an-object", "error-body"])
def test_charts_of_one_symbol_after_another_that_are_of_no_use_are_trouble_of_yahoo_s(case: Case, fault: str) -> None:
    many = [Symbol(f"T{i}") for i in range(12)]
    case.fake.symbols |= dict.fromkeys(many, case.fake.symbols[AAPL])
    case.fake.faults["chart"] = fault
    answers = [case.source.history(symbol) for symbol in many[:4]]
    assert {answer.kind for answer in answers if isinstance(answer, SymbolFailure)} == {"bad-data"}
    assert len(answers) == 4
    assert case.source.health().health is Health.OK, "four symbols may be at fault themselves"
    for symbol in many[4:]:
        with pytest.raises(SourceBroken, match=r"^yahoo: T"):
            case.source.history(symbol)
    assert case.fake.requests["chart"] == 6, "then the circuit of histories is open"
    assert case.source.health().health is Health.LATE

    case.fake.faults.clear()
    retry_at = case.source.health().retry_at
    assert retry_at is not None
    case.clock.set(retry_at)
    assert all(isinstance(case.source.history(symbol), BarSeries) for symbol in many)
    assert case.source.health().health is Health.OK


def test_one_symbol_without_use_among_others_stays_its_own_trouble(case: Case) -> None:
    case.fake.faults["chart"], case.fake.spoilt = "no-zone", frozenset({AAPL})
    for _ in range(8):
        assert isinstance(case.bars(), SymbolFailure)
    assert isinstance(case.source.history(MSFT), BarSeries)
    assert case.source.health().health is Health.OK


def test_rows_of_which_none_can_be_used_are_a_failure_that_says_why(case: Case) -> None:
    case.fake.faults["chart"] = "all-null"
    failure = case.bars()
    assert isinstance(failure, SymbolFailure)
    first = "(first: 2026-01-26 missing price, dropped: no prices at all)"
    assert failure.message == f"AAPL: none of 30 rows of Yahoo's can be used {first}; it is asked again later"


@pytest.mark.parametrize("ask", [Case.quote, Case.bars])
def test_one_hiccup_is_forgotten(case: Case, ask: Callable[[Case], object]) -> None:
    case.quote()
    case.fake.faults["*"] = "502-html"
    with pytest.raises(SourceBroken):
        ask(case)
    case.fake.faults.clear()
    assert isinstance(case.quote(), Quote)
    assert isinstance(case.bars(), BarSeries)
    assert case.source.health().health is Health.OK


def test_a_crumb_that_went_stale_is_fetched_again_in_the_same_question(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.quote()
    monkeypatch.setattr("tests.support.fake_yahoo.CRUMB", "another1")
    assert isinstance(case.quote(), Quote)
    assert case.source.health().health is Health.OK


def test_fifty_histories_take_fifty_requests_and_no_more_connections_than_one(case: Case) -> None:
    case.fake.symbols |= {f"T{i}": case.fake.symbols[AAPL] for i in range(50)}
    case.source.quotes([Symbol(f"T{i}") for i in range(50)])
    connections = case.fake.connections
    for i in range(50):
        assert isinstance(case.source.history(Symbol(f"T{i}"), start=LAST - timedelta(days=5)), BarSeries)
    assert case.fake.requests == {"cookie": 1, "crumb": 1, "quote": 1, "chart": 50}
    assert case.fake.connections - connections <= 1


@pytest.mark.parametrize("text", ["AAPL?range=max", "AAPL#x", "../../v7/x", "A,B", "", "a" * 40, "aapl", "\x1b[31mA"])
def test_a_symbol_that_could_change_a_request_never_reaches_one(case: Case, text: str) -> None:
    (quote,), bars = case.source.quotes([Symbol(text)]), case.source.history(Symbol(text))
    for answer in (quote, bars):
        assert isinstance(answer, SymbolFailure)
        assert answer.kind == "bad-symbol"
        assert answer.message.isprintable()
    assert case.fake.total == 0


def test_what_yahoo_says_is_wrong_is_told_without_what_a_terminal_would_obey(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NOT_FOUND, "description", HOSTILE)
    case.quote()
    gone = case.source.history(Symbol("GONE"))
    assert isinstance(gone, SymbolFailure)
    assert gone.message == "GONE: Yahoo says 'Evil Inc.[@click=app.quit]x[/]'; check the symbol's spelling"
