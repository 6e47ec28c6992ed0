"""Made-up tickers that move together, as a source: for trying things out, and for tests with a known truth.

Each ticker is a beta times one market factor plus noise of its own (`synthetic.py`). A ticker's history depends on the
seed and its own symbol only: asking for more tickers, or a day later, changes nothing that was there before. Bars
shorter than a session are a walk from its open to its close, loud in the morning and before the end; longer ones are
made of the five-minute ones, so that all intervals tell of the same prices.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np

from forecasting.data.calendars import Calendars
from forecasting.data.exchanges import US
from forecasting.data.quality import closed_only
from forecasting.data.sources.base import clip, healthy, last_close_quote
from forecasting.data.sources.replay import running_quote
from forecasting.data.sources.synthetic import bars_from_returns, draw_noise, garch_returns, joined, walk_inside
from forecasting.domain.clock import Clock
from forecasting.domain.interval import Interval
from forecasting.domain.market import Bar, BarSeries, Instrument, Quote, Symbol, SymbolFailure
from forecasting.domain.sessions import SessionTable, in_slots
from forecasting.domain.snapshot import SourceHealth

_FIRST = date(2016, 1, 4)
_FINEST = Interval.FIVE
_MARKET_VOL = 0.16


class SimulatedSource:
    """`symbols` seeded tickers SIM-001, SIM-002, .. from 2016 on, in New York's sessions."""

    name = "simulated"

    def __init__(
        self, *, clock: Clock, calendars: Calendars, seed: int, symbols: int, interval: Interval = Interval.DAY
    ) -> None:
        """Make `symbols` tickers from `seed`; `interval` says of which bars the running quote is a part."""
        self._clock, self._calendars, self._seed, self._interval = clock, calendars, seed, interval
        self._symbols = tuple(Symbol(f"SIM-{number:03d}") for number in range(1, symbols + 1))
        self._known = frozenset(self._symbols)
        self._made: dict[Symbol, BarSeries] = {}   # up to the running session
        self._today: dict[Symbol, tuple[date, tuple[Bar, ...]]] = {}    # its finest bars

    def catalogue(self) -> tuple[Symbol, ...]:
        """The tickers made, by number."""
        return self._symbols

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        """Prices at this moment, moving inside a running session from its open to its close."""
        now = self._clock.now()
        table = self._table(now)
        return [self._quote(symbol, table, now) for symbol in symbols]

    def history(
        self, symbol: Symbol, interval: Interval = Interval.DAY, start: date | None = None, end: date | None = None
    ) -> BarSeries | SymbolFailure:
        """Bars that have closed; without a `start`, shorter ones of as long as other sources keep them."""
        now = self._clock.now()
        table = self._table(now)
        series = self._series(symbol, table, now)
        if isinstance(series, SymbolFailure):
            return series
        if interval.kept_for is None:
            return clip(closed_only(series, table, now), start, end)
        wanted = clip(series, start or (now - interval.kept_for).date(), end)
        slots = in_slots(table, interval)
        bars = [bar for day in wanted.bars for bar in self._cut(symbol, day, table, slots)]
        return closed_only(replace(series, bars=tuple(bars), interval=interval), slots, now)

    def health(self) -> SourceHealth:
        """Always fine."""
        return healthy(self.name)

    def _quote(self, symbol: Symbol, table: SessionTable, now: datetime) -> Quote | SymbolFailure:
        series = self._series(symbol, table, now)
        if isinstance(series, SymbolFailure):
            return series
        closed = closed_only(series, table, now)
        if (running := table.current(now)) is not None:
            today = series.bars[len(closed.bars)]
            if self._interval is Interval.DAY:
                return running_quote(today, running, now, before=closed, source=self.name)
            return self._slot_quote(today, table, now, closed)
        return last_close_quote(closed, table, self.name)

    def _slot_quote(self, today: Bar, table: SessionTable, now: datetime, before: BarSeries) -> Quote:
        """The price inside a running session, on the way of its running five minutes."""
        slots = in_slots(table, _FINEST)
        slot = slots.last_opened(now)
        assert slot is not None      # its session runs
        bars = self._cut(before.symbol, today, table, slots)
        done = bars[: bisect_left(bars, slot.session, key=lambda bar: bar.session)]
        quote = running_quote(bars[len(done)], slot, now, before=before, source=self.name)
        return replace(
            quote,
            open=bars[0].open,
            high=max([quote.high or 0.0, *(b.high for b in done)]),
            low=min([quote.low or 0.0, *(b.low for b in done)]),
            volume=(quote.volume or 0.0) + sum(b.volume for b in done),
        )

    def _cut(self, symbol: Symbol, day: Bar, table: SessionTable, slots: SessionTable) -> tuple[Bar, ...]:
        """A daily bar as bars of `slots`."""
        if self._today.get(symbol, (None,))[0] != day.session:
            session = table.get(day.session)
            assert session is not None      # the bars were made from the table
            finest = in_slots(table, _FINEST).between(session.open, session.close)
            seed = [self._seed, zlib.crc32(symbol.encode()), day.session.toordinal()]
            self._today[symbol] = day.session, walk_inside(day, [s.open for s in finest], np.random.default_rng(seed))
        return joined(self._today[symbol][1], slots)

    def _table(self, now: datetime) -> SessionTable:
        return self._calendars.sessions(US, _FIRST, max(now.date(), _FIRST))

    def _series(self, symbol: Symbol, table: SessionTable, now: datetime) -> BarSeries | SymbolFailure:
        """All bars up to the session that `now` lies in or after, the running one included; at least one."""
        if symbol not in self._known:
            message = f"{symbol}: not simulated; there are {self._symbols[0]} to {self._symbols[-1]}"
            return SymbolFailure(symbol, "unknown-symbol", message)
        newest = table.last_opened(now)
        if newest is None:
            return SymbolFailure(symbol, "no-data", f"{symbol}: simulated prices begin on {_FIRST}; take a later date")
        known = self._made.get(symbol)
        if known is None or known.bars[-1].session < newest.session:
            known = self._made[symbol] = self._make(symbol, [s.session for s in table.between(_FIRST, newest.session)])
        return clip(known, None, newest.session)

    def _make(self, symbol: Symbol, sessions: list[date]) -> BarSeries:
        market_noise = draw_noise(np.random.default_rng([self._seed, 0]), len(sessions))
        market, market_sigma = garch_returns(market_noise, _MARKET_VOL)
        rng = np.random.default_rng([self._seed, zlib.crc32(symbol.encode())])
        beta, own_vol, price = rng.uniform(0.4, 1.6), rng.uniform(0.15, 0.45), rng.uniform(15.0, 150.0)
        volume = float(np.exp(rng.uniform(12.0, 16.0)))
        noise = draw_noise(rng, len(sessions))
        own, own_sigma = garch_returns(noise, own_vol)
        returns, sigma = beta * market + own, np.hypot(beta * market_sigma, own_sigma)
        bars = bars_from_returns(sessions, returns, sigma, noise, first_price=price, volume=volume)
        name = f"Simulated {symbol.removeprefix('SIM-')} (synthetic)"
        return BarSeries(Instrument(symbol, name, US, "USD", synthetic=True), bars)
