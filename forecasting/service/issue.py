"""From stored bars to ledger entries: every model at work speaks about every symbol's newest bar, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from forecasting.domain.forecast import Forecast, Origin
from forecasting.domain.market import Symbol
from forecasting.domain.sessions import SessionTable
from forecasting.models.base import Fitted
from forecasting.models.forecasts import to_forecasts
from forecasting.service.bench import ENSEMBLE
from forecasting.service.desk import Desk
from forecasting.service.watch import widened


def issue(desk: Desk, symbols: Sequence[Symbol], tables: Mapping[Symbol, SessionTable]) -> tuple[Forecast, ...]:
    """Forecast and record every (symbol, model) whose newest bar has no entry yet; returns what was recorded.

    A forecast is live only if it is made before its first target session opens; else it is recorded as backfill,
    issued in the past tense at its bar's close.
    """
    newest = desk.store.market.last_sessions(symbols)
    said = desk.store.ledger.latest(symbols)
    missing: dict[str, set[Symbol]] = {}
    for symbol, session in newest.items():
        for fitted in _speakers(desk, session):
            entry = said.get(symbol, {}).get(fitted.name)
            if entry is None or entry.forecast.as_of_session < session:
                missing.setdefault(fitted.name, set()).add(symbol)
    if not missing:
        return ()
    forecasts = widened(
        desk.calibrator.issue(_forecasts(desk, symbols, tables, newest, missing)), desk.response
    )
    now = desk.clock.now()
    live = [f for f in forecasts if _is_live(f, tables[f.symbol], desk)]
    past = [replace(f, issued_at=f.as_of) for f in forecasts if not _is_live(f, tables[f.symbol], desk)]
    desk.store.ledger.append(live, Origin.LIVE, at=now)
    desk.store.ledger.append(past, Origin.BACKFILL, at=now)
    return (*live, *past)


def _forecasts(
    desk: Desk,
    symbols: Sequence[Symbol],
    tables: Mapping[Symbol, SessionTable],
    newest: Mapping[Symbol, date],
    missing: Mapping[str, set[Symbol]],
) -> list[Forecast]:
    # The whole watchlist enters the panel: the market features of one symbol are made of all of them.
    panel = desk.panel(symbols, tables, limit=desk.tail_bars)
    if panel is None:
        return []
    at = sorted({panel.index_of(newest[s]) for wanted in missing.values() for s in wanted})
    now = desk.clock.now()
    found: list[Forecast] = []
    for fitted in _speakers(desk, max(newest.values())):
        wanted = missing.get(fitted.name, set())
        found += [
            f
            for f in to_forecasts(fitted, panel, at, tables=tables, issued_at=lambda as_of: now)
            if f.symbol in wanted and f.as_of_session == newest[f.symbol]
        ]
    return found


def _speakers(desk: Desk, session: date) -> tuple[Fitted, ...]:
    """The models at work; without the ensemble while an alarm asks for the next best."""
    at_work = desk.bench.at_work(session)
    return tuple(f for f in at_work if f.name != ENSEMBLE) if desk.response.fall_back else at_work


def _is_live(forecast: Forecast, table: SessionTable, desk: Desk) -> bool:
    first = table.get(forecast.target_sessions[0])
    return first is not None and desk.clock.now() < first.open
