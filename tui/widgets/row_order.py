"""Which rows of a list are shown, and in which order. Pure; stable, so that equal rows keep the list's own order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from forecasting.domain.snapshot import SymbolRow
from forecasting.frozen import dataclass
from tui.widgets.holding_cells import SORT

Figure = float | str | None


def _span(low: float | None, high: float | None) -> float | None:
    """A range in proportion to its low, so that prices of any size compare."""
    return None if not low or high is None else high / low - 1.0


def _place(price: float | None, low: float | None, high: float | None) -> float | None:
    return None if price is None or low is None or high is None or low >= high else (price - low) / (high - low)


SORT_KEYS: dict[str, Callable[[SymbolRow], Figure]] = {
    "symbol": lambda row: str(row.symbol),
    "last": lambda row: row.display_price,
    "change": lambda row: row.change_pct,
    "forecast": lambda row: row.forecast_pct,
    "band": lambda row: None if row.low_80_pct is None or row.high_80_pct is None else row.high_80_pct - row.low_80_pct,
    "skill": lambda row: row.record.skill if row.record else None,
    "signal": lambda row: row.signal.signal.time.timestamp() if row.signal else None,
    "age": lambda row: row.data_time.timestamp() if row.data_time else None,
    "spark": lambda row: row.closes[-1] / row.closes[0] if row.closes else None,
    "name": lambda row: row.alias.casefold() or None,
    "currency": lambda row: row.currency or None,
    "volume": lambda row: row.volume,
    "day": lambda row: _span(row.day_low, row.day_high),
    "year": lambda row: _place(row.last, row.year_low, row.year_high),
    "rsi": lambda row: row.rsi,
    "macd": lambda row: row.macd_hist,
    "p_up": lambda row: row.p_up,
    "coverage": lambda row: row.record.coverage_80 if row.record else None,
    "hits": lambda row: row.record.hit_rate if row.record else None,
    "source": lambda row: row.source or None,
    "state": lambda row: row.session.value if row.session else None,
    **SORT,
}
"""Column -> what it is sorted by."""


@dataclass(frozen=True, slots=True)
class SortOrder:
    """A column to sort by, or the list's own order."""

    column: str | None = None
    reverse: bool = False

    def next_column(self, keys: Iterable[str]) -> SortOrder:
        """The next of the columns `keys`; after the last, the list's own order."""
        columns = (None, *(key for key in keys if key in SORT_KEYS))
        here = columns.index(self.column) if self.column in columns else 0
        return SortOrder(columns[(here + 1) % len(columns)])

    def turned(self) -> SortOrder:
        """The same column the other way round."""
        return replace(self, reverse=not self.reverse)


def named(rows: Iterable[SymbolRow], text: str) -> list[SymbolRow]:
    """The rows whose symbol, name or alias contains `text`."""
    needle = text.strip().casefold()
    return [row for row in rows if any(needle in of.casefold() for of in (row.symbol, row.name, row.alias))]


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
