"""What a fake Yahoo's answers look like when they are wrong in themselves: well-formed JSON, odd content.

Each fault changes the chart or the quote objects of one answer in place; the server's own faults (statuses, broken
bodies, silence) are in `fake_yahoo`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

HOSTILE = "Evil\x1b]52;c;cm0=\x07 \x1b[31mInc\u202e.\x00[@click=app.quit]x[/]"
"""A name that would move a cursor, fill a clipboard, turn text around and click."""

DAY = 86_400


def change_chart(fault: str, result: dict[str, Any]) -> None:
    """Spoil one chart result; does nothing for a fault that concerns quotes alone."""
    if (change := _CHART.get(fault)) is not None:
        change(result)


def change_quote(fault: str, one: dict[str, Any]) -> None:
    """Spoil one quote object; does nothing for a fault that concerns charts alone."""
    if (change := _QUOTE.get(fault)) is not None:
        change(one)


def _columns(result: dict[str, Any]) -> dict[str, list[Any]]:
    return {**result["indicators"]["quote"][0], "adjclose": result["indicators"]["adjclose"][0].get("adjclose", [])}


def _set(index: int | None, value: Any, *names: str) -> Callable[[dict[str, Any]], None]:
    """A change of one row (of all, if None): the named columns become `value`."""

    def change(result: dict[str, Any]) -> None:
        for name, column in _columns(result).items():
            if name in names and column:
                for i in range(len(column)) if index is None else [index]:
                    column[i] = value

    return change


def _rows(order: Callable[[list[int]], list[int]]) -> Callable[[dict[str, Any]], None]:
    """A change of the rows themselves: `order` says by index which come, and in what order."""

    def change(result: dict[str, Any]) -> None:
        if not (stamps := result.get("timestamp")):
            return
        chosen = order(list(range(len(stamps))))
        for column in (stamps, *_columns(result).values()):
            column[:] = [column[i] for i in chosen]

    return change


def _shift(rows: slice, seconds: int) -> Callable[[dict[str, Any]], None]:
    def change(result: dict[str, Any]) -> None:
        if stamps := result.get("timestamp"):
            stamps[rows] = [stamp + seconds for stamp in stamps[rows]]

    return change


def _scaled(rows: slice, factor: float) -> Callable[[dict[str, Any]], None]:
    def change(result: dict[str, Any]) -> None:
        for name, column in _columns(result).items():
            if name != "volume":
                column[rows] = [None if cell is None else cell * factor for cell in column[rows]]

    return change


def _meta(**fields: Any) -> Callable[[dict[str, Any]], None]:
    def change(result: dict[str, Any]) -> None:
        for name, value in fields.items():
            if value is None:
                result["meta"].pop(name, None)
            else:
                result["meta"][name] = value

    return change


def _put(**fields: Any) -> Callable[[dict[str, Any]], None]:
    """A change of a quote: a value, or what a function makes of the old one; None takes the field away."""

    def change(one: dict[str, Any]) -> None:
        for name, value in fields.items():
            if value is None:
                one.pop(name, None)
            else:
                one[name] = value(one[name]) if callable(value) else value

    return change


_PRICES = ("open", "high", "low", "close", "adjclose")

_CHART: dict[str, Callable[[dict[str, Any]], None]] = {
    "null-bars": _set(-3, None, *_PRICES, "volume"),
    "last-null": _set(-1, None, *_PRICES),
    "all-null": _set(None, None, *_PRICES, "volume"),
    "duplicates": _rows(lambda rows: [*rows, *rows[-2:]]),
    "unsorted": _rows(lambda rows: rows[::-1]),
    "future": _shift(slice(-1, None), 30 * DAY),
    "stale": _rows(lambda rows: rows[:-3]),
    "negative": _set(-1, -5.0, "close"),
    "huge": _set(-1, 10**400, "close"),
    "infinite": _set(-1, math.inf, "high", "close"),
    "text": _set(-1, "1,234.5", "close"),
    "text-nan": _set(-1, "NaN", "close"),
    "wrong-currency": _meta(currency="EUR"),
    "no-currency": _meta(currency=None, longName=None, shortName=None),
    "no-zone": _meta(exchangeTimezoneName=None),
    "split-unadjusted": _scaled(slice(-1, None), 0.25),
    "jump": _scaled(slice(-1, None), 1.5),
    "bad-print": _scaled(slice(-2, -1), 3.0),
    "other-symbol": _meta(symbol="TSLA"),
    "hostile": _meta(longName=HOSTILE, shortName=HOSTILE),
}

_QUOTE: dict[str, Callable[[dict[str, Any]], None]] = {
    "all-null": _put(regularMarketPrice=None),
    "future": _put(regularMarketTime=lambda seconds: seconds + 30 * DAY),
    "stale": _put(regularMarketTime=lambda seconds: seconds - 3 * DAY),
    "negative": _put(regularMarketPrice=-5.0),
    "huge": _put(regularMarketPrice=10**400),
    "infinite": _put(regularMarketPrice=math.inf),
    "text": _put(regularMarketPrice="1,234.5"),
    "text-nan": _put(regularMarketPrice="NaN"),
    "wrong-currency": _put(currency="EUR"),
    "no-currency": _put(currency=None, longName=None, shortName=None),
    "split-unadjusted": _put(regularMarketPrice=lambda price: price / 4.0),
    "other-symbol": _put(symbol="TSLA"),
    "hostile": _put(longName=HOSTILE, shortName=HOSTILE),
}

CONTENT_FAULTS = tuple(dict.fromkeys((*_CHART, *_QUOTE)))
"""Every fault there is."""
