"""What a source of prices must be able to do, and what all sources share.

One bad symbol is a value (`SymbolFailure`); only a source that is down as a whole raises (`SourceError`). A source
gets its clock, and whatever else it needs, in its constructor, starts nothing there, and never says anything that its
clock's time does not allow: no bar of a session that has not opened, no quote from the future.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol, runtime_checkable

from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.search import Match
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import Health, SourceHealth

SYMBOLS_PER_REQUEST = 50
"""Quotes that a remote source is asked for at once; Yahoo refuses more than 99."""


class Source(Protocol):
    """Quotes and histories by symbol."""

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
        self, symbol: Symbol, interval: Interval = Interval.DAY, start: date | None = None, end: date | None = None
    ) -> BarSeries | SymbolFailure:
        """Bars of one symbol from `start` to `end`, sessions inclusive; everything there is where they are None.

        Of bars shorter than a session both are days of UTC, and None for `start` may mean no more than a source gives
        without being asked. The newest bar may still be running: who stores bars cuts it off.

        Raises:
            SourceError: If the source as a whole did not answer.
        """
        ...

    def health(self) -> SourceHealth:
        """How the source is doing: what is wrong and since when, when it will be tried again, requests sent."""
        ...


class PriceStream(Protocol):
    """Prices as they are made, between two questions; what it brings is never more than an addition to them."""

    def watch(self, symbols: Collection[Symbol]) -> None:
        """Bring prices of just these from now on; none: stop. Returns at once."""
        ...

    def health(self) -> SourceHealth:
        """Ok while prices come; else why not, since when, and when it is tried again."""
        ...

    def close(self) -> None:
        """Stop for good, within two seconds; safe to call twice."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """What a source that has such a stream can do as well."""

    def stream(self, on_quote: Callable[[Quote], None]) -> PriceStream:
        """A stream that calls back, from a thread of its own, with each price; nothing is started yet."""
        ...


@runtime_checkable
class Searching(Protocol):
    """What a source that finds symbols by name can do as well."""

    def search(self, text: str) -> tuple[Match, ...]:
        """The symbols that may be meant by `text`, likeliest first.

        Raises:
            SourceError: If the source as a whole did not answer.
            DataError: If its answer cannot be read.
        """
        ...


def clip(series: BarSeries, start: date | None, end: date | None) -> BarSeries:
    """`series` from `start` to `end`, both included; unbounded where None."""
    if start is None and end is None:
        return series
    bars, interval = series.bars, series.interval
    first = 0 if start is None else bisect_left(bars, interval.first_key(start), key=lambda bar: bar.session)
    last = len(bars) if end is None else bisect_right(bars, interval.last_key(end), key=lambda bar: bar.session)
    return replace(series, bars=bars[first:last])


def daily_only(source: str, symbol: Symbol, interval: Interval) -> SymbolFailure | None:
    """A failure if anything but daily bars is asked of a source that has only those."""
    if interval is Interval.DAY:
        return None
    message = f"{symbol}: the {source} source has daily bars only, asked for '{interval}'; ask for '1d'"
    return SymbolFailure(symbol, "no-data", message)


def healthy(source: str) -> SourceHealth:
    """The health of a source that needs no network."""
    return SourceHealth(source, Health.OK, "ok")


def last_close_quote(series: BarSeries, table: SessionTable, source: str) -> Quote:
    """The newest bar's close as a quote, timed when it closed; `series` holds closed bars, at least one.

    Open, high, low and volume are those of its session so far, the previous close is the session's before. A bar on a
    day the exchange does not trade by its calendar is timed at the end of that day, UTC.
    """
    bar = series.bars[-1]
    first = bisect_left(series.bars, table.first_of(bar.session), key=lambda b: b.session)
    today = series.bars[first:]
    return Quote(
        symbol=series.symbol,
        price=bar.close,
        time=table.close_of(bar.session),
        previous_close=series.bars[first - 1].close if first else None,
        currency=series.instrument.currency,
        source=source,
        open=today[0].open,
        high=max(b.high for b in today),
        low=min(b.low for b in today),
        volume=sum(b.volume for b in today),
        name=series.instrument.name,
    )
