"""Market facts: what is put comes back, the newer answer wins, and a bad number changes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.store import Store
from forecasting.domain.interval import Interval
from forecasting.domain.market import Bar, IndicatorRow, Quote, SessionState, Symbol, SymbolFailure
from forecasting.domain.sessions import Session, SessionTable
from forecasting.errors import StoreError
from tests.support.markets import CALENDARS
from tests.support.store import AMD, MONDAY, NVDA, close_of, instrument, series


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    """One store for all examples of a property; each example overwrites what it reads."""
    with Store.temporary() as store:
        yield store


prices = st.floats(min_value=1e-9, max_value=1e12, allow_nan=False)
moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
names = st.text(max_size=20).filter(lambda text: "\x00" not in text and text.isprintable())
bars = st.lists(
    st.builds(
        Bar, session=st.dates(), open=prices, high=prices, low=prices, close=prices, adj_close=prices,
        volume=st.floats(min_value=0, max_value=1e15),
    ),
    min_size=1, max_size=8, unique_by=lambda bar: bar.session,
).map(lambda found: tuple(sorted(found, key=lambda bar: bar.session)))


@settings(max_examples=50, deadline=None)
@given(bars=bars, name=names)
def test_bars_and_their_instrument_come_back_bit_for_bit(shared: Store, bars: tuple[Bar, ...], name: str) -> None:
    whole = replace(series(), bars=bars, instrument=replace(instrument(), name=name))
    shared.market.put_bars(whole, replace=True)
    assert shared.market.series(NVDA) == whole


@settings(max_examples=50, deadline=None)
@given(
    quote=st.builds(
        Quote, symbol=st.sampled_from([NVDA, AMD]), price=prices, time=moments, previous_close=st.none() | prices,
        currency=names, source=names, open=st.none() | prices, state=st.none() | st.sampled_from(SessionState),
        name=st.none() | names,
    )
)
def test_the_newest_quote_comes_back_whole_and_an_older_one_does_not_replace_it(shared: Store, quote: Quote) -> None:
    known = shared.market.quotes().get(quote.symbol)
    shared.market.put_quotes([quote])
    kept = quote if known is None or quote.time >= known.time else known
    assert shared.market.quotes()[quote.symbol] == kept


def test_put_bars_counts_the_bars_that_are_new_or_differ(store: Store) -> None:
    first = series(n=5)
    assert store.market.put_bars(first) == 5
    assert store.market.put_bars(first) == 0
    corrected = replace(first.bars[2], close=102.5)
    assert store.market.put_bars(replace(series(n=6), bars=(corrected, *series(n=6).bars[5:]))) == 2
    assert [b.close for b in store.market.bars(NVDA)] == [100.0, 101.0, 102.5, 103.0, 104.0, 105.0]


def test_bars_are_cut_at_a_session_and_limited_from_the_newest_side(store: Store) -> None:
    store.market.put_bars(series(n=5))
    tuesday, thursday = date(2026, 3, 3), date(2026, 3, 5)
    assert [b.session for b in store.market.bars(NVDA, until=tuesday)] == [MONDAY, tuesday]
    assert [b.close for b in store.market.bars(NVDA, until=thursday, limit=2)] == [102.0, 103.0]
    assert store.market.bars(AMD) == ()
    assert store.market.series(AMD) is None


def test_a_new_adjustment_swaps_the_whole_history_and_drops_indicators_made_from_the_old_one(store: Store) -> None:
    store.market.put_bars(series(n=5))
    store.market.put_indicators(NVDA, [IndicatorRow(MONDAY, 100.0, 55.0, 1.0, 0.5, 0.5)])
    store.market.put_bars(series(n=2, first=date(2026, 3, 9)), replace=True)
    assert [b.session for b in store.market.bars(NVDA)] == [date(2026, 3, 9), date(2026, 3, 10)]
    assert store.market.indicators(NVDA) == ()


def test_a_bar_without_a_number_keeps_the_old_history_whole(store: Store) -> None:
    store.market.put_bars(series(n=5))
    broken = replace(series(n=2), bars=(series().bars[0], replace(series().bars[1], low=math.nan)))
    with pytest.raises(StoreError, match=r"bars\.low"):
        store.market.put_bars(broken, replace=True)
    assert store.market.bars(NVDA) == series(n=5).bars


def test_bars_of_another_interval_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="'5m'"):
        store.market.put_bars(replace(series(), interval=Interval.FIVE))


def test_recent_closes_are_adjusted_ascending_and_shorter_where_history_is(store: Store) -> None:
    store.market.put_bars(series(NVDA, n=5))
    store.market.put_bars(series(AMD, n=2))
    nobody = Symbol("NOBODY")
    assert store.market.recent_closes([NVDA, AMD, nobody], 3) == {NVDA: (51.0, 51.5, 52.0), AMD: (50.0, 50.5)}
    assert store.market.recent_closes([NVDA], 2, until=date(2026, 3, 4)) == {NVDA: (50.5, 51.0)}
    assert store.market.last_sessions() == {NVDA: date(2026, 3, 6), AMD: date(2026, 3, 3)}
    assert store.market.last_sessions([AMD, nobody]) == {AMD: date(2026, 3, 3)}
    assert store.market.bars_known([NVDA, AMD, nobody], 4) == {NVDA: 4, AMD: 2, nobody: 0}


def test_a_failure_stays_until_the_symbol_is_quoted(store: Store) -> None:
    failure = SymbolFailure(NVDA, "no-data", "NVDA: no price; try again")
    store.market.put_failures([failure, SymbolFailure(AMD, "unknown-symbol", "AMD: unknown")], close_of(MONDAY))
    store.market.put_failures([replace(failure, message="NVDA: still none")], close_of(MONDAY))
    assert store.market.failures()[NVDA].message == "NVDA: still none"
    store.market.put_quotes([Quote(NVDA, 101.0, close_of(MONDAY), 100.0, "USD", "csv")])
    assert set(store.market.failures()) == {AMD}


def test_sessions_are_replaced_within_the_span_of_a_new_table_only(store: Store) -> None:
    def session(day: date) -> Session:
        return Session(day, close_of(day) - timedelta(hours=6.5), close_of(day))

    week = [MONDAY + timedelta(days=i) for i in range(5)]
    store.market.put_sessions(SessionTable("XNYS", tuple(map(session, week))))
    holiday_found = SessionTable("XNYS", (session(week[1]), session(week[3])))
    store.market.put_sessions(holiday_found)
    assert [s.session for s in store.market.sessions("XNYS").sessions] == [week[0], week[1], week[3], week[4]]
    assert store.market.sessions("XNYS").get(week[0]) == session(week[0])
    assert store.market.sessions("XLON") == SessionTable("XLON", ())
    assert store.market.exchanges() == ("XNYS",)


def test_indicators_keep_their_warm_up_as_none(store: Store) -> None:
    rows = [
        IndicatorRow(MONDAY, 100.0, None, None, None, None),
        IndicatorRow(date(2026, 3, 3), 101.0, 71.5, 0.25, None, None),
        IndicatorRow(date(2026, 3, 4), 102.0, 72.5, 0.5, 0.25, 0.25),
    ]
    store.market.put_indicators(NVDA, rows)
    store.market.put_indicators(NVDA, [replace(rows[2], rsi=73.0)])
    assert store.market.indicators(NVDA, limit=2) == (rows[1], replace(rows[2], rsi=73.0))
    assert store.market.indicators(NVDA, until=MONDAY) == (rows[0],)
    assert store.market.latest_indicators([NVDA, AMD]) == {NVDA: replace(rows[2], rsi=73.0)}


def test_lunch_is_kept(store: Store) -> None:
    table = CALENDARS.sessions("XTKS", date(2026, 3, 2), date(2026, 3, 3))
    assert table.sessions[0].pause is not None
    store.market.put_sessions(table)
    assert store.market.sessions("XTKS") == table
