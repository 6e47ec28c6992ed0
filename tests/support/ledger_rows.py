"""Small ledger rows for tests of the track record and of signals; every default is plain and unimportant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from statistics import NormalDist
from typing import Any

from forecasting.domain.forecast import HORIZONS, LEVELS, Forecast, LedgerEntry, Origin, Outcome
from forecasting.domain.market import Symbol

START = date(2020, 1, 1)
AAA = Symbol("AAA")


def day(i: int) -> date:
    """The i-th session; every calendar day is one."""
    return START + timedelta(days=i)


def close_of(session: date) -> datetime:
    """When a session closes."""
    return datetime.combine(session, time(21), UTC)


def outcome(i: int = 0, **changes: Any) -> Outcome:
    """A settled one-session forecast of day `i`: said up, went up by 1 %, inside a band of +-2 %."""
    horizon = changes.get("horizon", 1)
    row = Outcome(
        entry_id=i, symbol=AAA, model="har-t", origin=Origin.LIVE, horizon=horizon, as_of_session=day(i),
        target_session=day(i + horizon), settled_at=close_of(day(i + horizon)), actual=0.01, median=0.0,
        low_80=-0.02, high_80=0.02, p_up=0.6, crps=0.004,
    )  # fmt: skip
    return replace(row, **changes)


def forecast(i: int = 0, sigma: float = 0.01, **changes: Any) -> Forecast:
    """A normal forecast of day `i` with no drift and `sigma` a session."""
    quantiles = [NormalDist().inv_cdf(level) for level in LEVELS]
    made = Forecast(
        symbol=AAA, model="har-t", model_id="0123456789ab", train_end=day(i - 1), data_hash="d", seed=0,
        as_of_session=day(i), as_of=close_of(day(i)), issued_at=close_of(day(i)), last_close=100.0,
        target_sessions=tuple(day(i + h) for h in HORIZONS), target_times=tuple(close_of(day(i + h)) for h in HORIZONS),
        levels=LEVELS, log_returns=tuple(tuple(sigma * h**0.5 * q for q in quantiles) for h in HORIZONS),
        p_up=tuple(0.5 for _ in HORIZONS),
    )  # fmt: skip
    return replace(made, **changes)


def entry(i: int = 0, **changes: Any) -> LedgerEntry:
    """A live ledger entry of `forecast(i)`."""
    return LedgerEntry(id=i + 1, origin=Origin.LIVE, forecast=forecast(i, **changes), hash="h")
