"""Named lists of symbols a person watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forecasting.domain.market import Symbol
from forecasting.frozen import dataclass

ALL = "All"
"""The tab of everything that is watched; a person's own list of that name takes its place."""

NAME_LIMIT = 40
"""Characters of a list's name."""


@dataclass(frozen=True, slots=True)
class WatchGroup:
    """One list: a tab in the watch view."""

    name: str
    symbols: tuple[Symbol, ...]
    filter: str | None = None      # of a smart list, which has no symbols of its own: those watched of which it holds

    @property
    def smart(self) -> bool:
        """Whether a condition says what is on the list."""
        return self.filter is not None

    @property
    def title(self) -> str:
        """The name as a tab shows it."""
        return f"*{self.name}" if self.smart else self.name

    def with_symbol(self, symbol: Symbol, at: int | None = None) -> WatchGroup:
        """This list with `symbol` added, at the end or at a place; unchanged if it is there already."""
        if symbol in self.symbols:
            return self
        i = len(self.symbols) if at is None else at
        return replace(self, symbols=(*self.symbols[:i], symbol, *self.symbols[i:]))

    def without(self, symbol: Symbol) -> WatchGroup:
        """This list with `symbol` taken out."""
        return replace(self, symbols=tuple(s for s in self.symbols if s != symbol))


def watched(groups: Sequence[WatchGroup]) -> tuple[Symbol, ...]:
    """Every symbol on a list once, in order of first appearance."""
    return tuple(dict.fromkeys(symbol for group in groups for symbol in group.symbols))


def tabs(groups: Sequence[WatchGroup]) -> tuple[WatchGroup, ...]:
    """The lists, and behind the last of more than one with symbols of its own, all they have."""
    plain = [i for i, group in enumerate(groups) if not group.smart]
    if len(plain) < 2 or any(group.name == ALL for group in groups):
        return tuple(groups)
    after = plain[-1] + 1
    return (*groups[:after], WatchGroup(ALL, watched(groups)), *groups[after:])
