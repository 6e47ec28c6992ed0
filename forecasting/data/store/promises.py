"""What a forecast and an outcome must hold to enter the ledger.

    fit's last session < as_of session <= issue < first target's close        (the last only for live rows)

with targets ascending after the as_of session, quantiles that do not cross, and no figure that is not finite. That the
issue also precedes the first target's *open* needs the calendar: the engine sees to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from math import isfinite
from typing import Any

from forecasting.domain.forecast import Forecast, Origin, Outcome
from forecasting.domain.market import Symbol
from forecasting.errors import LedgerError
from forecasting.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Due:
    """One horizon of one ledger entry that waits for its outcome."""

    entry_id: int
    symbol: Symbol
    model: str
    origin: Origin
    horizon: int
    as_of_session: date
    target_session: date
    target_time: datetime    # that session's close, aware UTC


def check_forecast(forecast: Forecast, origin: Origin, at: datetime) -> None:
    """Refuse what the ledger must not hold.

    Args:
        forecast: What is to be written.
        origin: Live or backfill.
        at: The moment of writing, aware UTC.

    Raises:
        LedgerError: Naming symbol, model, session and the values that contradict each other.
    """
    found = next(_faults(forecast, origin, at), None)
    if found is not None:
        raise LedgerError(
            f"{forecast.symbol} {forecast.model} as of {forecast.as_of_session}: {found}; nothing was recorded"
        )


def check_outcome(outcome: Outcome, due: Due) -> None:
    """Refuse an outcome that is not the one `due` waits for.

    Raises:
        LedgerError: Naming symbol, model, entry, horizon and the values that contradict each other.
    """
    where = f"{outcome.symbol} {outcome.model}: ledger entry {outcome.entry_id}, horizon {outcome.horizon}"
    for name in ("symbol", "model", "origin", "as_of_session", "target_session"):
        said, known = getattr(outcome, name), getattr(due, name)
        if said != known:
            raise LedgerError(f"{where}: the outcome's {name} is {said}, the forecast's {known}; nothing was settled")
    if outcome.settled_at.tzinfo is None:
        raise LedgerError(f"{where}: settled at {outcome.settled_at}, which carries no time zone; nothing was settled")
    if outcome.settled_at < due.target_time:
        raise LedgerError(
            f"{where}: settled at {outcome.settled_at:%Y-%m-%d %H:%M}Z, but its target closes at"
            f" {due.target_time:%Y-%m-%d %H:%M}Z; wait for the close"
        )
    figures = (outcome.actual, outcome.median, outcome.low_80, outcome.high_80, outcome.p_up, outcome.crps)
    if not all(map(isfinite, figures)):
        raise LedgerError(f"{where}: a figure is not finite, {figures}; nothing was settled")


def _faults(forecast: Forecast, origin: Origin, at: datetime) -> Iterator[str]:
    """What is wrong with `forecast`, in an order in which each check may rely on those before it."""
    h, q = len(forecast.target_sessions), len(forecast.levels)
    shape = (len(forecast.target_times), len(forecast.p_up), len(forecast.log_returns))
    if h == 0 or shape != (h, h, h) or any(len(row) != q for row in forecast.log_returns):
        yield f"{h} target sessions and {q} levels, but {shape} target times, probabilities and rows of quantiles"
    if any(moment.tzinfo is None for moment in (at, forecast.as_of, forecast.issued_at, *forecast.target_times)):
        yield "a time carries no time zone"
    yield from _faults_in_time(forecast, origin, at)
    yield from _faults_in_figures(forecast)


def _faults_in_time(forecast: Forecast, origin: Origin, at: datetime) -> Iterator[str]:
    if forecast.train_end >= forecast.as_of_session:
        yield f"fitted up to {forecast.train_end}; a fit must end before the session it forecasts from"
    if forecast.as_of > forecast.issued_at:
        yield f"issued at {forecast.issued_at}, before the fact it rests on of {forecast.as_of}"
    if not _ascending((forecast.as_of_session, *forecast.target_sessions)):
        yield f"target sessions must ascend after it, got {', '.join(map(str, forecast.target_sessions))}"
    if not _ascending((forecast.as_of, *forecast.target_times)):
        yield f"target times must ascend after {forecast.as_of}, got {', '.join(map(str, forecast.target_times))}"
    written = max(at, forecast.issued_at)
    if origin is Origin.LIVE and written >= forecast.target_times[0]:
        yield f"recorded at {written}, but its first outcome was known at {forecast.target_times[0]}"


def _faults_in_figures(forecast: Forecast) -> Iterator[str]:
    if not (isfinite(forecast.last_close) and forecast.last_close > 0.0):
        yield f"last close {forecast.last_close}"
    if not _ascending((0.0, *forecast.levels, 1.0)):
        yield f"levels must ascend between 0 and 1, got {forecast.levels}"
    for horizon, row in enumerate(forecast.log_returns, start=1):
        if not all(map(isfinite, row)):
            yield f"horizon {horizon}: a quantile is not finite, {row}"
        if list(row) != sorted(row):
            yield f"horizon {horizon}: quantiles cross, {row}"
    if not all(0.0 <= p <= 1.0 for p in forecast.p_up):
        yield f"probabilities must lie in 0..1, got {forecast.p_up}"


def _ascending(values: Sequence[Any]) -> bool:
    return all(a < b for a, b in pairwise(values))
