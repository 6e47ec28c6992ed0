"""Prices in another currency, and only where a rate is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.data.exchanges import major_unit
from forecasting.domain.market import Quote, Symbol
from forecasting.domain.money import find_rate, pairs_for

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
MADE = NOW - timedelta(seconds=12)


def quotes(**prices: float) -> dict[Symbol, Quote]:
    pairs = {Symbol(f"{name}=X"): price for name, price in prices.items()}
    return {s: Quote(s, price, MADE, None, s[3:6], "test") for s, price in pairs.items()}


def test_a_price_is_converted_by_the_pair_and_the_rate_says_when_it_was_made() -> None:
    rate = find_rate(quotes(USDEUR=0.8, EURUSD=1.3), "USD", "EUR", NOW)
    assert rate is not None
    assert (rate.convert(150.0), rate.time) == (120.0, MADE)


def test_the_reverse_pair_serves_where_the_other_is_not_known() -> None:
    rate = find_rate(quotes(EURUSD=1.25), "USD", "EUR", NOW)
    assert rate is not None
    assert rate.value == pytest.approx(0.8)


def test_without_a_rate_of_this_week_nothing_is_converted() -> None:
    assert find_rate({}, "USD", "EUR", NOW) is None
    assert find_rate(quotes(USDEUR=0.8), "GBP", "EUR", NOW) is None
    assert find_rate(quotes(USDEUR=0.8), "USD", "EUR", NOW + timedelta(days=6)) is not None
    assert find_rate(quotes(USDEUR=0.8), "USD", "EUR", NOW + timedelta(days=8)) is None


def test_there_is_nothing_to_convert_in_the_same_or_an_unnamed_currency() -> None:
    assert find_rate(quotes(EUREUR=1.0), "EUR", "EUR", NOW) is None
    assert find_rate(quotes(USDEUR=0.8), "", "EUR", NOW) is None
    assert pairs_for(["USD", "", "EUR", "GBP", "USD"], "EUR") == ("GBPEUR=X", "USDEUR=X")


PRICES = st.floats(1e-6, 1e7)


@given(PRICES, st.floats(1e-5, 1e5))
def test_there_and_back_is_the_same_price(price: float, value: float) -> None:
    known = quotes(USDEUR=value)
    there, back = find_rate(known, "USD", "EUR", NOW), find_rate(known, "EUR", "USD", NOW)
    assert there is not None
    assert back is not None
    assert back.convert(there.convert(price)) == pytest.approx(price, rel=1e-12)


@given(PRICES, st.sampled_from(["GBp", "GBX", "ZAc", "ILA", "KWF", "USD", "JPY"]))
def test_a_minor_unit_is_a_whole_number_of_a_major_one(price: float, quoted: str) -> None:
    currency, divisor = major_unit(quoted)
    assert divisor in (1.0, 100.0, 1000.0)
    assert major_unit(currency) == (currency, 1.0)
    assert price / divisor * divisor == pytest.approx(price, rel=1e-12)
