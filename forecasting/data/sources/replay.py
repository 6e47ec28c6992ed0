"""Recorded history played on a clock, as a source.

While a recorded session runs, its quote moves along a path from the bar's real open over its high and low to its close;
afterwards it rests at the close. History never holds the running session or a later one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from forecasting.data.calendars import Calendars
from forecasting.data.quality import closed_only
from forecasting.data.sources.base import clip, daily_only, healthy, last_close_quote
from forecasting.domain.clock import Clock
from forecasting.domain.interval import Interval
from forecasting.domain.market import Bar, BarSeries, Quote, SessionState, Symbol, SymbolFailure
from forecasting.domain.sessions import Session, SessionTable
from forecasting.domain.snapshot import SourceHealth


class ReplaySource:
    """Plays any daily histories."""

    name = "replay"

    def __init__(
        self, histories: Mapping[Symbol, BarSeries | SymbolFailure], *, clock: Clock, calendars: Calendars
    ) -> None:
        """Play `histories`; a recording that could not be read is there as its failure, and answered as such."""
        self._histories, self._clock, self._calendars = dict(histories), clock, calendars

    def catalogue(self) -> tuple[Symbol, ...]:
        """The recorded symbols, in the order given."""
        return tuple(self._histories)

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        """Each symbol's price at this moment of the replay."""
        now = self._clock.now()
        return [self._quote(symbol, now) for symbol in symbols]

    def history(
        self, symbol: Symbol, interval: Interval = Interval.DAY, start: date | None = None, end: date | None = None
    ) -> BarSeries | SymbolFailure:
        """Bars of the sessions that have closed by this moment of the replay."""
        if (failure := daily_only(self.name, symbol, interval)) is not None:
            return failure
        recorded = self._recorded(symbol)
        if isinstance(recorded, SymbolFailure):
            return recorded
        now = self._clock.now()
        return clip(closed_only(recorded, self._table(recorded, now), now), start, end)

    def health(self) -> SourceHealth:
        """Always fine."""
        return healthy(self.name)

    def _quote(self, symbol: Symbol, now: datetime) -> Quote | SymbolFailure:
        recorded = self._recorded(symbol)
        if isinstance(recorded, SymbolFailure):
            return recorded
        table = self._table(recorded, now)
        closed = closed_only(recorded, table, now)
        running = table.current(now)
        if running is not None and (bar := _bar_of(recorded, running.session)) is not None:
            return running_quote(bar, running, now, before=closed, source=self.name)
        if not closed.bars:
            message = f"{symbol}: nothing recorded until {now.date()}; the recording starts later"
            return SymbolFailure(symbol, "no-data", message)
        return last_close_quote(closed, table, self.name)

    def _table(self, recorded: BarSeries, now: datetime) -> SessionTable:
        first = min(recorded.bars[0].session, now.date()) if recorded.bars else now.date()
        # A session east of Greenwich may carry tomorrow's date.
        return self._calendars.sessions(recorded.instrument.exchange, first, date.fromordinal(now.toordinal() + 1))

    def _recorded(self, symbol: Symbol) -> BarSeries | SymbolFailure:
        if (recorded := self._histories.get(symbol)) is not None:
            return recorded
        message = f"{symbol}: not among the {len(self._histories)} recorded symbols; remove it or record it"
        return SymbolFailure(symbol, "unknown-symbol", message)


def running_quote(bar: Bar, session: Session, now: datetime, *, before: BarSeries, source: str) -> Quote:
    """The quote inside a running session whose whole bar is known to the source but not yet to anybody else.

    Args:
        bar: The session's bar.
        session: The running session.
        now: Moment inside it.
        before: The closed bars before it, for the previous close.
        source: Name for the quote.
    """
    share = (now - session.open) / (session.close - session.open)
    walked = price_path(bar, share)
    return Quote(
        symbol=before.symbol,
        price=walked[-1],
        time=now,
        previous_close=before.bars[-1].close if before.bars else None,
        currency=before.instrument.currency,
        source=source,
        open=bar.open,
        high=max(walked),
        low=min(walked),
        volume=bar.volume * share,
        state=SessionState.OPEN,
        name=before.instrument.name,
    )


def price_path(bar: Bar, share: float) -> tuple[float, ...]:
    """Where the price has been when `share` (0..1) of the session is over: turning points passed, then the price now.

    Straight lines, a third of the session each: open, low, high, close when the bar rose, open, high, low, close when
    it fell. Exact at both ends and never outside the bar.
    """
    first, second = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    turns = (bar.open, first, second, bar.close)
    leg = min(int(share * 3.0), 2)
    start, end, weight = turns[leg], turns[leg + 1], share * 3.0 - leg
    price = min(max(start * (1.0 - weight) + end * weight, min(start, end)), max(start, end))
    return (*turns[: leg + 1], price)


def _bar_of(series: BarSeries, session: date) -> Bar | None:
    i = bisect_left(series.bars, session, key=lambda bar: bar.session)
    return series.bars[i] if i < len(series.bars) and series.bars[i].session == session else None
