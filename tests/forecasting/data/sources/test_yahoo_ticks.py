"""Single messages of the stream: what is believed and what is not. Times and prices stand in the tests."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.data.sources.yahoo_ticks import TickReader, Unreadable
from forecasting.domain.market import Quote, SessionState, Symbol
from tests.support.fake_stream import HOSTILE, frame

AAPL, VOD = Symbol("AAPL"), Symbol("VOD.L")
WANTED = {AAPL, VOD}
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
T = NOW.timestamp()
UNITS = {AAPL: ("USD", 1.0), VOD: ("GBP", 100.0)}


def read(message: str, *, reader: TickReader | None = None, now: datetime = NOW) -> Quote | None:
    return (reader or TickReader(UNITS)).read(message, WANTED, now)


def test_a_price_comes_with_its_time_and_the_digits_it_was_sent_with() -> None:
    quote = read(frame("AAPL", 98.14554, T - 2.5, change=-1.15, day_volume=32882178, day_high=99.5))
    assert quote == Quote(
        AAPL, 98.14554, NOW - timedelta(seconds=2.5), 99.29554, "USD", "yahoo stream",
        high=99.5, volume=32882178.0, state=SessionState.OPEN,
    )


def test_fields_that_protobuf_left_out_are_unknown_not_zero() -> None:
    quote = read(frame("AAPL", 98.0, T, market_hours=0))
    assert quote is not None
    assert (quote.previous_close, quote.open, quote.high, quote.volume) == (None, None, None, None)
    assert quote.state is SessionState.PRE        # its number is 0


def test_after_hours_a_change_does_not_tell_the_previous_close() -> None:
    quote = read(frame("AAPL", 98.0, T, market_hours=2, change=1.0))
    assert quote is not None
    assert (quote.state, quote.previous_close) == (SessionState.POST, None)


@pytest.mark.parametrize("said", [{"currency": "GBp"}, {"currency": ""}])
def test_pence_become_pounds_even_where_the_tick_does_not_say_pence(said: dict[str, str]) -> None:
    quote = read(frame("VOD.L", 71.5, T, change=1.5, **said))
    assert quote is not None
    assert (quote.price, quote.previous_close, quote.currency) == (0.715, 0.7, "GBP")


def test_a_currency_that_contradicts_polling_is_not_believed() -> None:
    assert read(frame("VOD.L", 71.5, T, currency="GBP")) is None
    assert read(frame("AAPL", 98.0, T, currency="\x1b[3")) is None


def test_before_the_first_poll_only_a_tick_that_says_its_currency_counts() -> None:
    assert read(frame("AAPL", 98.0, T, currency=""), reader=TickReader({})) is None
    quote = read(frame("VOD.L", 71.5, T, currency="GBp"), reader=TickReader({}))
    assert quote is not None
    assert (quote.price, quote.currency) == (0.715, "GBP")


@pytest.mark.parametrize("price", [0.0, -5.0, float("nan"), float("inf"), float("-inf")])
def test_a_price_that_is_none_is_dropped(price: float) -> None:
    assert read(frame("AAPL", price, T)) is None


@pytest.mark.parametrize("made", [0.0, -1.0, T - 20 * 60 - 1, T + 61, 9e15])
def test_a_time_too_long_ago_or_ahead_is_dropped(made: float) -> None:
    assert read(frame("AAPL", 98.0, made)) is None


def test_a_clock_a_little_ahead_of_ours_is_forgiven_but_nothing_is_from_the_future() -> None:
    quote = read(frame("AAPL", 98.0, T + 59))
    assert quote is not None
    assert quote.time == NOW


def test_a_tick_before_the_newest_one_is_dropped_and_one_of_the_same_moment_is_not() -> None:
    reader = TickReader(UNITS)
    prices = [read(frame("AAPL", price, T + s), reader=reader) for price, s in ((1.0, -5), (2.0, -6), (3.0, -5))]
    assert [p and p.price for p in prices] == [1.0, None, 3.0]
    # Each symbol has its own newest time.
    assert read(frame("VOD.L", 70.0, T - 30, currency="GBp"), reader=reader) is not None


def test_a_machine_clock_set_back_by_an_hour_does_not_silence_a_symbol_for_one() -> None:
    reader = TickReader(UNITS)
    assert read(frame("AAPL", 1.0, T), reader=reader) is not None
    earlier = NOW - timedelta(hours=1)
    assert read(frame("AAPL", 2.0, earlier.timestamp()), reader=reader, now=earlier) is not None


@pytest.mark.parametrize("symbol", ["NOBODY", "aapl", " AAPL", "", HOSTILE])
def test_a_symbol_nobody_asked_for_is_dropped(symbol: str) -> None:
    assert read(frame(symbol, 98.0, T)) is None


def test_hostile_names_go_nowhere() -> None:
    quote = read(frame("AAPL", 98.0, T, short_name=HOSTILE, exchange=HOSTILE))
    assert quote is not None
    assert quote.name is None
    assert "\x1b" not in repr(quote)


def test_a_message_about_something_else_is_passed_over() -> None:
    assert read(json.dumps({"type": "heartbeat"})) is None


@pytest.mark.parametrize(
    "message",
    ["", "<html>", "[]", "3", '{"type":"pricing"}', '{"type":"pricing","message":3}',
     '{"type":"pricing","message":"?"}', "[" * 50_000,
     json.dumps({"type": "pricing", "message": base64.b64encode(b"\xff" * 40).decode()})],
)  # fmt: skip
def test_rubbish_is_called_rubbish(message: str) -> None:
    with pytest.raises(Unreadable):
        read(message)


@given(st.one_of(st.text(), st.binary(), st.binary().map(
    lambda raw: json.dumps({"type": "pricing", "message": base64.b64encode(raw).decode()})
)))  # fmt: skip
def test_no_message_whatever_gets_anything_but_a_price_through(message: str | bytes) -> None:
    try:
        quote = TickReader(UNITS).read(message, WANTED, NOW)
    except Unreadable:
        return
    assert quote is None or (quote.symbol in WANTED and math.isfinite(quote.price) and quote.price > 0.0)


@given(
    st.sampled_from(sorted(WANTED)), st.floats(width=32), st.floats(-1e12, 1e12), st.text(max_size=6),
    st.floats(width=32), st.floats(width=32), st.integers(-5, 5), st.integers(-(2**40), 2**40),
)  # fmt: skip
def test_no_field_whatever_gets_an_impossible_figure_through(
    symbol: Symbol, price: float, made: float, currency: str, change: float, high: float, hours: int, volume: int
) -> None:
    fields = {"change": change, "day_high": high, "market_hours": hours, "day_volume": volume, "currency": currency}
    for moment in (made, T - 1.0):
        quote = TickReader({}).read(frame(symbol, price, moment, **fields), WANTED, NOW)
        if quote is not None:
            figures = (quote.price, quote.previous_close, quote.high, quote.volume)
            assert all(figure is None or (math.isfinite(figure) and figure > 0.0) for figure in figures)
            assert NOW - timedelta(minutes=20) <= quote.time <= NOW
            assert currency == quote.currency or quote.currency in ("", "GBP", "ZAR", "ILS")
