"""One chart answer of Yahoo's, read with suspicion.

A cell that is no number becomes NaN and costs its row, never the series; a row without a usable time is counted and
left out. What concerns the whole answer (another symbol, no time zone, an error of Yahoo's) is a `DataError`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from forecasting.data.exchanges import major_unit
from forecasting.data.sources.yahoo_errors import chart_error
from forecasting.data.sources.yahoo_quotes import number
from forecasting.data.text import clean_text
from forecasting.domain.market import Symbol
from forecasting.errors import DataError

_PRICES = ("open", "high", "low", "close")


class ChartRow(NamedTuple):
    """One row; a price is None where the cell was empty and NaN where it held no number."""

    time: datetime            # in the exchange's zone: the session's open, or the last trade of a running bar
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adj_close: float | None   # the close where Yahoo sends none, as for bars within a day
    volume: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """What Yahoo says of one symbol."""

    name: str
    currency: str                 # ISO 4217; "" if not said
    rows: tuple[ChartRow, ...]    # as delivered: in any order, prices in major units
    events: frozenset[date]       # sessions with a dividend, a split or a capital gain
    timeless: int                 # rows left out because they have no usable time


def read_chart(symbol: Symbol, answer: object, unit: tuple[str, float] = ("", 1.0)) -> Chart:
    """The one result of a chart answer.

    Args:
        symbol: The one that was asked for.
        answer: What came.
        unit: Currency and divisor of its quotes, for a chart that names no currency: its prices may be pence.

    Raises:
        DataError: If it is an error of Yahoo's, about another symbol, or nothing that can be read.
    """
    chart = _mapping(_mapping(answer).get("chart"))
    if (error := chart.get("error")) is not None:
        raise chart_error(symbol, error)
    result = _mapping(next(iter(_sequence(chart.get("result"))), None))
    meta = _mapping(result.get("meta"))
    if not meta:
        raise DataError(f"{symbol}: Yahoo's chart says nothing about the symbol; it is asked again later")
    if (found := str(meta.get("symbol", symbol)).upper()) != symbol:
        raise DataError(f"{symbol}: Yahoo answered for {clean_text(found, limit=20)}; it is asked again later")
    said = major_unit(meta.get("currency"))
    currency, divisor = said if said[0] else unit
    zone = _zone(symbol, meta.get("exchangeTimezoneName"))
    times = [_time(stamp, zone) for stamp in _sequence(result.get("timestamp"))]
    columns = _columns(_mapping(result.get("indicators")), len(times), divisor)
    rows = [ChartRow(time, *cells) for time, cells in zip(times, columns, strict=True) if time is not None]
    name = clean_text(str(meta.get("longName") or meta.get("shortName") or symbol), limit=60) or symbol
    return Chart(name, currency, tuple(rows), _events(result.get("events"), zone), len(times) - len(rows))


def _columns(
    indicators: Mapping[str, Any], count: int, divisor: float
) -> Iterable[tuple[float | None, ...]]:
    """Prices and volume, a tuple for each of `count` rows; cells that were not sent are empty."""
    quote = _mapping(next(iter(_sequence(indicators.get("quote"))), None))
    prices = [_column(quote.get(name), count, divisor) for name in _PRICES]
    adjusted = _mapping(next(iter(_sequence(indicators.get("adjclose"))), None)).get("adjclose")
    adj_closes = prices[-1] if adjusted is None else _column(adjusted, count, divisor)
    return zip(*prices, adj_closes, _column(quote.get("volume"), count, 1.0), strict=True)


def _column(cells: object, count: int, divisor: float) -> list[float | None]:
    column = [_cell(cell, divisor) for cell in _sequence(cells)[:count]]
    return column + [None] * (count - len(column))


def _cell(cell: object, divisor: float) -> float | None:
    if cell is None:
        return None
    value = number(cell)
    return math.nan if value is None else value / divisor


def _events(events: object, zone: ZoneInfo) -> frozenset[date]:
    dated = (_mapping(one).get("date") for kind in _mapping(events).values() for one in _mapping(kind).values())
    return frozenset(time.date() for stamp in dated if (time := _time(stamp, zone)) is not None)


def _time(stamp: object, zone: ZoneInfo) -> datetime | None:
    seconds = number(stamp)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, zone)
    except (OverflowError, OSError, ValueError):      # a year that no calendar has
        return None


def _zone(symbol: Symbol, name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (KeyError, OSError, ValueError) as error:      # not found; a folder's name; a path that leads away
        shown = clean_text(repr(name), limit=30)
        what = f"{symbol}: Yahoo's chart has no time zone that is known ({shown}); it is asked again later"
        raise DataError(what) from error


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
