"""The signals of one tick: technical, band breach, and a model's direction where its record supports one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time

from forecasting.domain.decision import Signal
from forecasting.domain.forecast import MODELS, Forecast, TrackRecord
from forecasting.domain.market import Symbol
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import FORECAST_SHOWN
from forecasting.service.desk import Desk
from forecasting.service.view import best_record, by_key
from forecasting.trading import signals

FIRST_SIGHT = 252     # sessions whose technical signals a new symbol brings along, so that its journal is not empty
_CONTEXT = 60         # rows before the newest that an edge may depend on


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
    found += [breach for s in new if (breach := _breach(desk, s)) is not None]
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

    rows = desk.store.market.indicators(symbol, limit=FIRST_SIGHT if history else _CONTEXT)
    if history:
        return signals.technical_history(symbol, rows, close_time)
    return signals.technical(symbol, rows, close_time(rows[-1].session)) if rows else ()


def _breach(desk: Desk, symbol: Symbol) -> Signal | None:
    """Whether the newest close left the 95 % band of the best model that spoke the session before."""
    bars = desk.store.market.bars(symbol, limit=2)
    if len(bars) < 2:
        return None
    for model in MODELS:
        entry = desk.store.ledger.previous(symbol, model, bars[-1].session)
        if entry is not None and entry.forecast.as_of_session == bars[0].session:
            return signals.band_breach(entry, bars[0], bars[1])
    return None


def _best(issued: Sequence[Forecast]) -> list[Forecast]:
    """Of each symbol's forecasts the best expected model's."""
    best: dict[Symbol, Forecast] = {}
    for forecast in sorted(issued, key=lambda f: MODELS.index(f.model), reverse=True):
        best[forecast.symbol] = forecast
    return list(best.values())
