"""The track record: what the ledger's settled rows say, and nothing else.

It reads `Outcome`s and never re-predicts. Live and backfill rows are never mixed. Runs in the screen's process, on the
standard library.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache

from forecasting.domain.forecast import LedgerEntry, Origin, Outcome, TrackRecord
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import AccuracyPoint
from forecasting.evaluation.intervals import clustered_share, daily_series, enough_days, mean_interval, wilson


def outcome_of(entry: LedgerEntry, horizon: int, actual: float, settled_at: datetime) -> Outcome:
    """Settle one horizon of one ledger entry.

    Args:
        entry: The forecast, as the ledger holds it.
        horizon: 1..H.
        actual: Adjusted log return from the forecast's last close to the target session's close; finite.
        settled_at: When this is said, aware UTC, not before the target session's close.

    Raises:
        ValueError: If `actual` is not finite, the horizon is not forecast, or the target has not closed yet.
    """
    forecast = entry.forecast
    if not math.isfinite(actual):
        raise ValueError(f"{forecast.symbol}: an outcome needs a finite return, got {actual}")
    if not 1 <= horizon <= len(forecast.log_returns):
        raise ValueError(f"{forecast.symbol}: horizon {horizon} is not one of 1..{len(forecast.log_returns)}")
    closed = forecast.target_times[horizon - 1]
    if settled_at < closed:
        raise ValueError(f"{forecast.symbol}: settled at {settled_at}, but the target session closes at {closed}")
    return Outcome(
        entry_id=entry.id,
        symbol=forecast.symbol,
        model=forecast.model,
        origin=entry.origin,
        horizon=horizon,
        as_of_session=forecast.as_of_session,
        target_session=forecast.target_sessions[horizon - 1],
        settled_at=settled_at,
        actual=actual,
        median=forecast.log_return(horizon, 0.5),
        low_80=forecast.log_return(horizon, 0.1),
        high_80=forecast.log_return(horizon, 0.9),
        p_up=forecast.p_up[horizon - 1],
        crps=crps_of_quantiles(actual, forecast.levels, forecast.log_returns[horizon - 1]),
    )


def crps_of_quantiles(actual: float, levels: tuple[float, ...], quantiles: Sequence[float]) -> float:
    """CRPS of a forecast known by its quantiles: twice the pinball loss, integrated over the levels.

    The trapezoid rule over unequally spaced levels, with the loss taken as zero at levels 0 and 1. For a normal
    forecast at the ledger's 21 levels it is within 2 % of the closed form.

    Args:
        actual: What came.
        levels: (Q,) ascending, in (0, 1).
        quantiles: (Q,) ascending, in the units of `actual`.

    References: Gneiting & Raftery (2007), JASA 102(477), section 4.2.
    """
    return 2.0 * math.fsum(
        weight * (level if actual >= quantile else level - 1.0) * (actual - quantile)
        for weight, level, quantile in zip(_trapezoid(levels), levels, quantiles, strict=True)
    )


@lru_cache(maxsize=8)
def _trapezoid(levels: tuple[float, ...]) -> tuple[float, ...]:
    padded = (0.0, *levels, 1.0)
    return tuple((padded[i + 2] - padded[i]) / 2.0 for i in range(len(levels)))


def record(
    outcomes: Sequence[Outcome],
    baseline: Sequence[Outcome],
    *,
    symbol: Symbol | None,
    model: str,
    horizon: int,
    origin: Origin,
) -> TrackRecord:
    """Sum up one model's settled forecasts at one horizon.

    A session forecast twice for one symbol counts once, by the row that came first. A price that did not move is half
    right for either direction. Intervals rest on days (see `intervals`); coverage and hit rate have one from the first
    row on, skill only where there are enough days.

    Args:
        outcomes: Rows of this model, horizon and origin; of one symbol, or of all where `symbol` is None.
        baseline: The baseline's rows of the same horizon and origin; those that have no partner are left out, and
            both CRPS figures are then over the pairs only.
        symbol: Whose record; None for all symbols together.
        model: One of MODELS.
        horizon: Sessions ahead.
        origin: Live or backfill.

    Raises:
        ValueError: If a row is of another model, horizon, origin or symbol.
    """
    _must_be(outcomes, symbol, {(model, horizon, origin)})
    _must_be(baseline, None, {(row.model, horizon, origin) for row in baseline[:1]})
    rows = _first_of_each(outcomes)
    if not rows:
        return _empty(symbol, model, horizon, origin)
    n, days = len(rows), [row.as_of_session for row in rows]
    right = [_right(row) for row in rows]
    hit_rate, hit_low, hit_high = clustered_share(right, days, horizon)
    covered = [1.0 if row.low_80 <= row.actual <= row.high_80 else 0.0 for row in rows]
    coverage, coverage_low, coverage_high = clustered_share(covered, days, horizon)
    crps, crps_baseline, skill, skill_low, skill_high = _skill(rows, baseline, horizon)
    return TrackRecord(
        symbol=symbol,
        model=model,
        horizon=horizon,
        origin=origin,
        n=n,
        n_days=len(set(days)),
        hits=int(math.fsum(right)),
        hit_rate=hit_rate,
        hit_low=hit_low,
        hit_high=hit_high,
        naive_hit_rate=math.fsum(_up(row) for row in rows) / n,
        coverage_80=coverage,
        coverage_low=coverage_low,
        coverage_high=coverage_high,
        width_80=math.fsum(row.high_80 - row.low_80 for row in rows) / n,
        mae=math.fsum(abs(row.actual - row.median) for row in rows) / n,
        mae_random_walk=math.fsum(abs(row.actual) for row in rows) / n,
        crps=crps,
        crps_baseline=crps_baseline,
        skill=skill,
        skill_low=skill_low,
        skill_high=skill_high,
    )


def rolling(outcomes: Sequence[Outcome], window: int = 60) -> tuple[AccuracyPoint, ...]:
    """Hit rate and coverage over the last `window` settled forecasts, one point per target session, ascending.

    The first points rest on few rows: `n` and the interval say so.

    Args:
        outcomes: Rows of one symbol, model, horizon and origin, in any order.
        window: Rows per point, at least 1.

    Raises:
        ValueError: If the rows are of more than one symbol, model, horizon or origin.
    """
    if not outcomes:
        return ()
    first = outcomes[0]
    _must_be(outcomes, first.symbol, {(first.model, first.horizon, first.origin)})
    points = []
    recent: deque[tuple[float, bool]] = deque(maxlen=window)
    for row in sorted(_first_of_each(outcomes), key=lambda row: row.target_session):
        recent.append((_right(row), row.low_80 <= row.actual <= row.high_80))
        n = len(recent)
        rate = math.fsum(right for right, _ in recent) / n
        apart = max(n / row.horizon, 1.0)  # rows that do not overlap
        low, high = wilson(rate * apart, apart)
        coverage = sum(inside for _, inside in recent) / n
        points.append(AccuracyPoint(row.target_session, n, rate, low, high, coverage))
    return tuple(points)


def _skill(
    rows: Sequence[Outcome], baseline: Sequence[Outcome], horizon: int
) -> tuple[float, float | None, float | None, float | None, float | None]:
    """CRPS, the baseline's, skill and its interval, from rows that both have forecast."""
    partner = {(row.symbol, row.as_of_session): row.crps for row in _first_of_each(baseline)}
    pairs = [
        (row.as_of_session, row.crps, partner[key])
        for row in rows
        if (key := (row.symbol, row.as_of_session)) in partner
    ]
    reference = math.fsum(theirs for _, _, theirs in pairs) / len(pairs) if pairs else 0.0
    if reference <= 0.0:
        return math.fsum(row.crps for row in rows) / len(rows), None, None, None, None
    crps = math.fsum(ours for _, ours, _ in pairs) / len(pairs)
    gains = daily_series([theirs - ours for _, ours, theirs in pairs], [day for day, _, _ in pairs])
    if not enough_days(len(gains), horizon):
        return crps, reference, 1.0 - crps / reference, None, None
    _, low, high = mean_interval(gains, horizon)
    return crps, reference, 1.0 - crps / reference, low / reference, high / reference


