"""Lots become positions: first in, first out, with fees, splits and shorts, exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.holding import Account, Entry, Lot, Position, Split, account, books, in_order
from forecasting.domain.market import Symbol
from forecasting.domain.money import Rate
from forecasting.domain.portfolio import add_up

DAY = date(2024, 1, 1)


def lot(day: int, quantity: str, price: str, fee: str = "0") -> Lot:
    return Lot(DAY + timedelta(days=day), Decimal(quantity), Decimal(price), Decimal(fee))


def split(day: int, new: int, old: int) -> Split:
    return Split(DAY + timedelta(days=day), new, old)


def test_a_sale_closes_the_oldest_lots_first() -> None:
    made = account((lot(0, "10", "100"), lot(1, "10", "120"), lot(2, "-15", "130")))
    # 10 bought at 100 and 5 bought at 120 are sold at 130; 5 at 120 remain.
    assert made == Account(Fraction(5), Fraction(600), Fraction(10 * 30 + 5 * 10))


def test_fees_are_cost_where_they_open_and_lessen_what_closing_wins() -> None:
    assert account((lot(0, "10", "100", "5"),)).cost == 1005
    made = account((lot(0, "10", "100", "5"), lot(1, "-10", "110", "7")))
    assert made == Account(realised=Fraction(100 - 5 - 7))


def test_tenths_add_up_to_what_they_are() -> None:
    assert account([lot(0, "0.1", "0.3")] * 3).cost == Fraction(9, 100)     # floats: 0.09 only nearly
    assert float(account([lot(0, "1", "0.1")] * 3).cost) == 0.3


def test_what_is_sold_beyond_what_is_held_is_short_and_wins_when_the_price_falls() -> None:
    short = account((lot(0, "10", "100"), lot(1, "-15", "120", "3")))
    assert short == Account(Fraction(-5), Fraction(-600 + 1), Fraction(200 - 2))     # the fee is split 10 to 5
    bought_back = account((lot(0, "-5", "120"), lot(1, "5", "90")))
    assert bought_back == Account(realised=Fraction(150))
    held = books((lot(0, "-5", "120", "1"),), DAY + timedelta(days=9)).position(110.0, 115.0, "USD", None)
    assert (held.value, held.pnl, held.day_pnl, held.average) == (-550.0, 49.0, 25.0, 119.8)
    assert held.pnl_pct == pytest.approx(49 / 599 * 100)


def test_a_split_changes_the_number_and_never_the_cost() -> None:
    made = account((lot(0, "10", "1200"), split(5, 10, 1), lot(6, "-40", "130")))
    assert made == Account(Fraction(60), Fraction(7200), Fraction(40 * 130 - 4800))
    assert account((lot(0, "10", "6"), split(1, 1, 3))).quantity == Fraction(10, 3)


def test_a_split_comes_before_the_trades_of_its_day_whatever_the_order_they_were_written_in() -> None:
    written: tuple[Entry, ...] = (lot(5, "-20", "7"), lot(0, "10", "12"), split(5, 2, 1))
    assert account(in_order(written)) == Account(realised=Fraction(20))


def test_the_day_counts_what_was_held_from_the_previous_close_and_what_was_traded_from_its_price() -> None:
    today = DAY + timedelta(days=2)
    entries = (lot(0, "10", "90"), lot(2, "5", "104", "1"), lot(2, "-3", "106", "2"))
    held = books(entries, today).position(105.0, 100.0, "USD", None)
    assert held.day_pnl == 10 * 5 + (5 * 1 - 1) + (-3 * -1 - 2)
    assert books(entries, today).position(105.0, None, "USD", None).day_pnl is None
    bought_today = books((lot(2, "5", "104", "1"),), today)
    assert bought_today.position(105.0, None, "USD", None).day_pnl == 4.0
    halved = books((lot(0, "10", "90"), split(2, 2, 1)), today)
    assert halved.position(51.0, 50.0, "USD", None).day_pnl == 20.0         # the source's previous close is adjusted


def test_without_a_price_the_cost_is_known_and_the_value_is_not() -> None:
    held = books((lot(0, "10", "90"),), DAY).position(None, None, "USD", None)
    assert (held.cost, held.value, held.pnl, held.pnl_pct, held.day_pnl) == (900.0, None, None, None, None)
    closed = books((lot(0, "10", "90"), lot(1, "-10", "99")), DAY + timedelta(days=9)).position(None, None, "USD", None)
    assert (closed.quantity, closed.value, closed.pnl, closed.average, closed.realised) == (0.0, 0.0, 0.0, None, 90.0)


_amounts = st.decimals(0, 10_000, places=4)
_lots = st.builds(
    Lot, st.dates(DAY, DAY + timedelta(days=30)), st.decimals(-500, 500, places=3).filter(bool), _amounts,
    st.decimals(0, 50, places=2),
)


@given(st.lists(_lots, max_size=30))
def test_fifo_agrees_with_a_count_of_single_units(lots: list[Lot]) -> None:
    """Every thousandth of a unit stands in a queue by itself: slow, and hard to get wrong."""
    thousandths = [
        Lot(one.day, Decimal(int(one.quantity * 1000) % 9 - 4 or 5), one.price, one.fee) for one in lots
    ]
    units: list[tuple[int, Fraction]] = []            # sign, and cost of one unit
    realised = Fraction(0)
    ordered = in_order(thousandths)
    for one in ordered:
        assert isinstance(one, Lot)
        sign = 1 if one.quantity > 0 else -1
        fee = Fraction(one.fee) / abs(int(one.quantity))
        for _ in range(abs(int(one.quantity))):
            if units and units[0][0] != sign:
                side, cost = units.pop(0)
                realised += side * Fraction(one.price) - cost - fee
            else:
                units.append((sign, sign * Fraction(one.price) + fee))
    made = account(ordered)
    assert made == Account(Fraction(sum(s for s, _ in units)), sum((c for _, c in units), Fraction(0)), realised)


@given(st.lists(_lots, max_size=30), _amounts)
def test_what_was_won_altogether_is_the_value_and_all_cash_that_came_in_less_what_went_out(
    lots: list[Lot], price: Decimal
) -> None:
    made, last = account(in_order(lots)), Fraction(price)
    cash = sum(-Fraction(one.quantity) * Fraction(one.price) - Fraction(one.fee) for one in lots)
    assert made.realised + (made.quantity * last - made.cost) == made.quantity * last + cash


@given(st.lists(_lots, max_size=20), st.integers(1, 20), st.integers(1, 20), _amounts)
def test_a_split_at_the_end_changes_no_money(lots: list[Lot], new: int, old: int, price: Decimal) -> None:
    before, after = account(in_order(lots)), account((*in_order(lots), split(40, new, old)))
    assert (after.cost, after.realised) == (before.cost, before.realised)
    assert after.quantity * (Fraction(price) * old / new) == before.quantity * Fraction(price)


# Portfolio.

NOW = datetime(2024, 2, 1, tzinfo=UTC)
EUR = Rate("EUR", "USD", 1.25, NOW)


def position(
    value: float | None, cost: float, day: float | None, currency: str, rate: Rate | None = None
) -> Position:
    return Position(1.0, cost, 3.0, value, None if value is None else value - cost, day, currency, rate)


def test_positions_are_added_up_per_currency_and_in_one_and_what_cannot_be_is_named() -> None:
    positions = {
        Symbol("NVDA"): position(120.0, 100.0, 20.0, "USD"), Symbol("AAPL"): position(80.0, 100.0, None, "USD"),
        Symbol("SAP.DE"): position(200.0, 160.0, -40.0, "EUR", EUR), Symbol("7203.T"): position(9e4, 8e4, 0.0, "JPY"),
        Symbol("TSM"): position(None, 50.0, None, "USD"),
    }
    made = add_up(positions, "USD")
    assert made is not None
    assert made.total is not None
    assert (made.total.value, made.total.pnl, made.total.positions) == (120 + 80 + 250, 20 - 20 + 50, 3)
    assert made.total.pnl_pct == pytest.approx(50 / 400 * 100)
    assert made.total.day_pnl == 20 - 50
    assert made.total.day_pct == pytest.approx(-30 / (100 + 300) * 100)
    assert made.total.realised == 3 + 3 + 3.75
    assert [(part.currency, part.value) for part in made.parts] == [("USD", 200.0), ("EUR", 200.0), ("JPY", 9e4)]
    assert made.left_out == ("TSM (no price)", "AAPL (its day: no previous close)", "7203.T (no JPY rate)")


def test_currencies_are_never_added_to_each_other_where_nobody_said_in_which() -> None:
    usd, eur = position(120.0, 100.0, 20.0, "USD"), position(200.0, 160.0, -40.0, "EUR")
    several = add_up({Symbol("NVDA"): usd, Symbol("SAP.DE"): eur}, None)
    assert several is not None
    assert several.total is None
    assert [part.value for part in several.parts] == [200.0, 120.0]
    one = add_up({Symbol("NVDA"): usd}, None)
    assert one is not None
    assert one.total is not None
    assert one.total.currency == "USD"
    assert add_up({}, "USD") is None
