"""The signals of one tick: technical, closes outside bands, and a model's direction where its record supports one.

Every bar is judged once, in its order, also those that closed while nobody ran; how far each symbol has been judged
is kept, so that a tick that was killed half-way leaves no bar out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise

from forecasting.data.store import Store
from forecasting.domain.decision import Signal
from forecasting.domain.forecast import MODELS, Forecast, LedgerEntry, TrackRecord
from forecasting.domain.interval import parse_key
from forecasting.domain.market import Bar, Symbol
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import FORECAST_SHOWN
from forecasting.service.desk import Desk
from forecasting.service.view import best_record, by_key
from forecasting.trading import signals
from forecasting.trading.technical import CONTEXT, Study

FIRST_SIGHT = 252     # sessions whose technical signals a new symbol brings along, so that its journal is not empty
_JUDGED = "signals/judged"


def judged_to(store: Store, known: Mapping[Symbol, date]) -> dict[Symbol, date]:
    """The newest bar of each symbol that has been judged; `known` are those stored before this was first asked."""
    text = store.runs.get_meta(_JUDGED)
    if text is None:
        keep_judged(store, known)
        return dict(known)
    return {Symbol(s): parse_key(session) for s, session in json.loads(text).items()}


def keep_judged(store: Store, judged: Mapping[Symbol, date]) -> None:
    """Note it, after the signals are on record."""
    store.runs.set_meta(_JUDGED, json.dumps({s: session.isoformat() for s, session in judged.items()}))


def opinions(
    desk: Desk,
    newest: Mapping[Symbol, date],
    judged: Mapping[Symbol, date],
    issued: Sequence[Forecast],
    records: Sequence[TrackRecord],
    tables: Mapping[Symbol, SessionTable],
) -> list[Signal]:
    """Signals of the bars after those `judged`, of a year where a symbol was never judged, and of new forecasts.

    Args:
        desk: Where bars and forecasts lie.
        newest: The newest bar of each symbol.
        judged: As `judged_to`.
        issued: Forecasts made in this tick.
        records: The models' track records.
        tables: Sessions of each symbol.
    """
    found: list[Signal] = []
    for symbol, last in newest.items():
        if (seen := judged.get(symbol)) is None or seen < last:
            found += _technical(desk, symbol, tables[symbol], seen)
            found += _outside_bands(desk, symbol, seen)
    keyed = by_key(records)
    for forecast in _best(issued):
        record = best_record(keyed, forecast.symbol, forecast.model, FORECAST_SHOWN)
        if (signal := signals.direction(forecast, record, FORECAST_SHOWN)) is not None:
            found.append(signal)
    return found


def _technical(desk: Desk, symbol: Symbol, table: SessionTable, seen: date | None) -> tuple[Signal, ...]:
    def close_time(session: date) -> datetime:
        known = table.get(session)
        return known.close if known is not None else datetime.combine(session, time(21), UTC)

    new = FIRST_SIGHT if seen is None else _after(desk, symbol, seen)
    rows = desk.store.market.indicators(symbol, limit=CONTEXT + new)
    if not rows:
        return ()
    closes = desk.store.market.adjusted_closes(symbol, since=rows[0].session)
    rows = tuple(row for row in rows if row.session in closes)
    study = Study(rows, [closes[row.session] for row in rows])
    return signals.technical_history(symbol, study, close_time, first=max(0, len(rows) - new))


def _after(desk: Desk, symbol: Symbol, seen: date) -> int:
    """How many bars there are after `seen`, as far back as anybody judges them."""
    later = desk.store.market.adjusted_closes(symbol, since=seen)
    return min(sum(session > seen for session in later), FIRST_SIGHT)


def _outside_bands(desk: Desk, symbol: Symbol, seen: date | None) -> list[Signal]:
    """Of the bars after `seen`, or of the newest alone: before the first sight of a symbol nobody spoke about it."""
    new = 1 if seen is None else _after(desk, symbol, seen)
    bars = desk.store.market.bars(symbol, limit=signals.BAND_CONTEXT + new)
    found: list[Signal] = []
    spoken: list[signals.Judged] = []      # closes, each with what the best model had said the session before
    for at, (previous, bar) in enumerate(pairwise(bars), start=1):
        entry = _spoken(desk, symbol, previous, bar)
        # A session that nobody spoke about interrupts a run.
        spoken = [] if entry is None else [*spoken, signals.Judged(entry, previous, bar)]
        if at >= len(bars) - new:
            found += signals.band_signals(spoken[-signals.BAND_CONTEXT :])
    return found


def _spoken(desk: Desk, symbol: Symbol, previous: Bar, bar: Bar) -> LedgerEntry | None:
    for model in MODELS:
        entry = desk.store.ledger.previous(symbol, model, bar.session)
        if entry is not None and (entry.forecast.as_of_session, entry.forecast.target_sessions[0]) == (
            previous.session, bar.session
        ):
            return entry
    return None


def _best(issued: Sequence[Forecast]) -> list[Forecast]:
    """Of each symbol's forecasts the best expected model's."""
    best: dict[Symbol, Forecast] = {}
    for forecast in sorted(issued, key=lambda f: MODELS.index(f.model), reverse=True):
        best[forecast.symbol] = forecast
    return list(best.values())
