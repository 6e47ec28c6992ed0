"""Rules over a smart list look at those that are on it now: no one fires by coming onto it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from tests.support.alert_market import AAPL, TABLE, Market
from tests.support.bars import make_series

MSFT = Symbol("MSFT")
BOTH = (AAPL, MSFT)
SESSIONS = [s.session for s in TABLE.sessions if s.session >= date(2015, 1, 5)]
CHEAP = WatchGroup("Cheap", (), "last < 150")


@pytest.fixture
def market() -> Iterator[Market]:
    with Store.temporary() as store:
        market = Market(store, (WatchGroup("Core", BOTH), CHEAP))
        market.rule("last > 105", group="Cheap")
        yield market


def at(minute: int) -> datetime:
    session = TABLE.get(SESSIONS[2])
    assert session is not None
    return session.open + timedelta(minutes=minute)


def look(market: Market, minute: int, aapl: float, msft: float) -> list[Symbol]:
    """Who fires when both have these prices at that minute of the third session."""
    for symbol, price in zip(BOTH, (aapl, msft), strict=True):
        market.quote(symbol, price, at(minute), 101.0)
    return [alert.symbol for alert in market.look(at(minute) + timedelta(seconds=1), *BOTH)]


def begin(market: Market, aapl: float, msft: float) -> None:
    for symbol in BOTH:
        market.close(make_series(symbol, [100.0, 101.0], sessions=SESSIONS[:2]))
    assert look(market, 0, aapl, msft) == []


def test_a_rule_over_a_smart_list_is_about_those_on_it(market: Market) -> None:
    begin(market, 101.0, 200.0)

    assert look(market, 1, 106.0, 210.0) == [AAPL]      # MSFT is above 105 too, and not cheap


@pytest.mark.parametrize("restart", [False, True])
def test_who_comes_onto_a_smart_list_gives_a_baseline_and_fires_at_the_next_edge(market: Market, restart: bool) -> None:
    begin(market, 101.0, 200.0)
    told = []
    for minute, msft in enumerate((140.0, 141.0, 104.0, 106.0), start=1):
        if restart:
            market.restart()
        told.append(look(market, minute, 101.0, msft))

    assert told == [[], [], [], [MSFT]]


@pytest.mark.parametrize("restart", [False, True])
def test_who_comes_back_goes_on_from_what_was_seen_of_it_last(market: Market, restart: bool) -> None:
    begin(market, 101.0, 101.0)
    assert look(market, 1, 101.0, 160.0) == []      # gone before the rule could look
    if restart:
        market.restart()

    assert look(market, 2, 101.0, 140.0) == [MSFT]      # below 105 when it was seen last, as for any other list
    assert look(market, 3, 101.0, 160.0) == []
    assert look(market, 4, 101.0, 140.0) == []          # and above it now


def test_a_smart_list_in_its_new_condition_is_followed_at_the_next_look(market: Market) -> None:
    begin(market, 101.0, 200.0)
    market.groups = (WatchGroup("Core", BOTH), WatchGroup("Cheap", (), "last < 500"))

    assert look(market, 1, 101.0, 200.0) == []      # MSFT's baseline
    assert look(market, 2, 101.0, 101.0) == []
    assert look(market, 3, 101.0, 120.0) == [MSFT]


def test_prices_that_stream_in_are_looked_at_for_who_was_on_the_list_at_the_newest_poll(market: Market) -> None:
    begin(market, 101.0, 200.0)

    assert market.tick(MSFT, 104.0, at(1)) == ()      # on the list from the next poll on
    assert [alert.symbol for alert in market.tick(AAPL, 106.0, at(2))] == [AAPL]
    assert look(market, 3, 106.0, 140.0) == []        # MSFT's baseline
    assert market.tick(MSFT, 104.0, at(4)) == ()
    assert [alert.symbol for alert in market.tick(MSFT, 107.0, at(5))] == [MSFT]


def test_bars_that_closed_while_nobody_watched_are_of_those_on_the_list_now(market: Market) -> None:
    for symbol, newest in ((AAPL, 101.0), (MSFT, 200.0)):
        market.close(make_series(symbol, [100.0, newest], sessions=SESSIONS[:2]))
    market.look(TABLE.close_of(SESSIONS[1]) + timedelta(minutes=2), *BOTH)
    market.restart()
    for symbol, missed in ((AAPL, [101.0, 106.0, 101.0]), (MSFT, [200.0, 90.0, 200.0])):
        market.close(make_series(symbol, [100.0, *missed], sessions=SESSIONS[:4]))

    [alert] = market.look(TABLE.close_of(SESSIONS[3]) + timedelta(minutes=2), *BOTH)

    assert (alert.symbol, alert.late, alert.data_time) == (AAPL, True, TABLE.close_of(SESSIONS[2]))


def test_a_condition_that_cannot_be_read_silences_its_rules_and_says_so(market: Market) -> None:
    market.groups = (WatchGroup("Core", BOTH), WatchGroup("Cheap", (), "lats < 150"))
    begin(market, 101.0, 101.0)

    assert look(market, 1, 106.0, 106.0) == []
    assert market.book.problems[0].startswith("alerts for *Cheap are silent: ")
    market.groups = (WatchGroup("Core", BOTH), CHEAP)
    assert look(market, 2, 106.0, 106.0) == []
    assert market.book.problems == ()
