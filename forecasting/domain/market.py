"""Instruments, quotes, bars: what a market says.

Prices are floats in the instrument's currency (pounds, never pence), volumes in units of the instrument, times aware
UTC. A daily bar is named by its *session*, the exchange's own calendar date, because that is the only name that stays
right across time zones and daylight saving; a shorter bar by the instant its slot of the session opens (`interval`).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from forecasting.domain.interval import Interval
from forecasting.domain.spelling import foreign, nearest, yahoo_style
from forecasting.errors import SymbolError
from forecasting.frozen import dataclass

Symbol = NewType("Symbol", str)

# Yahoo's alphabet; it also keeps a symbol from changing a URL's path or a file's folder.
_SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.^=\-]{0,14}")


def parse_symbol(text: str) -> Symbol:
    """Return the symbol a person meant by `text`.

    Upper-cases, strips white space, writes class shares Yahoo's way (`BRK.B` -> `BRK-B`) and Hong Kong's numbers with
    four digits.

    Raises:
        SymbolError: If the text cannot be a ticker symbol; it names the nearest right spelling, if there is one.
    """
    typed = text.strip()
    cleaned = yahoo_style(typed.upper())
    # What is no ASCII may become so in capitals, as a sharp s does: another symbol than was typed.
    if not typed.isascii() or not _SYMBOL.fullmatch(cleaned) or ".." in cleaned or foreign(cleaned):
        shown = "".join(c if c.isprintable() else "?" for c in text[:20])
        if (meant := nearest(text)) is not None:
            raise SymbolError(f"'{shown}' is no ticker symbol as Yahoo writes it; did you mean {meant}?")
        raise SymbolError(f"'{shown}' is no ticker symbol: use 1-15 of A-Z 0-9 . ^ = -, for example NVDA, ^GSPC, BRK-B")
    return Symbol(cleaned)


class SessionState(StrEnum):
    """What an exchange is doing at a moment."""

    PRE = "PRE"
    OPEN = "OPEN"
    BREAK = "BREAK"    # lunch, between two halves of a session
    POST = "POST"
    CLOSED = "CLOSED"

    @property
    def quiet(self) -> bool:
        """Whether no prices are made."""
        return self in (SessionState.BREAK, SessionState.CLOSED)


class RowState(StrEnum):
    """How far a row's price can be trusted now; derived from data time and session, never from hope."""

    LIVE = "LIVE"    # made in the running session, a moment ago
    PRE = "PRE"      # made before the open
    AH = "AH"        # made after hours
    CLOSED = "CLS"   # the last price of a regular session that is over, or that pauses for lunch
    STALE = "STALE"  # the exchange has been open for a while since it was made
    ERR = "ERR"      # no usable price; the row's error says why


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded, where and in which money."""

    symbol: Symbol
    name: str                # cleaned of control and escape characters at the source's border
    exchange: str            # ISO 10383 MIC as exchange_calendars knows it: XNYS, XLON, XTKS, ..; "24/7" for crypto
    currency: str            # ISO 4217; "" if the source did not say
    synthetic: bool = False  # made by a generator, never traded; shown wherever the instrument appears


@dataclass(frozen=True, slots=True)
class Quote:
    """The latest price a source knows."""

    symbol: Symbol
    price: float                    # finite, > 0
    time: datetime                  # when this price was made (aware UTC), not when it was fetched
    previous_close: float | None    # the last regular session's close before `time`'s session
    currency: str
    source: str
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float | None = None
    state: SessionState | None = None  # what the source says of the session, if it does
    name: str | None = None

    @property
    def change_pct(self) -> float | None:
        """Change against the previous close in per cent, or None where that is unknown."""
        return None if not self.previous_close else (self.price / self.previous_close - 1.0) * 100.0


@dataclass(frozen=True, slots=True)
class SymbolFailure:
    """One symbol's failure inside a batch: a value, so that one bad symbol stays one bad row."""

    symbol: Symbol
    kind: str      # the `kind` of an error of `forecasting.errors`, or "unknown-symbol", "no-data"
    message: str   # one line: what was asked, what was found, what to do


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed (or, where said, running) session of one instrument, or one slot of it."""

    session: date      # of a shorter bar the instant it opens, see `interval`
    open: float
    high: float
    low: float
    close: float
    adj_close: float   # close adjusted for splits and dividends
    volume: float      # 0 where the source has none (indices, FX)

    @property
    def factor(self) -> float:
        """Adjustment factor adj_close / close; multiply O, H, L by it before any range is taken."""
        return self.adj_close / self.close


@dataclass(frozen=True, slots=True)
class BarSeries:
    """Bars of one interval of one instrument, ascending and unique by session."""

    instrument: Instrument
    bars: tuple[Bar, ...]
    interval: Interval = Interval.DAY
    notes: tuple[str, ...] = ()  # what was found wrong in the delivered rows and what was done, one line each
    source: str = ""             # who delivered them, where several may

    @property
    def symbol(self) -> Symbol:
        """The instrument's symbol."""
        return self.instrument.symbol


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """RSI and MACD of one closed bar, on adjusted closes; None during warm-up."""

    session: date
    close: float                 # as traded, not adjusted
    rsi: float | None            # 0..100
    macd: float | None           # in price units
    macd_signal: float | None
    macd_hist: float | None
