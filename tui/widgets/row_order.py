"""Which rows of a list are shown, and in which order. Pure; stable, so that equal rows keep the list's own order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from forecasting.domain.snapshot import SymbolRow

Figure = float | str | None

SORT_KEYS: dict[str, Callable[[SymbolRow], Figure]] = {
    "symbol": lambda row: str(row.symbol),
    "last": lambda row: row.display_price,
    "change": lambda row: row.change_pct,
    "forecast": lambda row: row.forecast_pct,
    "band": lambda row: None if row.low_80_pct is None or row.high_80_pct is None else row.high_80_pct - row.low_80_pct,
    "skill": lambda row: row.record.skill if row.record else None,
    "signal": lambda row: row.signal.signal.time.timestamp() if row.signal else None,
    "age": lambda row: row.data_time.timestamp() if row.data_time else None,
}
"""Column -> what it is sorted by."""


@dataclass(frozen=True, slots=True)
class SortOrder:
    """A column to sort by, or the list's own order."""

    column: str | None = None
    reverse: bool = False

    def next_column(self) -> SortOrder:
        """The next column; after the last, the list's own order."""
        columns = (None, *SORT_KEYS)
        return SortOrder(columns[(columns.index(self.column) + 1) % len(columns)])

    def turned(self) -> SortOrder:
        """The same column the other way round."""
        return replace(self, reverse=not self.reverse)


def named(rows: Iterable[SymbolRow], text: str) -> list[SymbolRow]:
    """The rows whose symbol or name contains `text`."""
    needle = text.strip().casefold()
    return [row for row in rows if needle in str(row.symbol).casefold() or needle in row.name.casefold()]


def arrange(rows: Iterable[SymbolRow], order: SortOrder) -> tuple[SymbolRow, ...]:
    """The rows sorted; those without the figure come last either way."""
    shown = list(rows)
    if order.column is None:
        return tuple(reversed(shown)) if order.reverse else tuple(shown)
    key = SORT_KEYS[order.column]
    known = [row for row in shown if key(row) is not None]
    unknown = [row for row in shown if key(row) is None]
    known.sort(key=lambda row: key(row) or 0, reverse=order.reverse)
    return (*known, *unknown)
