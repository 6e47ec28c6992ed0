"""Quotes and closed bars from the source into the store, checked on the way."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from forecasting.data.quality import closed_only
from forecasting.domain.market import Bar, BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.money import pairs_for
from forecasting.domain.sessions import SessionTable
from forecasting.features.indicators import indicator_rows
from forecasting.service.backend import OnStep, Step
from forecasting.service.desk import TAIL_BARS, Desk

log = logging.getLogger(__name__)

OVERLAP = timedelta(days=10)
"""How far an incremental history reaches back over what is stored, to see whether it was re-adjusted."""

READJUSTED = 1e-4        # relative change of an adjusted close that cannot be rounding
_RETRY_FIRST = timedelta(minutes=1)
_RETRY_LAST = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Intake:
    """What came in."""

    new: tuple[Symbol, ...]                    # symbols with bars that were not stored before
    failures: tuple[SymbolFailure, ...]


def take_quotes(desk: Desk, symbols: Sequence[Symbol]) -> tuple[SymbolFailure, ...]:
    """Store the latest quotes; failures are stored too, and returned.

    Raises:
        SourceError: If the source as a whole did not answer.
    """
    asked = tuple(dict.fromkeys((*symbols, *_rates(desk, symbols))))
    answers = desk.source.quotes(asked)
    wanted = frozenset(symbols)
    failures = tuple(a for a in answers if isinstance(a, SymbolFailure) and a.symbol in wanted)
    desk.store.market.put_quotes(a for a in answers if isinstance(a, Quote))
    desk.store.market.put_failures(failures, desk.clock.now())
    # In what a symbol is traded is known with its first quote; from the next batch on its rate is in it.
    if late := [pair for pair in _rates(desk, symbols) if pair not in asked]:
        desk.store.market.put_quotes(a for a in desk.source.quotes(late) if isinstance(a, Quote))
    return failures


def _rates(desk: Desk, symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The currency pairs by which prices of `symbols` are shown in the currency a person wants."""
    if desk.display_currency is None:
        return ()
    quotes = desk.store.market.quotes()
    return pairs_for((quotes[s].currency for s in symbols if s in quotes), desk.display_currency)


def take_bars(
    desk: Desk, symbols: Sequence[Symbol], tables: Mapping[Symbol, SessionTable], on_step: OnStep
) -> Intake:
    """Bring the stored bars of every symbol up to its exchange's newest closed session.

    Raises:
        SourceError: If the source as a whole did not answer; what came before it is stored.
    """
    stored = desk.store.market.last_sessions(symbols)
    wanted = [s for s in symbols if _wants_bars(desk, s, tables[s], stored.get(s))]
    new: list[Symbol] = []
    failures: list[SymbolFailure] = []
    for done, symbol in enumerate(wanted):
        on_step(Step("history", f"history of {symbol}, {done + 1} of {len(wanted)}", done / len(wanted)))
        answer = _take_one(desk, symbol, tables[symbol], stored.get(symbol))
        if isinstance(answer, SymbolFailure):
            failures.append(answer)
            _ask_later(desk, symbol)
        elif answer:
            new.append(symbol)
            desk.retry.pop(symbol, None)
        else:
            _ask_later(desk, symbol)
    desk.store.market.put_failures(failures, desk.clock.now())
    return Intake(tuple(new), tuple(failures))


def _wants_bars(desk: Desk, symbol: Symbol, table: SessionTable, stored: date | None) -> bool:
    now = desk.clock.now()
    closed = table.last_closed(now)
    if closed is None or (stored is not None and stored >= closed.session):
        return False
    later = desk.retry.get(symbol)
    # Before the wait began is after it too: the clock was set back.
    return later is None or not later[0] - later[1] <= now < later[0]


def _ask_later(desk: Desk, symbol: Symbol) -> None:
    _, waited = desk.retry.get(symbol, (None, _RETRY_FIRST / 2))
    wait = min(waited * 2, _RETRY_LAST)
    desk.retry[symbol] = (desk.clock.now() + wait, wait)


def _take_one(desk: Desk, symbol: Symbol, table: SessionTable, stored: date | None) -> bool | SymbolFailure:
    """Whether a bar came that was not stored before."""
    start = desk.history_start() if stored is None else stored - OVERLAP
    answer = desk.source.history(symbol, desk.interval, start)
    if isinstance(answer, SymbolFailure):
        return answer
    desk.findings[symbol] = answer.notes
    series = closed_only(answer, table, desk.clock.now())
    if stored is not None and _readjusted(desk.store.market.bars(symbol, limit=20), series.bars):
        log.info("%s: adjusted closes changed, the whole history is read again", symbol)
        answer = desk.source.history(symbol, desk.interval, desk.history_start())
        if isinstance(answer, SymbolFailure):
            return answer
        series = closed_only(answer, table, desk.clock.now())
        _keep(desk, series, replace=True)
    elif series.bars:
        _keep(desk, series, replace=False)
    return bool(series.bars) and (stored is None or series.bars[-1].session > stored)


def _readjusted(kept: Sequence[Bar], fresh: Sequence[Bar]) -> bool:
    """Whether a split or dividend since has changed adjusted closes that are already stored."""
    known = {bar.session: bar.adj_close for bar in kept}
    both = [(known[bar.session], bar.adj_close) for bar in fresh if bar.session in known]
    return any(abs(new / old - 1.0) > READJUSTED for old, new in both)


def _keep(desk: Desk, series: BarSeries, *, replace: bool) -> None:
    """Store bars, and the indicators of the sessions that have none yet."""
    symbol = series.symbol
    desk.store.market.put_instruments([series.instrument])
    desk.store.market.put_bars(series, replace=replace)
    known = None if replace else desk.store.market.latest_indicators([symbol]).get(symbol)
    # Exponential averages forget: over so many bars the tail's figures agree with the whole's to 1e-12.
    bars = desk.store.market.bars(symbol, limit=None if known is None else TAIL_BARS)
    rows = indicator_rows(BarSeries(series.instrument, bars))
    desk.store.market.put_indicators(symbol, [r for r in rows if known is None or r.session > known.session])
