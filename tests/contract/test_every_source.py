"""What every source promises, whatever stands behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from forecasting.data.sources.base import Source
from forecasting.data.sources.registry import SOURCES, open_source
from forecasting.domain.clock import FrozenClock
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.sessions import in_slots
from forecasting.domain.snapshot import Health
from forecasting.errors import ConfigError, CsvError
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed
from tests.support.markets import CALENDARS, recorded

FIRST, LAST = date(2024, 1, 2), date(2024, 3, 8)      # a Friday; New York changes its clocks on Sunday
EVENING = datetime(2024, 3, 8, 22, 0, tzinfo=UTC)
TABLE = CALENDARS.sessions("XNYS", FIRST, date(2024, 12, 31))


@dataclass
class Case:
    source: Source
    clock: FrozenClock
    symbol: Symbol


@pytest.fixture(params=SOURCES)
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Each source with 47 bars of one symbol and two more sessions that lie ahead."""
    clock = FrozenClock(EVENING)
    history = recorded(FIRST, date(2024, 3, 12))
    rows = [
        {"session": b.session, "open": b.open, "high": b.high, "low": b.low, "close": b.close,
         "adjclose": b.adj_close, "volume": b.volume}
        for b in history.bars
    ]  # fmt: skip
    lines = [",".join(map(str, row.values())) for row in rows]
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "AAPL.csv").write_text("Date,Open,High,Low,Close,Adj Close,Volume\n" + "\n".join(lines))
    with ExitStack() as stack:
        if request.param == "yahoo":
            fake = stack.enter_context(FakeYahoo({"AAPL": FakeSymbol(rows)}))
            stack.enter_context(routed(monkeypatch, fake))
        source = open_source(
            request.param,
            clock=clock,
            calendars=CALENDARS,
            csv_dir=tmp_path / "csv",
            cache_dir=tmp_path / "cache",
            replay={history.symbol: history} if request.param == "replay" else None,
        )
        yield Case(source, clock, Symbol("SIM-001") if request.param == "simulated" else Symbol("AAPL"))


def closed(case: Case, **limits: date) -> BarSeries:
    series = case.source.history(case.symbol, **limits)   # type: ignore[arg-type]
    assert isinstance(series, BarSeries), series
    return series


def test_bars_ascend_are_unique_and_hold_open_and_close(case: Case) -> None:
    bars = closed(case).bars
    assert len(bars) >= 47
    assert all(a.session < b.session for a, b in pairwise(bars))
    assert all(0.0 < b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high < math.inf for b in bars)
    assert all(b.volume >= 0.0 and b.adj_close > 0.0 for b in bars)


def test_the_newest_bar_is_the_newest_closed_session_and_none_lies_ahead(case: Case) -> None:
    running = datetime(2024, 3, 8, 20, 0, tzinfo=UTC)
    for moment, newest in (
        (EVENING, LAST),
        (datetime(2024, 3, 8, 21, 0, tzinfo=UTC), LAST),
        (running, date(2024, 3, 7)),
        (datetime(2024, 3, 10, 12, 0, tzinfo=UTC), LAST),
    ):
        case.clock.set(moment)
        assert closed(case).bars[-1].session == newest, moment


def test_bars_are_sessions_of_the_instrument_s_exchange(case: Case) -> None:
    series = closed(case, start=FIRST)
    assert series.instrument.exchange == "XNYS"
    assert all(TABLE.get(b.session) is not None for b in series.bars)


def test_a_range_includes_both_its_ends(case: Case) -> None:
    bars = closed(case, start=date(2024, 2, 1), end=date(2024, 2, 6)).bars
    assert [b.session for b in bars] == [date(2024, 2, d) for d in (1, 2, 5, 6)]


def test_a_range_after_the_newest_bar_is_empty(case: Case) -> None:
    assert closed(case, start=LAST + timedelta(days=1)).bars == ()


def test_the_past_does_not_change_as_time_goes_on(case: Case) -> None:
    case.clock.set(EVENING - timedelta(days=7))
    before = closed(case).bars
    case.clock.set(EVENING)
    assert closed(case).bars[: len(before)] == before


