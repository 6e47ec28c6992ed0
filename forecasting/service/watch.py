"""Watching the live ensemble: has it begun to lose, are its bands too narrow, and what to do until the next look.

Everything rests on settled live outcomes of one-session forecasts in the ledger. A fit that was made anew because an
alarm rang begins with a clean record: what its predecessor did is not its fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from forecasting.data.store import Store
from forecasting.domain.forecast import Forecast, Origin, Outcome
from forecasting.evaluation.calibration import regime_shock, stretch
from forecasting.evaluation.drift import Response, coverage_alarm, respond, skill_alarm
from forecasting.service.bench import ENSEMBLE

RIVAL = "ewma-t"
"""What the ensemble has to go on beating: it starts as this forecast."""

CALM = respond(())

_BEGUN = "watch/after"


@dataclass(frozen=True, slots=True)
class _Day:
    """One session's outcomes."""

    session: date
    held: float          # outcomes inside the 80 % band
    count: int
    crps: float          # mean


def look(store: Store) -> Response:
    """What the alarms that ring ask for; `CALM` while none does."""
    begun = store.runs.get_meta(_BEGUN) or ""
    mine = [d for d in _days(store, ENSEMBLE) if d.session.isoformat() > begun]
    rival = {d.session: d for d in _days(store, RIVAL)}
    both = [d for d in mine if d.session in rival]
    skill = skill_alarm([d.session for d in both], [d.crps - rival[d.session].crps for d in both], baseline=RIVAL)
    sessions, held, counts = [d.session for d in mine], [d.held for d in mine], [d.count for d in mine]
    coverage = coverage_alarm(sessions, held, counts)
    return respond((a for a in (skill, coverage) if a is not None), regime_shock(sessions, held, counts))


def begin_anew(store: Store, after: date) -> None:
    """Judge only outcomes of sessions after `after`: a new fit has answered an alarm."""
    store.runs.set_meta(_BEGUN, after.isoformat())


def _days(store: Store, model: str) -> list[_Day]:
    by_session: dict[date, list[Outcome]] = {}
    for outcome in store.ledger.outcomes(model=model, horizon=1, origin=Origin.LIVE):
        by_session.setdefault(outcome.target_session, []).append(outcome)
    return [
        _Day(session, float(sum(o.low_80 <= o.actual <= o.high_80 for o in rows)), len(rows),
             sum(o.crps for o in rows) / len(rows))
        for session, rows in sorted(by_session.items())
    ]


def widened(forecasts: Iterable[Forecast], response: Response) -> list[Forecast]:
    """The ensemble's bands as wide as the response asks for; other models' as they are."""
    if response.widen == 1.0:
        return list(forecasts)
    return [_widen(f, response.widen) if f.model == ENSEMBLE else f for f in forecasts]


def _widen(forecast: Forecast, factor: float) -> Forecast:
    rows = np.array(forecast.log_returns)
    wider = stretch(rows, np.full(rows.shape, np.log(factor)))
    return replace(forecast, log_returns=tuple(map(tuple, wider.tolist())))
