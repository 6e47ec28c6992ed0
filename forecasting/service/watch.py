"""Watching the live ensemble: has it begun to lose, are its bands too narrow, has their shape or the world changed.

Skill and coverage rest on settled live outcomes of one-session forecasts in the ledger. So does shape, at 1, 5 and 10
sessions; there only every h-th forecast counts, so that no two outcomes overlap, and what fell into which fifth is
counted as outcomes are settled, since a night's look cannot read back thousands of forecasts. Inputs are today's
features against the range that training showed. A fit that was made anew because an alarm rang begins with a clean
record: what its predecessor did is not its fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from forecasting.data.store import Store
from forecasting.domain.forecast import Forecast, LedgerEntry, Origin, Outcome
from forecasting.domain.interval import parse_key
from forecasting.evaluation.calibration import regime_shock, stretch
from forecasting.evaluation.drift import (
    Alarm,
    Response,
    coverage_alarm,
    fifths,
    inputs_alarm,
    out_of_range,
    respond,
    shape_alarm,
    skill_alarm,
)
from forecasting.features.panel import Panel
from forecasting.models.base import Fitted
from forecasting.models.reading import places
from forecasting.service.bench import ENSEMBLE, first_network
from forecasting.service.records import RECORD_HORIZONS

RIVAL = "ewma-t"
"""What the ensemble has to go on beating: it starts as this forecast."""

CALM = respond(())

SHAPE_WINDOW = 120
"""Forecasts of a horizon whose shape is looked at. In simulation, 12 and 85 tickers with a common factor: looked at
weekly, it rings falsely within five years in 8-10 % of cases at h = 1 (60: 33-45 %), and finds a band a quarter too
narrow after 55-65 sessions."""

INPUTS_WINDOW = 60
"""Newest sessions whose features are looked at: enough to say since when."""

_BEGUN, _FIFTHS = "watch/after", "watch/fifths"


@dataclass(frozen=True, slots=True)
class _Day:
    """One session's outcomes."""

    session: date
    held: float          # outcomes inside the 80 % band
    count: int
    crps: float          # mean


def look(store: Store, inputs: Alarm | None = None) -> Response:
    """What the alarms that ring ask for, `inputs` among them if it does; `CALM` while none does."""
    begun = store.runs.get_meta(_BEGUN) or ""
    mine = [d for d in _days(store, ENSEMBLE) if d.session.isoformat() > begun]
    rival = {d.session: d for d in _days(store, RIVAL)}
    both = [d for d in mine if d.session in rival]
    skill = skill_alarm([d.session for d in both], [d.crps - rival[d.session].crps for d in both], baseline=RIVAL)
    sessions, held, counts = [d.session for d in mine], [d.held for d in mine], [d.count for d in mine]
    coverage = coverage_alarm(sessions, held, counts)
    alarms = (skill, coverage, inputs, *_shape(store, begun))
    return respond((a for a in alarms if a is not None), regime_shock(sessions, held, counts))


def begin_anew(store: Store, after: date) -> None:
    """Judge only outcomes of sessions after `after`: a new fit has answered an alarm."""
    store.runs.set_meta(_BEGUN, after.isoformat())


def inputs(fitted: Fitted | None, panel: Panel) -> Alarm | None:
    """Whether the newest features stand where no training row of the ensemble stood."""
    network = None if fitted is None else first_network(fitted)
    if network is None:
        return None
    newest = slice(-INPUTS_WINDOW, None)
    columns = places(panel, network.parameters.settings["columns"])
    shares = out_of_range(panel.features[:, newest][..., columns], network.scaler, panel.valid[:, newest])
    known = np.isfinite(shares)
    days = [day for day, is_known in zip(panel.sessions[newest], known, strict=True) if is_known]
    return inputs_alarm(days, shares[known].tolist())


def count(store: Store, settled: Iterable[tuple[LedgerEntry, Outcome]]) -> None:
    """Note into which fifth of its forecast each live outcome of the ensemble fell; call it in the order of settling.

    A forecast whose outcome would overlap with the last one counted is passed over.
    """
    mine = [(e, o) for e, o in settled
            if (o.model, o.origin) == (ENSEMBLE, Origin.LIVE) and o.horizon in RECORD_HORIZONS]
    if not mine:
        return
    kept = _fifths(store)
    for entry, outcome in mine:
        days = kept.setdefault(str(outcome.horizon), [])
        issued, target = outcome.as_of_session.isoformat(), outcome.target_session.isoformat()
        if not days or days[-1].target <= issued:
            days.append(_Fifths(issued, target, [0.0] * 5))
        if days[-1].issued == issued:
            said = np.array(entry.forecast.log_returns[outcome.horizon - 1])[None, None]
            fell = fifths(said, np.array([[outcome.actual]]))[0]
            days[-1] = _Fifths(issued, days[-1].target, (fell + days[-1].counts).tolist())
    plain = {h: [(d.issued, d.target, d.counts) for d in days[-SHAPE_WINDOW:]] for h, days in kept.items()}
    store.runs.set_meta(_FIFTHS, json.dumps(plain))


@dataclass(frozen=True, slots=True)
class _Fifths:
    """Where the outcomes of one session's forecasts at one horizon fell."""

    issued: str
    target: str
    counts: list[float]


def _fifths(store: Store) -> dict[str, list[_Fifths]]:
    kept = json.loads(store.runs.get_meta(_FIFTHS) or "{}")
    return {h: [_Fifths(*day) for day in days] for h, days in kept.items()}


def _shape(store: Store, begun: str) -> list[Alarm]:
    found = []
    for horizon, kept in _fifths(store).items():
        days = [d for d in kept if d.target > begun]
        alarm = shape_alarm([parse_key(d.target) for d in days], np.array([d.counts for d in days]))
        if alarm is not None:
            ahead = "" if horizon == "1" else f", {horizon} sessions ahead"
            found.append(replace(alarm, reason=f"{alarm.reason}{ahead}"))
    return found


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
