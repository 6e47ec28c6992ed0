"""The signals of one tick: technical, closes outside bands, and a model's direction where its record supports one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise

from forecasting.domain.decision import Signal
from forecasting.domain.forecast import MODELS, Forecast, LedgerEntry, TrackRecord
from forecasting.domain.market import Bar, Symbol
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import FORECAST_SHOWN
from forecasting.service.desk import Desk
from forecasting.service.view import best_record, by_key
from forecasting.trading import signals
from forecasting.trading.technical import CONTEXT, Study

FIRST_SIGHT = 252     # sessions whose technical signals a new symbol brings along, so that its journal is not empty


def opinions(
    desk: Desk,
    new: Sequence[Symbol],
    first_sight: Iterable[Symbol],
    issued: Sequence[Forecast],
    records: Sequence[TrackRecord],
    tables: Mapping[Symbol, SessionTable],
) -> list[Signal]:
    """Signals of the newest bars of `new`, of the past year of those seen for the first time, and of new forecasts."""
    unknown = set(first_sight)
    found = [signal for s in new for signal in _technical(desk, s, tables[s], history=s in unknown)]
    found += [signal for s in new for signal in signals.band_signals(_judged(desk, s))]
    keyed = by_key(records)
    for forecast in _best(issued):
        record = best_record(keyed, forecast.symbol, forecast.model, FORECAST_SHOWN)
        if (signal := signals.direction(forecast, record, FORECAST_SHOWN)) is not None:
            found.append(signal)
    return found


def _technical(desk: Desk, symbol: Symbol, table: SessionTable, *, history: bool) -> tuple[Signal, ...]:
    def close_time(session: date) -> datetime:
        known = table.get(session)
        return known.close if known is not None else datetime.combine(session, time(21), UTC)

    rows = desk.store.market.indicators(symbol, limit=CONTEXT + 1 + (FIRST_SIGHT if history else 0))
    if not rows:
        return ()
    closes = desk.store.market.adjusted_closes(symbol, since=rows[0].session)
    rows = tuple(row for row in rows if row.session in closes)
    study = Study(rows, [closes[row.session] for row in rows])
    if history:
        return signals.technical_history(symbol, study, close_time, first=max(0, len(rows) - FIRST_SIGHT))
    return signals.technical(symbol, study, close_time(rows[-1].session))


def _judged(desk: Desk, symbol: Symbol) -> list[signals.Judged]:
    """The newest closes, each with what the best model that spoke the session before had said, as far back as known."""
    bars = desk.store.market.bars(symbol, limit=signals.BAND_CONTEXT + 1)
    found: list[signals.Judged] = []
    for previous, bar in pairwise(bars):
        entry = _spoken(desk, symbol, previous, bar)
        # A session that nobody spoke about interrupts a run.
        found = [] if entry is None else [*found, signals.Judged(entry, previous, bar)]
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
