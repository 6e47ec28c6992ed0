from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.sources.replay import ReplaySource, price_path
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import Bar, BarSeries, Quote, SessionState, Symbol, SymbolFailure
from tests.support.markets import CALENDARS, NEW_YORK

AAPL = Symbol("AAPL")
BEFORE = Bar(date(2024, 1, 3), 10.0, 10.5, 9.5, 10.0, 9.9, 1000.0)
UP = Bar(date(2024, 1, 4), 10.2, 12.0, 9.0, 11.0, 10.9, 900.0)
AFTER = Bar(date(2024, 1, 5), 11.0, 11.5, 8.0, 8.5, 8.4, 800.0)
OPEN, CLOSE = datetime(2024, 1, 4, 14, 30, tzinfo=UTC), datetime(2024, 1, 4, 21, 0, tzinfo=UTC)


def play(moment: datetime) -> ReplaySource:
    recording = {AAPL: BarSeries(NEW_YORK, (BEFORE, UP, AFTER))}
    return ReplaySource(recording, clock=FrozenClock(moment), calendars=CALENDARS)


def quote_at(moment: datetime) -> Quote:
    (quote,) = play(moment).quotes([AAPL])
    assert isinstance(quote, Quote)
    return quote


@pytest.mark.parametrize(
    ("minutes", "price", "low", "high"),
    [
        (0, 10.2, 10.2, 10.2),
        (65, 9.6, 9.6, 10.2),
        (130, 9.0, 9.0, 10.2),
        (195, 10.5, 9.0, 10.5),
        (260, 12.0, 9.0, 12.0),
    ],
)
def test_a_rising_session_runs_from_open_over_low_and_high(minutes: int, price: float, low: float, high: float) -> None:
    quote = quote_at(OPEN + timedelta(minutes=minutes))
    assert (quote.price, quote.low, quote.high) == pytest.approx((price, low, high))
    assert (quote.previous_close, quote.open, quote.state) == (10.0, 10.2, SessionState.OPEN)


def test_after_the_close_the_quote_rests_at_the_close() -> None:
    for moment in (CLOSE, CLOSE + timedelta(minutes=59)):
        quote = quote_at(moment)
        assert (quote.price, quote.time, quote.previous_close) == (11.0, CLOSE, 10.0)


@pytest.mark.parametrize(
    ("moment", "newest"),
    [
        (OPEN - timedelta(seconds=1), 3),
        (OPEN, 3),
        (CLOSE - timedelta(seconds=1), 3),
        (CLOSE, 4),
        (CLOSE + timedelta(days=400), 5),
    ],
)
def test_history_holds_closed_sessions_only(moment: datetime, newest: int) -> None:
    history = play(moment).history(AAPL)
    assert isinstance(history, BarSeries)
    assert history.bars[-1].session.day == newest


def test_before_the_recording_there_is_no_price() -> None:
    (failure,) = play(datetime(2023, 12, 1, tzinfo=UTC)).quotes([AAPL])
    assert isinstance(failure, SymbolFailure)
    assert failure.kind == "no-data"


def test_a_recording_that_could_not_be_read_answers_with_its_failure() -> None:
    broken = SymbolFailure(AAPL, "csv", "AAPL.csv: line 4, ..")
    source = ReplaySource({AAPL: broken}, clock=FrozenClock(OPEN), calendars=CALENDARS)
    assert source.history(AAPL) == broken
    assert source.quotes([AAPL]) == [broken]


PRICE = st.floats(0.01, 1e5)


@settings(deadline=None)
@given(st.tuples(PRICE, PRICE, PRICE, PRICE), st.floats(0.0, 1.0))
def test_the_path_stays_inside_the_bar_and_is_exact_at_both_ends(prices: tuple[float, ...], share: float) -> None:
    low, opened, close, high = sorted(prices)
    for start, end in ((opened, close), (close, opened)):
        bar = Bar(date(2024, 1, 4), start, high, low, end, end, 1.0)
        assert low <= price_path(bar, share)[-1] <= high
        assert (price_path(bar, 0.0)[-1], price_path(bar, 1.0)[-1]) == (start, end)
        assert {low, high} <= set(price_path(bar, 1.0))
