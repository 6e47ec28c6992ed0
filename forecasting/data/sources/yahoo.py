"""Yahoo Finance through yfinance, as a source.

Quotes come in batches of at most 50 symbols a request; bars one symbol at a time with raw and adjusted closes. yfinance
is imported at first use (it pulls pandas), is kept from writing to the terminal, and sends everything through one
guarded session. Every answer is checked: finite positive prices, the symbol that was asked, nothing from the future,
pence turned into pounds, names without control characters.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecasting.data.calendars import Calendars
from forecasting.data.exchanges import exchange_of, major_unit
from forecasting.data.quality import RawBar, clean_bars, closed_by
from forecasting.data.sources.base import clip, daily_only, last_close_quote
from forecasting.data.sources.yahoo_quotes import read_quote
from forecasting.data.sources.yahoo_stream import URL, YahooStream
from forecasting.data.text import clean_text
from forecasting.domain.clock import Clock, WallClock
from forecasting.domain.market import BarSeries, Instrument, Quote, Symbol, SymbolFailure
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import DataError, SourceBroken, SourceError

if TYPE_CHECKING:
    from forecasting.data.sources.yahoo_session import CircuitBreaker, GuardedSession

_QUOTE_URL = "https://query1.finance.yahoo.com/v7/finance/quote"
_BATCH = 50                         # more than 99 symbols in one request are refused
_FIRST_DAY = date(1927, 1, 1)       # nothing at Yahoo is older
_OVERLAP = timedelta(days=10)       # asked for before `start`: a range without any bar would be an error


class YahooSource:
    """Live quotes and daily bars from Yahoo."""

    name = "yahoo"

    def __init__(
        self, *, cache_dir: Path, clock: Clock, calendars: Calendars, cap_s: float = 8.0, per_second: float = 4.0
    ) -> None:
        """Prepare; nothing is imported or sent before the first question.

        Args:
            cache_dir: Where yfinance keeps time zones and cookies between runs.
            clock: What time it is.
            calendars: Sessions by exchange.
            cap_s: Longest time for one request.
            per_second: Requests per second, on average.
        """
        self._cache_dir, self._clock, self._calendars = cache_dir, clock, calendars
        self._cap_s, self._per_second = cap_s, per_second
        self._guard: tuple[GuardedSession, CircuitBreaker] | None = None
        self._units: dict[Symbol, tuple[str, float]] = {}    # currency and divisor of each symbol's last quote
        self._answered: set[Symbol] = set()    # since the source last failed: "unknown" needs others that work

    def catalogue(self) -> tuple[Symbol, ...]:
        """Empty: Yahoo answers to any symbol."""
        return ()

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        """The latest prices, one request per 50 symbols.

        Raises:
            SourceError: If Yahoo did not answer, or an open breaker keeps us from asking.
        """
        answers: dict[Symbol, Mapping[str, Any]] = {}
        for i in range(0, len(symbols), _BATCH):
            answers |= self._ask_quotes(symbols[i : i + _BATCH])
        self._answered |= answers.keys()
        self._units |= {symbol: major_unit(answer.get("currency")) for symbol, answer in answers.items()}
        return [self._quote(symbol, answers.get(symbol)) for symbol in symbols]

    def history(
        self, symbol: Symbol, interval: str = "1d", start: date | None = None, end: date | None = None
    ) -> BarSeries | SymbolFailure:
        """Bars of the sessions that have closed.

        Raises:
            SourceError: If Yahoo did not answer, or an open breaker keeps us from asking.
        """
        if (failure := daily_only(self.name, symbol, interval)) is not None:
            return failure
        try:
            series = self._ask_bars(symbol, start, end)
        except DataError as error:
            return self._failure(symbol, error.kind, str(error))
        self._answered.add(symbol)
        return clip(series, start, end)

    def health(self) -> SourceHealth:
        """Why the breaker is open and until when, or ok; requests sent."""
        return SourceHealth(self.name, Health.OK, "ok") if self._guard is None else self._guard[1].health(self.name)

    def stream(self, on_quote: Callable[[Quote], None]) -> YahooStream:
        """Yahoo's web socket; `$TAPECAST_STREAM_URL` says where it is if not at Yahoo, as in tests."""
        url = os.environ.get("TAPECAST_STREAM_URL") or URL
        return YahooStream(on_quote, clock=WallClock(), units=self._units, url=url)

    def _connect(self) -> tuple[GuardedSession, CircuitBreaker]:
        """Load yfinance, quieten it and give it the guarded session; once."""
        if self._guard is None:
            import multitasking
            import yfinance
            from yfinance.data import YfData

            from forecasting.data.sources.yahoo_session import CircuitBreaker, GuardedSession, TokenBucket

            warnings.filterwarnings("ignore", module="^yfinance")   # after the import, which adds a filter of its own
            logger = logging.getLogger("yfinance")
            logger.addHandler(logging.NullHandler())
            logger.propagate = False                                # its error lines may carry whole HTML pages
            multitasking.set_daemon(True)                           # or a hung download would hold the exit
            yfinance.config.debug.hide_exceptions = False           # or an outage would look like a delisting
            self._cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            yfinance.set_tz_cache_location(str(self._cache_dir))
            breaker = CircuitBreaker(self._clock)
            session = GuardedSession(breaker, TokenBucket(self._per_second), cap_s=self._cap_s)
            YfData(session=session)
            self._guard = session, breaker
        return self._guard

    @contextmanager
    def _talking(self, asked: str, *, for_all: bool) -> Iterator[GuardedSession]:
        """A conversation with Yahoo: whatever goes wrong in it comes out as an error of ours, and is counted.

        Args:
            asked: What is asked for, for messages.
            for_all: Whether an answer that makes no sense concerns every symbol rather than one.

        Raises:
            SourceError: If Yahoo as a whole is concerned.
            DataError: If one symbol's answer is.
        """
        session, breaker = self._connect()
        from curl_cffi.requests.exceptions import HTTPError, RequestException
        from yfinance.data import YfData

        from forecasting.data.sources.yahoo_errors import classify

        try:
            yield session
        except Exception as error:
            YfData.cache_get.cache_clear()      # it keeps bad answers as well, without end
            known = classify(error, asked)
            if for_all and isinstance(known, DataError):
                known = SourceBroken(f"yahoo: {known}")
            if isinstance(known, SourceError):
                self._answered.clear()
            if known is error:
                raise
            # The session has counted what curl raised; a status that is no server error is only judged here.
            if isinstance(known, SourceError) and (type(error) is HTTPError or not isinstance(error, RequestException)):
                breaker.failed(known)
            raise known from error
        breaker.succeeded()

    def _ask_quotes(self, symbols: Sequence[Symbol]) -> dict[Symbol, Mapping[str, Any]]:
        """Yahoo's quote objects by symbol; symbols it does not know are absent."""
        with self._talking("quotes", for_all=True) as session:
            from yfinance.data import YfData

            params = {"symbols": ",".join(symbols), "formatted": "false"}
            answer = YfData(session=session).get_raw_json(_QUOTE_URL, params=params, timeout=self._cap_s)
            results = answer["quoteResponse"]["result"]
            return {symbol: one for one in results if (symbol := Symbol(str(one["symbol"]).upper())) in symbols}

    def _quote(self, symbol: Symbol, answer: Mapping[str, Any] | None) -> Quote | SymbolFailure:
        if answer is None:
            return self._failure(symbol, "unknown-symbol", f"{symbol}: Yahoo has no quote for it; check its spelling")
        try:
            quote = read_quote(symbol, answer, self.name)
        except DataError as error:
            return self._failure(symbol, error.kind, str(error))
        now = self._clock.now()
        if quote.time <= now + timedelta(minutes=5):    # clocks differ a little
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

    def _ask_bars(self, symbol: Symbol, start: date | None, end: date | None) -> BarSeries:
        """Clean closed bars from at least `start`, with the days before it that make a move visible."""
        now = self._clock.now()
        newest = now.astimezone(UTC).date() + timedelta(days=1)   # it may be tomorrow already, in the east
        with self._talking(symbol, for_all=False) as session:
            import yfinance

            ticker = yfinance.Ticker(symbol, session=session)
            frame = ticker.history(
                start=_FIRST_DAY if start is None else min(start, newest) - _OVERLAP,
                end=min(end or newest, newest) + timedelta(days=1),    # yfinance leaves the last day out
                auto_adjust=False,
                actions=True,
                timeout=self._cap_s,
            )
            meta = ticker.get_history_metadata()
            if (found := str(meta.get("symbol", symbol)).upper()) != symbol:
                found = clean_text(found, limit=20)
                raise DataError(f"{symbol}: Yahoo answered for {found}; it is asked again later")
            currency, divisor = major_unit(meta.get("currency"))
            rows = [_raw_bar(row, divisor) for row in frame.itertuples(name=None)] if not frame.empty else []
            events = _events(frame)
        name = clean_text(str(meta.get("longName") or meta.get("shortName") or symbol), limit=60) or symbol
        instrument = Instrument(symbol, name, exchange_of(symbol), currency)
        first = min((row.session for row in rows), default=now.date())
        table = self._calendars.sessions(instrument.exchange, first, newest)
        is_closed = closed_by(table, now)
        # The running session is no news; a row from beyond tomorrow is an error, which the report names.
        closed = [row for row in rows if is_closed(row.session) or row.session > newest]
        series, _ = clean_bars(instrument, closed, newest=newest, events=events, table=table)
        return series

    def _failure(self, symbol: Symbol, kind: str, message: str) -> SymbolFailure:
        """A failure; "unknown" is only said of a symbol while others are answered."""
        if kind == "unknown-symbol" and not self._answered - {symbol}:
            kind = "no-data"
        return SymbolFailure(symbol, kind, message)


def _raw_bar(row: tuple[Any, ...], divisor: float) -> RawBar:
    """A row of a frame: exchange midnight, open, high, low, close, adjusted close, volume, events."""
    opened, high, low, close, adj_close = (float(price) / divisor for price in row[1:6])
    return RawBar(row[0].date(), opened, high, low, close, adj_close, float(row[6]))


def _events(frame: Any) -> frozenset[date]:
    """Sessions with a dividend, split or capital gain."""
    columns = [name for name in ("Dividends", "Stock Splits", "Capital Gains") if name in frame.columns]
    return frozenset(frame.index[(frame[columns] != 0).any(axis=1)].date) if len(frame) and columns else frozenset()
