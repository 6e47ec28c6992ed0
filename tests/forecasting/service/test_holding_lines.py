"""Lots as lines: what is read, and where a line is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.holding import Lot, Split, in_order
from forecasting.errors import HoldingError
from forecasting.service.holding_lines import MAX_ENTRIES, read_lines, write_lines

LATEST = date(2026, 3, 3)


def test_lines_are_bought_sold_and_split_in_order_of_their_days() -> None:
    read = read_lines("2024-06-10 split 10:1\n\n  2024-01-15 10@183.20 FEE 1 \n2024-07-01 -4 @ .5\n", latest=LATEST)
    assert read == (
        Lot(date(2024, 1, 15), Decimal(10), Decimal("183.20"), Decimal(1)), Split(date(2024, 6, 10), 10, 1),
        Lot(date(2024, 7, 1), Decimal(-4), Decimal("0.5")),
    )
    assert write_lines(read) == "2024-01-15 10 @ 183.20 fee 1\n2024-06-10 split 10:1\n2024-07-01 -4 @ 0.5"
    assert read_lines(" \n\n", latest=LATEST) == ()


@pytest.mark.parametrize(
    ("line", "at", "said"),
    [
        ("soon 10 @ 5", 0, "'soon' is no day"),
        ("2024-W03-1 10 @ 5", 0, "is no day"),
        ("2024-02-30 10 @ 5", 0, "'2024-02-30' is no day"),
        ("2026-03-04 10 @ 5", 0, "not between 1900-01-01 and 2026-03-03, today"),
        ("2024-01-15", 10, "a quantity, as 10 or -4, or: split 10:1 is wanted"),
        ("2024-01-15 0 @ 5", 11, "a lot of nothing"),
        ("2024-01-15 1e3 @ 5", 11, "'1e3' stands where a quantity"),
        ("2024-01-15 ١ @ 5", 11, "stands where a quantity"),
        ("2024-01-15 10 183", 14, "'183' stands where @ and the price are wanted"),
        ("2024-01-15 10 @", 15, "a price, as 183.20 is wanted here"),
        ("2024-01-15 10 @ 1,5", 16, "write a decimal point"),
        ("2024-01-15 10 @ -5", 16, "a price is not negative; what is sold has a negative quantity"),
        ("2024-01-15 10 @ 5 free", 18, "'free' is one word too many"),
        ("2024-01-15 10 @ 5 fee", 21, "the fee, as fee 1 is wanted here"),
        ("2024-01-15 10 @ 5 fee 1 more", 24, "'more' is one word too many"),
        ("2024-01-15 split 0:1", 17, "'0:1' is no ratio"),
        ("2024-01-15 10 @ 5 \x1b[31m", 18, "one word too many"),
    ],
)
def test_the_first_line_that_cannot_be_read_is_named_with_its_place(line: str, at: int, said: str) -> None:
    with pytest.raises(HoldingError) as caught:
        read_lines(f"2024-01-01 1 @ 1\n{line}\nnor this", latest=LATEST)
    assert (caught.value.line, caught.value.at) == (1, at)
    assert said in caught.value.what
    assert str(caught.value) == f"line 2: {caught.value.what}"
    assert caught.value.what.isprintable()


def test_there_is_an_end_to_the_lots_of_one_symbol() -> None:
    with pytest.raises(HoldingError, match=f"line {MAX_ENTRIES + 1}: more than {MAX_ENTRIES} lots"):
        read_lines("2024-01-15 1 @ 1\n" * (MAX_ENTRIES + 1), latest=LATEST)


_money = st.decimals(0, 10**12, places=4)


@given(st.lists(st.builds(
    Lot, st.dates(date(1900, 1, 1), LATEST), st.decimals(-10**9, 10**9, places=8).filter(bool), _money, _money,
) | st.builds(Split, st.dates(date(1900, 1, 1), LATEST), st.integers(1, 999_999), st.integers(1, 999_999))))
def test_what_is_written_is_read_back(entries: list[Lot | Split]) -> None:
    ordered = in_order(entries)
    assert read_lines(write_lines(ordered), latest=LATEST) == ordered


@given(st.text(max_size=80))
def test_no_text_brings_anything_but_lots_or_one_clear_error(text: str) -> None:
    told: HoldingError | None = None
    try:
        read_lines(text, latest=LATEST)
    except HoldingError as error:
        told = error
    assert told is None or str(told).isprintable()
