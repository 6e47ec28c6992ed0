"""Yahoo Finance as a source, through yfinance's session (see `yahoo_client`).

Quotes come in batches of at most 50 symbols a request; bars one symbol and one request at a time, with raw and adjusted
closes. Every answer is checked: finite positive prices, the symbol that was asked, nothing from the future, pence
turned into pounds, names without control characters.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from forecasting.data.calendars import Calendars
from forecasting.data.exchanges import exchange_of, major_unit
from forecasting.data.quality import RawBar, clean_bars, closed_by
from forecasting.data.sources.base import SYMBOLS_PER_REQUEST, clip, last_close_quote
from forecasting.data.sources.yahoo_breaker import Lane
from forecasting.data.sources.yahoo_charts import Chart, read_chart
from forecasting.data.sources.yahoo_client import YahooClient
from forecasting.data.sources.yahoo_quotes import by_symbol, read_quote
from forecasting.data.sources.yahoo_search import read_search
from forecasting.data.sources.yahoo_stream import URL, YahooStream
from forecasting.domain.clock import Clock, WallClock
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Instrument, Quote, Symbol, SymbolFailure, parse_symbol
from forecasting.domain.search import Match
from forecasting.domain.sessions import in_slots
from forecasting.domain.snapshot import SourceHealth
from forecasting.domain.spelling import nearest
from forecasting.errors import DataError, SourceError, SymbolError

_QUOTE_URL = "https://query1.finance.yahoo.com/v7/finance/quote"
_CHART_URL = "https://query2.finance.yahoo.com/v8/finance/chart/"
_SEARCH_URL = "https://query2.finance.yahoo.com/v1/finance/search"
_FIRST_DAY = date(1927, 1, 1)       # nothing at Yahoo is older
_CLOCKS_DIFFER = timedelta(minutes=5)
_OVERLAP = timedelta(days=10)       # asked for before `start`: a range without any bar would be an error


class YahooSource:
    """Live quotes and daily bars from Yahoo."""

    name = "yahoo"

    def __init__(
        self,
        *,
        cache_dir: Path,
        clock: Clock,
        calendars: Calendars,
        wall: Clock | None = None,
        cap_s: float = 6.0,
        per_second: float = 4.0,
    ) -> None:
        """Prepare; nothing is imported or sent before the first question.

        Args:
            cache_dir: Where yfinance may keep things between runs.
            clock: What time it is for prices; it may stand in the past.
            calendars: Sessions by exchange.
            wall: The machine's clock, by which pauses are kept and the future is told; tests set their own.
            cap_s: Longest time for one request.
            per_second: Requests per second, on average.
        """
        self._clock, self._wall, self._calendars = clock, wall or WallClock(), calendars
        self._client = YahooClient(cache_dir=cache_dir, clock=self._wall, cap_s=cap_s, per_second=per_second)
        self._units: dict[Symbol, tuple[str, float]] = {}    # currency and divisor of each symbol's last quote
        self._answered: set[Symbol] = set()    # of late: "unknown" needs others that work

    def catalogue(self) -> tuple[Symbol, ...]:
        """Empty: Yahoo answers to any symbol."""
        return ()

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        """The latest prices, one request per 50 symbols.

        Raises:
            SourceError: If Yahoo did not answer, or an open breaker keeps us from asking.
        """
        answers: dict[Symbol, Mapping[str, Any]] = {}
        asked = [symbol for symbol in symbols if _misspelt(symbol) is None]
        for i in range(0, len(asked), SYMBOLS_PER_REQUEST):
            answers |= self._ask_quotes(asked[i : i + SYMBOLS_PER_REQUEST])
        self._answered = set(answers)
        self._units |= {symbol: major_unit(answer.get("currency")) for symbol, answer in answers.items()}
        return [self._quote(symbol, answers.get(symbol)) for symbol in symbols]

    def history(
        self, symbol: Symbol, interval: Interval = Interval.DAY, start: date | None = None, end: date | None = None
    ) -> BarSeries | SymbolFailure:
        """Bars that have closed. Yahoo keeps hours for 730 days and shorter ones for 60; the series' notes say so.

        Raises:
            SourceError: If Yahoo did not answer, or an open breaker keeps us from asking.
        """
        if (failure := _misspelt(symbol)) is not None:
            return failure
        oldest = None if interval.kept_for is None else (self._clock.now() - interval.kept_for).date()
        if oldest is not None and end is not None and end < oldest:
            reason = f"Yahoo keeps {interval} bars since {oldest} only, asked until {end}; take a longer interval"
            return self._failure(symbol, "no-data", f"{symbol}: {reason}")
        first = start if oldest is None else max(start or oldest, oldest)
        try:
            with self._talking(symbol, Lane.HISTORY):
                series = self._ask_bars(symbol, first, end, interval)
        except DataError as error:
            return self._failure(symbol, error.kind, str(error))
        self._answered.add(symbol)
        if oldest is not None and start is not None and start < oldest:
            series = replace(series, notes=(*series.notes, f"Yahoo keeps {interval} bars since {oldest} only"))
        return clip(series, start, end)

    def health(self) -> SourceHealth:
        """Why a circuit is open and until when, or ok; requests sent. See `yahoo_breaker`."""
        return self._client.health(self.name)

    def stream(self, on_quote: Callable[[Quote], None]) -> YahooStream:
        """Yahoo's web socket; `$TAPECAST_STREAM_URL` says where it is if not at Yahoo, as in tests."""
        url = os.environ.get("TAPECAST_STREAM_URL") or URL
        return YahooStream(on_quote, clock=WallClock(), units=self._units, url=url)

    def search(self, text: str) -> tuple[Match, ...]:
        """Symbols by name, one request; its failures hold up nothing else.

        Raises:
            SourceError: If Yahoo did not answer, or an open breaker keeps us from asking.
            DataError: If the answer cannot be read.
        """
        with self._client.talking("search", Lane.SEARCH):
            answer = self._client.get_json(_SEARCH_URL, q=text, quotesCount=10, newsCount=0, listsCount=0)
            return read_search(answer)

    def _ask_quotes(self, symbols: Sequence[Symbol]) -> dict[Symbol, Mapping[str, Any]]:
        """Yahoo's quote objects by symbol; symbols it does not know are absent."""
        with self._talking("quotes", Lane.QUOTES):
            answer = self._client.get_json(_QUOTE_URL, symbols=",".join(symbols), formatted="false")
            return by_symbol(answer, symbols)

    @contextmanager
    def _talking(self, asked: str, lane: Lane) -> Iterator[None]:
        try:
            with self._client.talking(asked, lane):
                yield
        except SourceError:
            self._answered.clear()
            raise

    def _quote(self, symbol: Symbol, answer: Mapping[str, Any] | None) -> Quote | SymbolFailure:
        if (failure := _misspelt(symbol)) is not None:
            return failure
        if answer is None:
            meant = f" (did you mean {guess}?)" if (guess := nearest(symbol)) else ""
            return self._failure(
                symbol, "unknown-symbol", f"{symbol}: Yahoo has no quote for it{meant}; check its spelling"
            )
        try:
            quote = read_quote(symbol, answer, self.name)
        except DataError as error:
            return self._failure(symbol, error.kind, str(error))
        now = self._clock.now()
        if quote.time > max(now, self._wall.now()) + _CLOCKS_DIFFER:
            what = f"{symbol}: Yahoo's price is of {quote.time:%Y-%m-%d %H:%M} UTC, which lies ahead"
            return self._failure(symbol, DataError.kind, f"{what}; it is asked again later")
        if quote.time <= now + _CLOCKS_DIFFER:
            return replace(quote, time=min(quote.time, now))
        return self._last_close(symbol, now)

    def _last_close(self, symbol: Symbol, now: datetime) -> Quote | SymbolFailure:
        """The quote as of a clock that stands in the past: the close of the newest session closed then."""
        series = self.history(symbol, start=now.date() - _OVERLAP)
        if isinstance(series, SymbolFailure):
            return series
        if not series.bars:
            return self._failure(symbol, "no-data", f"{symbol}: Yahoo has no bar shortly before {now.date()}")
        table = self._calendars.sessions(series.instrument.exchange, series.bars[-1].session, now.date())
        return last_close_quote(series, table, self.name)

    def _ask_bars(self, symbol: Symbol, start: date | None, end: date | None, interval: Interval) -> BarSeries:
        """Clean closed bars from at least `start`, with the days before it that make a move visible."""
        now = self._clock.now()
        newest = now.astimezone(UTC).date() + timedelta(days=1)   # it may be tomorrow already, in the east
        overlap = _OVERLAP if interval is Interval.DAY else timedelta()      # Yahoo refuses a day more than it keeps
        first_day = _FIRST_DAY if start is None else min(start, newest) - overlap
        chart = self._chart(symbol, interval, first_day, min(end or newest, newest) + timedelta(days=1))
        instrument = Instrument(symbol, chart.name, exchange_of(symbol), chart.currency)
        rows = [RawBar(_key(row.time, interval), *row[1:]) for row in chart.rows]
        first = min((row.time.date() for row in chart.rows), default=now.date())
        table = in_slots(self._calendars.sessions(instrument.exchange, max(first, _FIRST_DAY), newest), interval)
        is_closed, last = closed_by(table, now), interval.last_key(newest)
        # The running bar is no news; a row from beyond tomorrow is an error, which the report names.
        closed = [row for row in rows if is_closed(row.session) or row.session > last]
        events = {_key(row.time, interval) for row in chart.rows if row.time.date() in chart.events}
        series, _ = clean_bars(instrument, closed, newest=last, events=events, table=table, interval=interval)
        if chart.timeless:
            series = replace(series, notes=(f"{chart.timeless} rows without a time, dropped", *series.notes))
        if series.notes and not series.bars:
            count = f"none of {len(closed) + chart.timeless} rows of Yahoo's can be used"
            raise DataError(f"{symbol}: {count} (first: {series.notes[0]}); it is asked again later")
        return series

    def _chart(self, symbol: Symbol, interval: Interval, first: date, last: date) -> Chart:
        """Yahoo's chart from `first` to the end of `last` (UTC), as delivered."""
        span = {"period1": _midnight(first), "period2": _midnight(last + timedelta(days=1))}
        answer = self._client.get_json(
            _CHART_URL + symbol, **span, interval=interval.value, includePrePost="false",
            events="div,splits,capitalGains",
        )
        return read_chart(symbol, answer, self._units.get(symbol, ("", 1.0)))

    def _failure(self, symbol: Symbol, kind: str, message: str) -> SymbolFailure:
        """A failure; "unknown" is only said of a symbol while others are answered."""
        if kind == "unknown-symbol" and not self._answered - {symbol}:
            kind = "no-data"
        return SymbolFailure(symbol, kind, message)


def _key(time: datetime, interval: Interval) -> date:
    """The name of the bar that Yahoo stamps with `time`."""
    return time.date() if interval is Interval.DAY else time.astimezone(UTC)


def _misspelt(symbol: Symbol) -> SymbolFailure | None:
    """A failure if `symbol` is not written as Yahoo does: it becomes part of a path, which nobody escapes."""
    try:
        right = parse_symbol(symbol)
    except SymbolError as error:
        return SymbolFailure(symbol, error.kind, str(error))
    if right == symbol:
        return None
    return SymbolFailure(symbol, SymbolError.kind, f"{right}: Yahoo knows it by this name; write it so")


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
