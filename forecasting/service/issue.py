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
from forecasting.service.bench import QUICK
from forecasting.service.desk import Desk
from forecasting.service.shadow import in_shadow
from forecasting.service.watch import inputs, widened


def issue(desk: Desk, symbols: Sequence[Symbol], tables: Mapping[Symbol, SessionTable]) -> tuple[Forecast, ...]:
    """Forecast and record every (symbol, model) whose newest bar has no entry yet; returns what is to be shown of it.

    A forecast is live only if it is made before its first target session opens; where that opens as the bar ends, by
    its middle. Else it is recorded as backfill, issued in the past tense at its bar's close.
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
    shown, shadow = (
        widened(desk.calibrator.issue(told), desk.response)
        for told in _forecasts(desk, symbols, tables, newest, missing)
    )
    now = desk.clock.now()
    live = [f for f in shown if _is_live(f, tables[f.symbol], desk)]
    past = [replace(f, issued_at=f.as_of) for f in shown if not _is_live(f, tables[f.symbol], desk)]
    beside = [in_shadow(f) for f in shadow if _is_live(f, tables[f.symbol], desk)]
    desk.store.ledger.append([*live, *beside], Origin.LIVE, at=now)
    desk.store.ledger.append(past, Origin.BACKFILL, at=now)
    return (*live, *past)


def _forecasts(
    desk: Desk,
    symbols: Sequence[Symbol],
    tables: Mapping[Symbol, SessionTable],
    newest: Mapping[Symbol, date],
    missing: Mapping[str, set[Symbol]],
) -> tuple[list[Forecast], list[Forecast]]:
    """What the models at work say, and what the challenger says wherever the champion speaks."""
    # The whole watchlist enters the panel: the market features of one symbol are made of all of them.
    panel = desk.panel(symbols, tables, limit=desk.tail_bars)
    if panel is None:
        return [], []
    desk.inputs = inputs(desk.bench.champion, panel)
    at = sorted({panel.index_of(newest[s]) for wanted in missing.values() for s in wanted})
    now = desk.clock.now()

    def told(fitted: Fitted) -> list[Forecast]:
        wanted = missing.get(fitted.name, set())
        forecasts = to_forecasts(fitted, panel, at, tables=tables, issued_at=lambda as_of: now)
        return [f for f in forecasts if f.symbol in wanted and f.as_of_session == newest[f.symbol]]

    found = [f for fitted in _speakers(desk, max(newest.values())) for f in told(fitted)]
    challenger = desk.bench.challenger
    return found, [] if challenger is None else told(challenger)


def _speakers(desk: Desk, session: date) -> tuple[Fitted, ...]:
    """The models at work; without the ensemble and its part while an alarm asks for the next best."""
    at_work = desk.bench.at_work(session)
    return tuple(f for f in at_work if f.name in QUICK) if desk.response.fall_back else at_work


def _is_live(forecast: Forecast, table: SessionTable, desk: Desk) -> bool:
    first = table.get(forecast.target_sessions[0])
    if first is None:
        return False
    # Slots of a session follow each other without a gap, and sessions where trading never stops: there nothing could
    # be forecast before the open. What a bar's close tells is still worth something for half of the next one.
    deadline = first.open if first.open > forecast.as_of else first.open + (first.close - first.open) / 2
    return desk.clock.now() < deadline
