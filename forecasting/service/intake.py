"""Quotes and closed bars from the source into the store, checked on the way.

A symbol whose answer is of no use goes into quarantine and is asked for more rarely; where nobody's answer was of any
use, it is the source's trouble and not the symbols'. A history is only asked for if its newest closed session is not
stored, and then from a few days before the newest bar that is: the overlap shows whether adjusted closes have changed
since, which means that the whole history has to be read again, and it replaces bars that the source has corrected.
A quote and bars that contradict each other have the whole history read again too, at most once an hour.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from forecasting.data.quality import closed_only, without_doubtful_end
from forecasting.data.sources.registry import REMOTE
from forecasting.domain.interval import day_of
from forecasting.domain.market import Bar, BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.money import pairs_for
from forecasting.domain.quarantine import Asked, Quarantined, quarantined
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import Health
from forecasting.errors import QuestionWithdrawn, SourceError
from forecasting.features.indicators import indicator_rows
from forecasting.service.agreeing import judge, note_doubt, other_money
from forecasting.service.backend import OnStep, Step
from forecasting.service.desk import TAIL_BARS, Desk
from forecasting.service.provenance import DIFFER, bar_sources, joined, note_source

log = logging.getLogger(__name__)

OVERLAP = timedelta(days=5)
"""How far an incremental history reaches back over what is stored, to see whether it was re-adjusted."""

READJUSTED = 1e-4        # relative change of an adjusted close that cannot be rounding
OF_THE_SOURCE = frozenset({SourceError.kind, *(cls.kind for cls in SourceError.__subclasses__())})
"""Failures that are none of the symbol's: where several sources are asked, one of them may be silent."""

_RETRY_FIRST = timedelta(minutes=1)
_RETRY_LAST = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Intake:
    """What came in."""

    new: tuple[Symbol, ...]                    # symbols with bars that were not stored before
    failures: tuple[SymbolFailure, ...]
    trouble: SourceError | None = None         # the source stopped answering; those not asked for are failures
    withdrawn: QuestionWithdrawn | None = None     # a person has stopped it; those not asked for come later


def take_quotes(desk: Desk, symbols: Sequence[Symbol]) -> tuple[SymbolFailure, ...]:
    """Store the latest quotes; failures are stored too, and returned, with those of symbols in quarantine.

    Quotes that contradict stored bars are left in `desk.doubted`: see `agreeing.judge_again`.

    Raises:
        SourceError: If the source as a whole did not answer.
    """
    now, market, wanted = desk.clock.now(), desk.store.market, frozenset(symbols)
    known = desk.store.quarantine.of(Asked.QUOTE)
    held = [q for s in symbols if (q := known.get(s)) is not None and _is_held(desk, q)]
    asked = dict.fromkeys((*symbols, *_rates(desk, symbols)))
    for q in held:
        del asked[q.symbol]
    replaced = desk.source.health().substitute
    answers = judge(desk, desk.source.quotes(tuple(asked)))
    quotes = [a for a in answers if isinstance(a, Quote)]
    failures = [a for a in answers if isinstance(a, SymbolFailure) and a.symbol in wanted]
    if quotes and _is_remote(desk):
        silent = [f for f in failures if f.kind in OF_THE_SOURCE]
        own = [f for f in failures if f.kind not in OF_THE_SOURCE]
        entries = [quarantined(f, Asked.QUOTE, known.get(f.symbol), now) for f in own]
        desk.store.quarantine.put(entries)
        failures = [*silent, *(q.failure for q in entries)]
    if replaced is not None and desk.source.health().substitute is None:
        desk.retry.clear()      # whoever is back is asked at once for what nobody else had
    desk.store.quarantine.lift((q.symbol for q in quotes if q.symbol in known), Asked.QUOTE)
    failures += [q.failure for q in held]
    market.put_quotes(quotes)
    market.put_failures(failures, now)
    # In what a symbol is traded is known with its first quote; from the next batch on its rate is in it.
    if late := [pair for pair in _rates(desk, symbols) if pair not in asked]:
        market.put_quotes(a for a in desk.source.quotes(late) if isinstance(a, Quote))
    return tuple(failures)


