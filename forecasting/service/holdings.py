"""What a person writes down about symbols, and what it is worth: for screen, rules and command line.

Everything goes through the store, so that a daemon at work follows at its next look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from forecasting.data.store.holdings import Holdings
from forecasting.data.text import clean_text
from forecasting.domain.holding import Entry, Holding, account, in_order
from forecasting.domain.market import Symbol
from forecasting.errors import ConfigError, HoldingError
from forecasting.service.holding_lines import MAX_ENTRIES, read_lines

ALIAS_LIMIT = 40
NOTE_LIMIT = 300
MAX_TAGS = 10
LARGEST = 10**18      # units of one symbol that anybody holds

_TAG = re.compile(r"[^\W_][\w-]{0,19}")
_EASTERNMOST = timedelta(hours=14)      # where on Earth a day begins first


class HoldingsDesk:
    """What is written down about the symbols of one store."""

    def __init__(self, holdings: Holdings, now: Callable[[], datetime]) -> None:
        self._holdings = holdings
        self._now = now

    def all(self) -> dict[Symbol, Holding]:
        """Every symbol about which anything is written down."""
        return dict(self._holdings.all())

    def of(self, symbol: Symbol) -> Holding:
        """What is written down about one symbol; an empty holding where nothing is."""
        return self._holdings.all().get(symbol, Holding(symbol))

    @property
    def latest(self) -> date:
        """The last day that a lot may be of: today, wherever that is."""
        return (self._now() + _EASTERNMOST).date()

    def edit(self, symbol: Symbol, *, alias: str, tags: str, note: str, lots: str | None) -> Holding:
        """Write down what a person typed; `lots` as None leaves them as they are.

        Raises:
            HoldingError: If a line of lots cannot be read, which it carries then, or they come to what nobody can hold.
            ConfigError: If a tag cannot be one.
        """
        alias, note = clean_text(alias, limit=ALIAS_LIMIT), clean_text(note, limit=NOTE_LIMIT)
        words = replace(Holding(symbol), alias=alias, tags=read_tags(tags), note=note)
        if lots is None:
            return self._change(symbol, lambda before: replace(words, entries=before.entries))
        entries = _bounded(self.allowed(symbol, read_lines(lots, latest=self.latest)))
        return self._change(symbol, lambda before: replace(words, entries=entries))

    def add(self, symbol: Symbol, lots: str) -> Holding:
        """Write down more lots of a symbol.

        Raises:
            HoldingError: If a line cannot be read, there are too many, or they come to what nobody can hold.
        """
        more = self.allowed(symbol, read_lines(lots, latest=self.latest))
        return self._change(
            symbol, lambda before: replace(before, entries=_bounded(in_order((*before.entries, *more))))
        )

    def _change(self, symbol: Symbol, make: Callable[[Holding], Holding]) -> Holding:
        """Write down what `make` makes of what is written down, whoever else writes at the same time."""
        (made,) = self._holdings.change(lambda kept: [make(kept.get(symbol, Holding(symbol)))])
        return made

    def take_in(self, found: Mapping[Symbol, Holding], *, dry_run: bool = False) -> tuple[int, tuple[Symbol, ...]]:
        """Write down what was `found` beside what is: all of it, or none.

        Returns:
            How many lots are new, and which symbols have changed; with `dry_run`, would have.

        Raises:
            HoldingError: If there are too many lots, or they come to what nobody can hold.
        """
        new = 0

        def merge(kept: Mapping[Symbol, Holding]) -> list[Holding]:
            nonlocal new
            befores = [kept.get(symbol, Holding(symbol)) for symbol in found]
            made = [merged(before, more) for before, more in zip(befores, found.values(), strict=True)]
            new = sum(count for _, count in made)
            return [after for before, (after, _) in zip(befores, made, strict=True) if after != before]

        changed = merge(self._holdings.all()) if dry_run else self._holdings.change(merge)
        return new, tuple(sorted(holding.symbol for holding in changed))

    def write(self, holdings: Iterable[Holding]) -> None:
        """Put these in place of what is written down about their symbols: all of them, or none."""
        self._holdings.save(holdings)

    @staticmethod
    def allowed(symbol: Symbol, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The entries, where the symbol is something that can be held.

        Raises:
            HoldingError: If it is not.
        """
        if entries and symbol.startswith("^"):
            raise HoldingError(0, 0, f"{symbol} is an index, and nobody holds one; write down a fund that follows it")
        return entries


def read_tags(text: str) -> tuple[str, ...]:
    """The tags of a text, apart by blanks or commas; in small letters, each once, sorted.

    Raises:
        ConfigError: If one cannot be a tag, or there are too many.
    """
    tags = sorted({clean_text(word, limit=60).lower() for word in re.split(r"[\s,]+", text) if word})
    if wrong := next((tag for tag in tags if not _TAG.fullmatch(tag)), None):
        raise ConfigError(f"'{wrong}' is no tag; up to 20 letters, digits, _ and -, for example core")
    if len(tags) > MAX_TAGS:
        raise ConfigError(f"{len(tags)} tags of one symbol; at most {MAX_TAGS}")
    return tuple(tags)


def _bounded(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    if len(entries) > MAX_ENTRIES:
        raise HoldingError(MAX_ENTRIES, 0, f"more than {MAX_ENTRIES} lots of one symbol; join old ones")
    held = abs(account(entries).quantity)
    if held and not 1 / LARGEST <= held <= LARGEST:      # splits multiply: some fifty are beyond any float
        units = Decimal(held.numerator) / held.denominator
        raise HoldingError(0, 0, f"these lots come to {units:.1e} units; look at the splits among them")
    return entries


def merged(before: Holding, found: Holding) -> tuple[Holding, int]:
    """One holding of two, as a file is read into a store, and how many lots are new; lots that are equal are the same.

    Raises:
        HoldingError: If there are too many lots, or they come to what nobody can hold.
    """
    old = list(before.entries)
    new = []
    for entry in found.entries:      # two equal lots in a file are two, unless the store has two
        if entry in old:
            old.remove(entry)
        else:
            new.append(entry)
    entries = _bounded(in_order((*before.entries, *new)))
    tags = tuple(sorted({*before.tags, *found.tags}))
    return Holding(before.symbol, found.alias or before.alias, tags, found.note or before.note, entries), len(new)