def test_after_the_close_the_quote_is_the_close_and_says_when_it_was_made(case: Case) -> None:
    case.clock.set(datetime(2024, 3, 8, 21, 30, tzinfo=UTC))
    (quote,) = case.source.quotes([case.symbol])
    bars = closed(case).bars
    assert isinstance(quote, Quote)
    assert (quote.price, quote.previous_close) == (bars[-1].close, bars[-2].close)
    assert quote.time == datetime(2024, 3, 8, 21, 0, tzinfo=UTC)
    assert quote.source == case.source.name


def test_no_quote_comes_from_the_future(case: Case) -> None:
    for hours in (0, 13, 15, 17, 20, 21, 23):
        case.clock.set(datetime(2024, 3, 7, hours, 30, tzinfo=UTC))
        (quote,) = case.source.quotes([case.symbol])
        assert isinstance(quote, Quote)
        assert quote.time <= case.clock.now()


def test_answers_come_in_the_order_asked_and_a_stranger_spoils_only_its_own(case: Case) -> None:
    stranger = Symbol("ZZZZ9")
    answers = case.source.quotes([stranger, case.symbol])
    assert [a.symbol for a in answers] == [stranger, case.symbol]
    assert isinstance(answers[0], SymbolFailure)
    assert answers[0].kind == "unknown-symbol"
    assert isinstance(answers[1], Quote)
    failure = case.source.history(stranger)
    assert isinstance(failure, SymbolFailure)
    assert failure.kind == "unknown-symbol"
    assert failure.message.startswith("ZZZZ9")
    assert "\n" not in failure.message


def test_a_shorter_interval_is_told_in_slots_that_have_closed_or_not_at_all(case: Case) -> None:
    now = datetime(2024, 3, 7, 17, 7, tzinfo=UTC)
    case.clock.set(now)
    answer = case.source.history(case.symbol, Interval.QUARTER)
    if isinstance(answer, SymbolFailure):
        assert answer.kind in ("no-data", CsvError.kind)
        return
    slots = in_slots(TABLE, Interval.QUARTER)
    assert answer.interval is Interval.QUARTER
    assert all(slots.get(bar.session) is not None and slots.close_of(bar.session) <= now for bar in answer.bars)


def test_nothing_asked_is_nothing_answered(case: Case) -> None:
    assert case.source.quotes([]) == []


def test_the_catalogue_names_symbols_the_source_answers(case: Case) -> None:
    catalogue = case.source.catalogue()
    assert catalogue == case.source.catalogue()
    assert all(isinstance(answer, Quote) for answer in case.source.quotes(catalogue))


def test_a_source_that_answers_is_healthy(case: Case) -> None:
    case.source.quotes([case.symbol])
    health = case.source.health()
    assert (health.name, health.health) == (case.source.name, Health.OK)


def test_a_wrong_name_is_refused_with_the_right_ones(tmp_path: Path) -> None:
    clock = FrozenClock(EVENING)
    with pytest.raises(ConfigError, match="'yaho': no such source; use one of yahoo, csv, replay, simulated"):
        open_source("yaho", clock=clock, calendars=CALENDARS, csv_dir=None, cache_dir=tmp_path)
    with pytest.raises(ConfigError, match="--csv-dir"):
        open_source("csv", clock=clock, calendars=CALENDARS, csv_dir=None, cache_dir=tmp_path)


def test_a_replay_of_a_folder_plays_it_all_and_names_the_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "GOOD.csv").write_text("Date,Open,High,Low,Close\n2024-03-07,1,1,1,1\n2024-03-08,2,2,2,2\n")
    (tmp_path / "BAD.csv").write_text("Date,Open,High,Low,Close\n2024-03-08,1,x,1,1\n")
    clock = FrozenClock(datetime(2024, 3, 8, 15, 0, tzinfo=UTC))
    source = open_source("replay", clock=clock, calendars=CALENDARS, csv_dir=tmp_path, cache_dir=tmp_path)
    good, bad = source.quotes([Symbol("GOOD"), Symbol("BAD")])
    assert isinstance(good, Quote)
    assert (good.price, good.previous_close) == (2.0, 1.0)
    assert isinstance(bad, SymbolFailure)
    assert "BAD.csv: line 2, column High" in bad.message
