"""One currency in terms of another, by the quotes of currency pairs.

`USDEUR=X` says how many euros one dollar is worth. A rate is made of quotes the same source gave in the same batch as
the prices, and always named with its age; where none is known nothing is converted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from forecasting.domain.market import Quote, Symbol
from forecasting.frozen import dataclass

OLDEST = timedelta(days=7)
"""A rate older than this is none: longer than any holiday of the currency market."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in another."""

    base: str              # ISO 4217
    counter: str           # ISO 4217
    value: float           # units of `counter` per unit of `base`, > 0
    time: datetime         # when the pair's price was made, aware UTC

    def convert(self, amount: float) -> float:
        """`amount` of `base` in `counter`."""
        return amount * self.value


def pair(base: str, counter: str) -> Symbol:
    """The symbol of the currency pair that says what one `base` is worth in `counter`."""
    return Symbol(f"{base}{counter}=X")


def pairs_for(currencies: Iterable[str], counter: str) -> tuple[Symbol, ...]:
    """The pairs that turn `currencies` into `counter`; a currency nobody named ("") has none."""
    return tuple(pair(base, counter) for base in sorted(set(currencies) - {"", counter}))


def find_rate(quotes: Mapping[Symbol, Quote], base: str, counter: str, now: datetime) -> Rate | None:
    """The rate from `base` to `counter` by their pair's quote, else by the reverse pair's; None where none is known."""
    if not base or base == counter:
        return None
    for symbol, reverse in ((pair(base, counter), False), (pair(counter, base), True)):
        quote = quotes.get(symbol)
        if quote is not None and now - quote.time <= OLDEST:
            return Rate(base, counter, 1.0 / quote.price if reverse else quote.price, quote.time)
    return None