def _must_be(rows: Iterable[Outcome], symbol: Symbol | None, wanted: set[tuple[str, int, Origin]]) -> None:
    if odd := {(row.model, row.horizon, row.origin) for row in rows} - wanted:
        raise ValueError(f"a record of {_listed(wanted)} cannot take rows of {_listed(odd)}")
    if symbol is not None and (others := {row.symbol for row in rows} - {symbol}):
        raise ValueError(f"a record of {symbol} cannot take rows of {', '.join(sorted(others))}")


def _listed(kinds: Iterable[tuple[str, int, Origin]]) -> str:
    return ", ".join(f"{model} h={horizon} {origin}" for model, horizon, origin in sorted(kinds))


def _first_of_each(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """One row per symbol and issue session, the earliest entry, ascending by session."""
    first: dict[tuple[date, Symbol], Outcome] = {}
    for row in outcomes:
        key = (row.as_of_session, row.symbol)
        if key not in first or row.entry_id < first[key].entry_id:
            first[key] = row
    return [first[key] for key in sorted(first)]


def _up(row: Outcome) -> float:
    return 0.5 if row.actual == 0.0 else float(row.actual > 0.0)


def _right(row: Outcome) -> float:
    """1 where the direction was right, 0 where wrong, 1/2 where there was none to claim or none came."""
    if row.p_up == 0.5:
        return 0.5
    return _up(row) if row.p_up > 0.5 else 1.0 - _up(row)


def _empty(symbol: Symbol | None, model: str, horizon: int, origin: Origin) -> TrackRecord:
    return TrackRecord(
        symbol=symbol, model=model, horizon=horizon, origin=origin, n=0, n_days=0, hits=0,
        hit_rate=None, hit_low=None, hit_high=None, naive_hit_rate=None,
        coverage_80=None, coverage_low=None, coverage_high=None, width_80=None,
        mae=None, mae_random_walk=None, crps=None, crps_baseline=None, skill=None, skill_low=None, skill_high=None,
    )  # fmt: skip
