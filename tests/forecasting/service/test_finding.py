"""Symbols found by name: what is known first, then the source's own search, which may fail alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from forecasting.data.calendars import Calendars
from forecasting.data.sources.yahoo import YahooSource
from forecasting.data.sources.yahoo_search import read_search
from forecasting.data.store import Store
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import Instrument, Quote, Symbol
from forecasting.domain.search import AskMatches, Match
from forecasting.errors import SourceOffline
from forecasting.service.desk import Desk
from forecasting.service.finding import find
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed, weekday_bars

NOW = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)


class Searcher:
    def __init__(self, *found: Match, catalogue: tuple[str, ...] = (), error: Exception | None = None) -> None:
        self._found, self._catalogue, self._error = found, catalogue, error
        self.asked: list[str] = []

    def catalogue(self) -> tuple[Symbol, ...]:
        return tuple(map(Symbol, self._catalogue))

    def search(self, text: str) -> tuple[Match, ...]:
        self.asked.append(text)
        if self._error is not None:
            raise self._error
        return self._found


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.temporary() as store:
        store.market.put_instruments([
            Instrument(Symbol("TSLA"), "Tesla, Inc.", "XNAS", "USD"),
            Instrument(Symbol("TM"), "Toyota Motor", "XNYS", "USD"),
        ])
        yield store


def found(store: Store, source: object, text: str) -> tuple[list[str], str]:
    matches = find(cast(Desk, SimpleNamespace(store=store, source=source)), AskMatches(text), NOW, lambda step: None)
    return [match.symbol for match in matches.found], matches.note


def test_known_symbols_come_first_and_each_once(store: Store) -> None:
    source = Searcher(Match(Symbol("7203.T"), "Toyota Motor"), Match(Symbol("TM"), "Toyota ADR"), catalogue=("TOYO",))
    assert found(store, source, "toyo") == (["TOYO", "TM", "7203.T"], "")
    assert found(store, source, "motor") == (["TM", "7203.T"], "")


def test_one_letter_is_not_asked_of_the_source(store: Store) -> None:
    source = Searcher(Match(Symbol("X"), "X"))
    assert found(store, source, "t") == (["TM", "TSLA"], "")
    assert source.asked == []


def test_a_source_that_does_not_answer_leaves_what_is_known(store: Store) -> None:
    source = Searcher(error=SourceOffline("yahoo: search: no answer in time; check the network"))
    assert found(store, source, "tesla") == (["TSLA"], "yahoo: search: no answer in time; check the network")


def test_a_source_without_a_search_gives_its_catalogue(store: Store) -> None:
    source = SimpleNamespace(catalogue=lambda: (Symbol("KOMA"), Symbol("MOKA")))
    assert found(store, source, "ko") == (["KOMA"], "")


def test_what_yahoo_says_is_cleaned_and_no_symbol_of_no_kind_is_taken() -> None:
    answer = {"quotes": [
        {"symbol": "TM", "longname": "Toyota\x1b[2J Motor", "exchDisp": "NYSE", "typeDisp": "Equity"},
        {"symbol": "TM260320C00200000_", "shortname": "an option"}, {"symbol": 7}, "text", {"index": "quotes"},
    ]}
    assert read_search(answer) == (Match(Symbol("TM"), "Toyota Motor", "NYSE Equity"),)


def test_a_search_goes_through_the_guarded_session_and_its_failures_hold_up_no_quotes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock = FrozenClock(NOW)
    apple = FakeSymbol(weekday_bars(NOW.date(), 30), name="Apple Inc.")
    with FakeYahoo({"AAPL": apple}) as fake, routed(monkeypatch, fake):
        source = YahooSource(
            cache_dir=tmp_path, clock=clock, wall=clock, calendars=Calendars(), cap_s=0.4, per_second=500.0
        )
        assert source.search("apple") == (Match(Symbol("AAPL"), "Apple Inc.", "NASDAQ Equity"),)
        assert source.search("toyota") == ()
        assert fake.requests["search"] == 2
        fake.faults["search"] = "500"
        for _ in range(8):
            with pytest.raises(Exception, match="yahoo"):
                source.search("apple")
        assert fake.requests["search"] < 10      # its own circuit has opened
        assert isinstance(source.quotes([Symbol("AAPL")])[0], Quote)
