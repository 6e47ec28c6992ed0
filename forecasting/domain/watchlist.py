"""Named lists of symbols a person watches."""

from __future__ import annotations

from dataclasses import dataclass, replace

from forecasting.domain.market import Symbol


@dataclass(frozen=True, slots=True)
class WatchGroup:
    """One list: a tab in the watch view."""

    name: str
    symbols: tuple[Symbol, ...]

    def with_symbol(self, symbol: Symbol, at: int | None = None) -> WatchGroup:
        """This list with `symbol` added, at the end or at a place; unchanged if it is there already."""
        if symbol in self.symbols:
            return self
        i = len(self.symbols) if at is None else at
        return replace(self, symbols=(*self.symbols[:i], symbol, *self.symbols[i:]))

    def without(self, symbol: Symbol) -> WatchGroup:
        """This list with `symbol` taken out."""
        return replace(self, symbols=tuple(s for s in self.symbols if s != symbol))
