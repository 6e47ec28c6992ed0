"""Lots and splits as a person writes them, one on a line, and back.

    2024-01-15 10 @ 183.20 fee 1        bought
    2024-03-01 -4 @ 201                 sold, or sold short where nothing was held
    2024-06-10 split 10:1               ten new ones for each old one

Empty lines say nothing. Numbers have a decimal point and no other sign inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NoReturn

from forecasting.domain.holding import Entry, Lot, Split, in_order
from forecasting.errors import HoldingError

MAX_ENTRIES = 1000
EARLIEST = date(1900, 1, 1)
EXAMPLE = "2024-01-15 10 @ 183.20 fee 1"

_PART = re.compile(r"@|[^\s@]+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,13}(?:\.\d{0,10})?|\.\d{1,10})", re.ASCII)
_RATIO = re.compile(r"(\d{1,6}):(\d{1,6})", re.ASCII)


def read_lines(text: str, *, latest: date) -> tuple[Entry, ...]:
    """The lots and splits of `text`, in order.

    Args:
        text: Lines.
        latest: The last day that a lot may be of.

    Raises:
        HoldingError: On the first line that cannot be read; it carries the line and the place in it.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines()) if line.strip()]
    if len(lines) > MAX_ENTRIES:
        raise HoldingError(lines[MAX_ENTRIES][0], 0, f"more than {MAX_ENTRIES} lots of one symbol; join old ones")
    return in_order(_Line(number, line, latest).entry() for number, line in lines)


def write_lines(entries: Iterable[Entry]) -> str:
    """The lots and splits as lines that `read_lines` reads back."""
    return "\n".join(map(line_of, entries))


def line_of(entry: Entry) -> str:
    """One of them."""
    if isinstance(entry, Split):
        return f"{entry.day} split {entry.new}:{entry.old}"
    fee = f" fee {entry.fee:f}" if entry.fee else ""
    return f"{entry.day} {entry.quantity:f} @ {entry.price:f}{fee}"


class _Line:
    """One line, read from left to right."""

    def __init__(self, number: int, text: str, latest: date) -> None:
        self._number, self._latest, self._length = number, latest, len(text.rstrip())
        self._parts = [(match[0], match.start()) for match in _PART.finditer(text)]
        self._next = 0

    def entry(self) -> Entry:
        day = self._day()
        word, at = self._take("a quantity, as 10 or -4, or: split 10:1")
        made = self._split(day) if word.lower() == "split" else self._lot(day, word, at)
        if self._next < len(self._parts):
            word, at = self._parts[self._next]
            self._fail(at, f"'{word[:20]}' is one word too many; a line is as {EXAMPLE}")
        return made

    def _day(self) -> date:
        word, at = self._take(f"a line begins with a day, as {EXAMPLE}")
        try:
            day = date.fromisoformat(word) if _DAY.fullmatch(word) else None
        except ValueError:
            day = None
        if day is None:
            self._fail(at, f"'{word[:20]}' is no day; write it as 2024-01-15")
        if not EARLIEST <= day <= self._latest:
            self._fail(at, f"{day} is not between {EARLIEST} and {self._latest}, today")
        return day

    def _lot(self, day: date, word: str, at: int) -> Lot:
        quantity = self._number_in(word, at, "a quantity, as 10 or -4, or: split 10:1")
        if not quantity:
            self._fail(at, "a lot of nothing; leave the line out")
        sign, at = self._take("@ and the price, as @ 183.20")
        if sign != "@":
            self._fail(at, f"'{sign[:20]}' stands where @ and the price are wanted, as @ 183.20")
        price = self._positive("a price, as 183.20")
        if self._next == len(self._parts):
            return Lot(day, quantity, price)
        word, at = self._take("")
        if word.lower() != "fee":
            self._fail(at, f"'{word[:20]}' is one word too many; after the price stands fee 1, or nothing")
        return Lot(day, quantity, price, self._positive("the fee, as fee 1"))

    def _split(self, day: date) -> Split:
        word, at = self._take("how many new ones for how many old ones, as split 10:1")
        found = _RATIO.fullmatch(word)
        if found is None or not int(found[1]) or not int(found[2]):
            self._fail(at, f"'{word[:20]}' is no ratio; ten new ones for each old one are split 10:1")
        return Split(day, int(found[1]), int(found[2]))

    def _positive(self, wanted: str) -> Decimal:
        word, at = self._take(wanted)
        value = self._number_in(word, at, wanted)
        if value.is_signed() and value:
            self._fail(at, f"{wanted.split(',')[0]} is not negative; what is sold has a negative quantity")
        return abs(value)

    def _number_in(self, word: str, at: int, wanted: str) -> Decimal:
        if not _NUMBER.fullmatch(word):
            comma = "; write a decimal point, and no other sign inside a number" if "," in word else ""
            self._fail(at, f"'{word[:20]}' stands where {wanted} is wanted{comma}")
        return Decimal(word)

    def _take(self, wanted: str) -> tuple[str, int]:
        if self._next == len(self._parts):
            self._fail(self._length, f"{wanted} is wanted here")
        self._next += 1
        return self._parts[self._next - 1]

    def _fail(self, at: int, message: str) -> NoReturn:
        raise HoldingError(self._number, at, message)
