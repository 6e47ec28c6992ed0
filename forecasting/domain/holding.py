"""What a person has written down about a symbol: another name, tags, a note, and what was bought and sold of it.

Quantities and prices are decimals as they were typed, and what they come to is computed with fractions: money is added
exactly and rounded once, when it is shown. A sale closes the oldest lots first (FIFO), and so does a purchase where
there is a short position. Fees belong to the cost of what they opened, and are taken off what was won by closing.

A source's prices are adjusted for splits, also those of years ago, while lots are as they were traded. The store knows
of no splits, so that a person writes them among the lots.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from forecasting.domain.market import Symbol
from forecasting.domain.money import Rate
from forecasting.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Lot:
    """Something bought or sold."""

    day: date               # of the trade, on the exchange's calendar
    quantity: Decimal       # never 0; negative: sold, or sold short where nothing was held
    price: Decimal          # of one unit, in the instrument's currency (pounds, never pence), >= 0
    fee: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Split:
    """So many new units for so many old ones, before the first trade of its day."""

    day: date
    new: int
    old: int


Entry = Lot | Split


@dataclass(frozen=True, slots=True)
class Holding:
    """All that is written down about one symbol."""

    symbol: Symbol
    alias: str = ""                    # shown in place of the instrument's name
    tags: tuple[str, ...] = ()         # small letters, sorted
    note: str = ""                     # one line
    entries: tuple[Entry, ...] = ()    # by day, see `in_order`

    @property
    def empty(self) -> bool:
        """Whether nothing is written down."""
        return not (self.alias or self.tags or self.note or self.entries)


@dataclass(frozen=True, slots=True)
class Account:
    """What lots come to, whatever the price is now."""

    quantity: Fraction = Fraction(0)     # negative: short
    cost: Fraction = Fraction(0)         # of what is held, fees included; negative: what a short sale has brought
    realised: Fraction = Fraction(0)     # won by what was closed, less its fees


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one instrument, in the instrument's currency. A figure that is not known is None, never 0."""

    quantity: float           # negative: short; 0: all of it is closed
    cost: float               # of what is held, fees included; negative: what a short sale has brought
    realised: float           # won by what was closed, less its fees
    value: float | None       # at the newest price; negative: what buying back would cost
    pnl: float | None         # what is held has won since it was bought: value less cost
    day_pnl: float | None     # won since the previous close, today's trades and their fees included
    currency: str             # "" where the source did not say
    rate: Rate | None = None  # into the currency that prices are shown in, where that is another and a rate is known

    @property
    def average(self) -> float | None:
        """What one unit has cost, fees included; None where nothing is held."""
        return self.cost / self.quantity if self.quantity else None

    @property
    def pnl_pct(self) -> float | None:
        """`pnl` in per cent of the size of the cost; None where there is no cost."""
        return None if self.pnl is None or not self.cost else self.pnl / abs(self.cost) * 100.0


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """By day, a split before the trades of its day; otherwise as they were written."""
    return tuple(sorted(entries, key=lambda entry: (entry.day, isinstance(entry, Lot))))


def account(entries: Iterable[Entry], *, before: date = date.max) -> Account:
    """What the entries before a day come to, first in, first out.

    Args:
        entries: In order, see `in_order`.
        before: The first day that is left out.
    """
    held: deque[tuple[Fraction, Fraction]] = deque()      # (signed quantity, signed cost), oldest first
    realised = Fraction(0)
    for entry in entries:
        if entry.day >= before:
            break
        if isinstance(entry, Split):
            held = deque((quantity * entry.new / entry.old, cost) for quantity, cost in held)
        else:
            realised += _trade(held, entry)
    return Account(sum((q for q, _ in held), Fraction(0)), sum((c for _, c in held), Fraction(0)), realised)


def _trade(held: deque[tuple[Fraction, Fraction]], lot: Lot) -> Fraction:
    """Close the oldest of what is held the other way round, open what remains; what closing has won."""
    left, price, won = Fraction(lot.quantity), Fraction(lot.price), Fraction(0)
    fee = Fraction(lot.fee) / abs(left)               # per unit: a trade may close one position and open another
    while left and held and (held[0][0] > 0) is not (left > 0):
        quantity, cost = held.popleft()
        closed = quantity if abs(quantity) <= abs(left) else -left
        share = cost * closed / quantity
        won += closed * price - share - abs(closed) * fee
        if closed != quantity:
            held.appendleft((quantity - closed, cost - share))
        left += closed
    if left:
        held.append((left, left * price + abs(left) * fee))
    return won


@dataclass(frozen=True, slots=True)
class Books:
    """A holding's account now and at the previous close, and what was traded since; made once, priced every tick."""

    now: Account
    before: Fraction             # quantity held at the previous close, on today's scale
    today: tuple[Lot, ...]       # traded since

    def position(self, price: float | None, previous_close: float | None, currency: str, rate: Rate | None) -> Position:
        """What is held at a price, in units of the instrument's currency."""
        held, cost = self.now.quantity, self.now.cost
        last = None if price is None else Fraction(price)
        value = Fraction(0) if not held else None if last is None else held * last
        return Position(
            quantity=float(held), cost=float(cost), realised=float(self.now.realised),
            value=None if value is None else float(value), pnl=None if value is None else float(value - cost),
            day_pnl=self._day(last, previous_close), currency=currency, rate=rate,
        )

    def _day(self, last: Fraction | None, previous_close: float | None) -> float | None:
        if not self.before and not self.today:
            return 0.0
        if last is None or (self.before and previous_close is None):
            return None
        won = self.before * (last - Fraction(previous_close)) if self.before and previous_close is not None else 0
        return float(won + sum(Fraction(lot.quantity) * (last - Fraction(lot.price)) - Fraction(lot.fee)
                               for lot in self.today))


def books(entries: tuple[Entry, ...], day: date) -> Books:
    """The books of a holding on `day`, the exchange's date of the newest price; later trades count as that day's."""
    before = account(entries, before=day).quantity
    for entry in entries:
        if isinstance(entry, Split) and entry.day >= day:
            before = before * entry.new / entry.old
    return Books(account(entries), before, tuple(e for e in entries if isinstance(e, Lot) and e.day >= day))