def _rates(desk: Desk, symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The currency pairs by which prices of `symbols` are shown in the currency a person wants."""
    if desk.display_currency is None:
        return ()
    quotes = desk.store.market.quotes()
    return pairs_for((quotes[s].currency for s in symbols if s in quotes), desk.display_currency)


def take_bars(
    desk: Desk, symbols: Sequence[Symbol], tables: Mapping[Symbol, SessionTable], on_step: OnStep
) -> Intake:
    """Bring the stored bars of every symbol up to its exchange's newest closed session."""
    stored = desk.store.market.last_sessions(symbols)
    whole = desk.again | desk.doubted.keys()
    wanted = [s for s in symbols if s in whole or _wants_bars(desk, s, tables[s], stored.get(s))]
    known, now = desk.store.quarantine.of(Asked.HISTORY), desk.clock.now()
    new: list[Symbol] = []
    asked_out_of_turn = frozenset(whole)
    held = (q for s in wanted if s not in desk.again and (q := known.get(s)) is not None and q.holds(now))
    failures = [q.failure for q in held if q.kind != DIFFER or not _is_well(desk)]
    wanted = [s for s in wanted if s not in {f.symbol for f in failures}]
    trouble: SourceError | None = None
    withdrawn: QuestionWithdrawn | None = None
    for done, symbol in enumerate(wanted):
        try:
            told = f"history of {symbol}, {done + 1} of {len(wanted)}"
            on_step(Step("history", told, done / len(wanted), stored=done > 0))
        except QuestionWithdrawn as error:      # the rest is not asked for at the next tick again
            _put_off(desk, wanted[done:])
            withdrawn = error
            break
        try:
            answer = _take_one(desk, symbol, tables[symbol], stored.get(symbol))
        except SourceError as error:
            trouble = error
            failures += [SymbolFailure(s, error.kind, str(error)) for s in wanted[done:]]
            break
        desk.again.discard(symbol)
        if symbol in desk.doubted:
            note_doubt(desk, symbol)
        if isinstance(answer, SymbolFailure) and answer.kind in OF_THE_SOURCE:
            failures.append(answer)
            _ask_later(desk, symbol)
            continue
        if isinstance(answer, SymbolFailure):
            entry = quarantined(answer, Asked.HISTORY, known.get(symbol), now, rarer=_is_remote(desk))
            desk.store.quarantine.put([entry])
            failures.append(entry.failure)
            continue
        if symbol in known:
            desk.store.quarantine.lift([symbol], Asked.HISTORY)
        if answer:
            new.append(symbol)
            desk.retry.pop(symbol, None)
        elif symbol not in asked_out_of_turn:
            _ask_later(desk, symbol)
    desk.store.market.put_failures(failures, now)
    return Intake(tuple(new), tuple(failures), trouble, withdrawn)


def _is_held(desk: Desk, entry: Quarantined) -> bool:
    """Whether a symbol in quarantine is not asked for now; a person who wants everything has it probed."""
    return entry.symbol not in desk.again and _is_remote(desk) and entry.holds(desk.clock.now())


def _is_remote(desk: Desk) -> bool:
    """Whether a question costs somebody else a request."""
    return desk.source.name in REMOTE


def _is_well(desk: Desk) -> bool:
    """Whether the source, or the first one of several, answers."""
    return desk.source.health().health is Health.OK


def _wants_bars(desk: Desk, symbol: Symbol, table: SessionTable, stored: date | None) -> bool:
    now = desk.clock.now()
    closed = table.last_closed(now)
    if closed is None:
        return False
    foreign = _whose(desk, symbol) != desk.source.name and _is_well(desk)
    if stored is not None and stored >= closed.session and not foreign:
        return False
    later = desk.retry.get(symbol)
    # Before the wait began is after it too: the clock was set back.
    return later is None or not later[0] - later[1] <= now < later[0]


def _put_off(desk: Desk, symbols: Sequence[Symbol]) -> None:
    """Ask for none of these histories for a while."""
    desk.again.clear()
    desk.retry.update((symbol, (desk.clock.now() + _RETRY_LAST, _RETRY_LAST)) for symbol in symbols)


def _ask_later(desk: Desk, symbol: Symbol) -> None:
    _, waited = desk.retry.get(symbol, (None, _RETRY_FIRST / 2))
    wait = min(waited * 2, desk.interval.step or _RETRY_LAST, _RETRY_LAST)
    desk.retry[symbol] = (desk.clock.now() + wait, wait)


def _take_one(desk: Desk, symbol: Symbol, table: SessionTable, stored: date | None) -> bool | SymbolFailure:
    """Whether a bar came that was not stored before.

    Raises:
        SourceError: If the source as a whole did not answer.
    """
    whole = symbol in desk.again or symbol in desk.doubted
    start = desk.history_start() if stored is None or whole else day_of(stored) - OVERLAP
    series = _ask(desk, symbol, table, start)
    if isinstance(series, SymbolFailure):
        return series
    if stored is not None and series.source and series.source != _whose(desk, symbol):
        return _take_from_another(desk, series, table, stored)
    again = stored is not None and (
        _is_in_other_money(desk, series) or _readjusted(desk.store.market.bars(symbol, limit=20), series.bars)
    )
    if again and not whole:
        log.info("%s: adjusted closes changed, the whole history is read again", symbol)
        series = _ask(desk, symbol, table, start := desk.history_start())
        if isinstance(series, SymbolFailure):
            return series
    desk.store.findings.put(symbol, series.notes, since=None if stored is None or again else start)
    if not series.bars:
        return False
    # An answer shorter than what is stored corrects it and takes nothing away.
    first = series.bars[0].session
    reaches_back = whole and stored is not None and first <= desk.store.market.bars(symbol)[0].session
    _keep(desk, series, replace=again or reaches_back)
    return stored is None or series.bars[-1].session > stored


def _whose(desk: Desk, symbol: Symbol) -> str:
    """Whose bars of `symbol` are stored; the first source's, where nothing else was noted."""
    return bar_sources(desk.store).get(symbol, desk.source.name)


def _take_from_another(desk: Desk, series: BarSeries, table: SessionTable, stored: date) -> bool | SymbolFailure:
    """Bars of another source than those that are stored: the first one's replace them all, others may only follow."""
    symbol, whose = series.symbol, _whose(desk, series.symbol)
    is_first = series.source == desk.source.name
    answer: BarSeries | SymbolFailure
    if is_first:
        answer = _ask(desk, symbol, table, desk.history_start())
    else:
        answer = joined(desk.store.market.bars(symbol, limit=20), whose, series)
    if isinstance(answer, SymbolFailure):
        return answer
    if not answer.bars or answer.source != series.source:      # nothing new; or silent again in between
        return False
    desk.store.findings.put(symbol, answer.notes, since=None if is_first else stored)
    if not is_first and (since := f", {series.source} since ") not in whose:
        whose += f"{since}{answer.bars[0].session}"
    _keep(desk, answer if is_first else replace(answer, source=whose), replace=is_first)
    return answer.bars[-1].session > stored


def _ask(desk: Desk, symbol: Symbol, table: SessionTable, start: date | None) -> BarSeries | SymbolFailure:
    """Closed bars from `start`, in the money of those that are stored."""
    answer = desk.source.history(symbol, desk.interval, start)
    if isinstance(answer, SymbolFailure):
        return answer
    known = desk.store.market.instruments().get(symbol)
    if known is not None:
        found = answer.instrument
        failure = other_money(symbol, "history", found.currency, known.currency)
        quote = desk.doubted.get(symbol)
        if failure is not None and (not found.currency or quote is None or quote.currency != found.currency):
            return failure      # else both say so, and all that is stored is replaced
        answer = replace(answer, instrument=replace(found, currency=found.currency or known.currency))
    series = closed_only(answer, table, desk.clock.now())
    return without_doubtful_end(series) if _is_remote(desk) else series


def _is_in_other_money(desk: Desk, series: BarSeries) -> bool:
    known = desk.store.market.instruments().get(series.symbol)
    return known is not None and known.currency not in ("", series.instrument.currency)


def _readjusted(kept: Sequence[Bar], fresh: Sequence[Bar]) -> bool:
    """Whether a split or dividend since has changed adjusted closes that are already stored.

    It changes all that lie before it, the oldest first of all; a print that was corrected changes one.
    """
    known = {bar.session: bar.adj_close for bar in kept}
    both = [(known[bar.session], bar.adj_close) for bar in fresh if bar.session in known]
    changed = [abs(new / old - 1.0) > READJUSTED for old, new in both]
    return any(changed[:1]) or sum(changed) > 1


def _keep(desk: Desk, series: BarSeries, *, replace: bool) -> None:
    """Store bars, and the indicators of the sessions that have none yet."""
    symbol = series.symbol
    desk.store.market.put_instruments([series.instrument])
    desk.store.market.put_bars(series, replace=replace)
    if series.source:
        note_source(desk.store, symbol, series.source)
    known = None if replace else desk.store.market.latest_indicators([symbol]).get(symbol)
    # Exponential averages forget: over so many bars the tail's figures agree with the whole's to 1e-12.
    bars = desk.store.market.bars(symbol, limit=None if known is None else TAIL_BARS)
    rows = indicator_rows(BarSeries(series.instrument, bars))
    desk.store.market.put_indicators(symbol, [r for r in rows if known is None or r.session > known.session])
