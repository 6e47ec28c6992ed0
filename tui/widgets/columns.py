"""The columns of the watch table: what there is to choose from, what is shown by default, and what goes first."""

from __future__ import annotations

from collections.abc import Sequence

from forecasting.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the watch table."""

    key: str
    label: str
    width: int                 # cells, the gap to the next column included
    right: bool = True         # figures stand at the right


COLUMNS: tuple[Column, ...] = (
    Column("symbol", "SYM", 10, right=False),
    Column("last", "LAST", 9),
    Column("change", "CHG%", 8),
    Column("spark", "20d", 8, right=False),
    Column("forecast", "FCST 5d", 8),
    Column("band", "80% band", 13),
    Column("skill", "SKILL", 8),
    Column("signal", "SIGNAL", 9),
    Column("age", "AGE", 6),
)
"""Shown where nothing else is chosen."""

FURTHER: tuple[Column, ...] = (
    Column("name", "NAME", 20, right=False),
    Column("currency", "CUR", 5, right=False),
    Column("volume", "VOLUME", 8),
    Column("day", "DAY RANGE", 19),
    Column("year", "52w RANGE", 11, right=False),
    Column("rsi", "RSI", 5),
    Column("macd", "MACD H", 9),
    Column("p_up", "P(up)", 7),
    Column("coverage", "80% HELD", 21),
    Column("hits", "HIT RATE", 21),
    Column("source", "SOURCE", 10, right=False),
    Column("state", "EXCH", 7, right=False),
)
"""To be chosen."""

HELD: tuple[Column, ...] = (
    Column("qty", "QTY", 9),
    Column("cost", "COST", 10),
    Column("value", "VALUE", 11),
    Column("pnl", "P&L", 12),
    Column("pnl_pct", "P&L%", 9),
    Column("day_pnl", "DAY P&L", 11),
    Column("tags", "TAGS", 14, right=False),
)
"""To be chosen too, of use to who has written down lots or tags (e)."""

BY_KEY = {column.key: column for column in (*COLUMNS, *FURTHER, *HELD)}

MEANINGS = {
    "symbol": "symbol", "last": "newest price", "change": "change since the last close", "spark": "last 20 closes",
    "forecast": "median forecast, 5 sessions ahead", "band": "where 8 of 10 outcomes should fall",
    "skill": "forecast error against a random walk", "signal": "newest signal and its age",
    "age": "age of the price, or why there is none", "name": "name", "currency": "currency",
    "volume": "volume of the session", "day": "low and high of the session",
    "year": "where the price stands between the low and the high of 52 weeks",
    "rsi": "RSI(14)", "macd": "MACD histogram", "p_up": "chance of a higher close in 5 sessions",
    "coverage": "share of outcomes inside the 80% band, 95% interval, n; crossed: 80% is outside it",
    "hits": "share of right directions, 95% interval, n; crossed: not shown to beat always up",
    "source": "who made the price known", "state": "session of its exchange",
    "qty": "how many are held; negative: short", "cost": "average cost of one, fees included",
    "value": "worth of what is held", "pnl": "won or lost by what is held", "pnl_pct": "the same, % of its cost",
    "day_pnl": "won or lost since the last close", "tags": "tags",
}
"""What each column shows, in words."""

AGEING = frozenset({"signal", "age"})
"""Columns that change while nothing happens."""

# When the table is narrow: what goes first.
_DROP_ORDER = ("spark", "signal", "skill", "band", "forecast", "age")


def columns_for(width: int, chosen: Sequence[str] = ()) -> tuple[Column, ...]:
    """Those a person has chosen, behind the symbol, as wide as they are; else of the default what fits into `width`.

    Of the default the least needed are dropped, never symbol, price and change.
    """
    if chosen:
        return (BY_KEY["symbol"], *(BY_KEY[key] for key in chosen if key in BY_KEY and key != "symbol"))
    kept = list(COLUMNS)
    for key in _DROP_ORDER:
        if sum(column.width for column in kept) <= width:
            break
        kept = [column for column in kept if column.key != key]
    return tuple(kept)
