"""Walk-forward backfill: what the models would have said, so that a new ticker has a record before it has lived.

The past is cut into blocks. Each model is fitted on what was known before a block and forecasts every session in it.
The rows enter the ledger as backfill, issued in the past tense at their bar's close, never mixed with live ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forecasting.domain.forecast import Forecast, Origin
from forecasting.domain.market import Symbol
from forecasting.domain.sessions import SessionTable
from forecasting.features.panel import Panel
from forecasting.models.base import Fitted, Progress
from forecasting.models.forecasts import to_forecasts
from forecasting.service.backend import OnStep, Step
from forecasting.service.bench import ENSEMBLE, QUICK
from forecasting.service.calibrator import FollowedFit
from forecasting.service.desk import Desk
from forecasting.service.records import update_records
from forecasting.service.settle import settle_forecasts

BLOCK = 63            # sessions between the quick models' refits: a quarter
_CHUNK = 500          # forecasts per transaction: live ticks get their turn


def backfill_quick(
    desk: Desk, symbols: Sequence[Symbol], tables: Mapping[Symbol, SessionTable], on_step: OnStep
) -> int:
    """Backfill the quick models for symbols that have no backfill; returns the number of rows."""
    wanted = {name: desk.lacks_backfill(symbols, name) for name in QUICK}
    panel = desk.panel(symbols, tables) if any(wanted.values()) else None
    if panel is None:
        return 0
    last = len(panel.sessions) - 1          # the newest session's forecast is the tick's
    first = max(last - desk.backfill_sessions, 1)
    starts = range(first, last, BLOCK)
    count = 0
    for done, start in enumerate(starts):
        on_step(Step("backfill", f"backfill {panel.sessions[start]} .. of {len(symbols)} symbols", done / len(starts)))
        at = range(start, min(start + BLOCK, last))
        for name in QUICK:
            for fitted in desk.bench.fit_past(name, panel, start - 1) if wanted[name] else ():
                count += _record(desk, _past_tense(fitted, panel, at, tables, wanted[name]))
    for name, missing in wanted.items():
        desk.backfill_done(missing, name, rows=count)
    return _finish(desk, symbols, count, on_step)


def backfill_ensemble(
    desk: Desk, symbols: Sequence[Symbol], tables: Mapping[Symbol, SessionTable], on_step: OnStep
) -> int:
    """Backfill the ensemble and its part, one fit for the whole stretch, where there is none; returns the rows."""
    wanted = desk.lacks_backfill(symbols, ENSEMBLE)
    panel = desk.panel(symbols, tables) if wanted else None
    if panel is None:
        return 0
    last = len(panel.sessions) - 1
    first = max(last - desk.backfill_sessions, 1)

    def progress(fit: Progress) -> None:
        on_step(Step("backfill", f"backfill fit to {panel.sessions[first - 1]}: {fit.message}", fit.fraction))

    count = 0
    for one in desk.bench.fit_past(ENSEMBLE, panel, first - 1, progress):
        on_step(Step("backfill", f"backfill {one.name} over {last - first} sessions", None))      # no more to be fitted
        fitted = FollowedFit(one) if one.name == ENSEMBLE else one
        count += _record(desk, _past_tense(fitted, panel, range(first, last), tables, wanted))
    desk.backfill_done(wanted, ENSEMBLE, rows=count)
    return _finish(desk, symbols, count, on_step)


def _past_tense(
    fitted: Fitted, panel: Panel, at: Sequence[int], tables: Mapping[Symbol, SessionTable], wanted: frozenset[Symbol]
) -> list[Forecast]:
    return [f for f in to_forecasts(fitted, panel, at, tables=tables, issued_at=None) if f.symbol in wanted]


def _record(desk: Desk, forecasts: Sequence[Forecast]) -> int:
    for start in range(0, len(forecasts), _CHUNK):
        desk.store.ledger.append(forecasts[start : start + _CHUNK], Origin.BACKFILL, at=desk.clock.now())
    return len(forecasts)


def _finish(desk: Desk, symbols: Sequence[Symbol], count: int, on_step: OnStep) -> int:
    if count:
        on_step(Step("backfill", f"settling {count} backfilled forecasts", None))
        settle_forecasts(desk)
        update_records(desk.store, symbols)
    return count
