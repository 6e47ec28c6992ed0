"""What a source of prices must be able to do.

One bad symbol is a value (`SymbolFailure`); only a source that is down as a whole raises (`SourceError`). A source
gets its clock, and whatever else it needs, in its constructor, starts nothing there, and never says anything that its
clock's time does not allow: no bar of a session that has not opened, no quote from the future.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure


class Source(Protocol):
    """Quotes and daily histories by symbol."""

    name: str
    """Short name for the truth line: yahoo, csv, replay, simulated."""

    def catalogue(self) -> tuple[Symbol, ...]:
        """Symbols this source can name by itself, in a stable order; empty for an open-ended one such as Yahoo."""
        ...

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        """The latest price of each symbol, one result per symbol, in the order asked.

        Raises:
            SourceError: If the source as a whole did not answer.
        """
        ...

    def history(
        self, symbol: Symbol, interval: str = "1d", start: date | None = None, end: date | None = None
    ) -> BarSeries | SymbolFailure:
        """Bars of one symbol from `start` to `end`, sessions inclusive; everything there is where they are None.

        The newest bar may belong to a session that is still running: who stores bars cuts it off.

        Raises:
            SourceError: If the source as a whole did not answer.
        """
        ...
