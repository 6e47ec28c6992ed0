"""Small values to keep in a store: sessions from arithmetic, forecasts whose quantiles are round numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from typing import Any

from forecasting.domain.forecast import HORIZONS, LEVELS, Forecast, LedgerEntry, Outcome
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol

NVDA = Symbol("NVDA")
AMD = Symbol("AMD")
MONDAY = date(2026, 3, 2)


def weekdays(first: date) -> Iterator[date]:
    """Mondays to Fridays from `first` on: an exchange without holidays."""
    return (day for i in count() if (day := first + timedelta(days=i)).weekday() < 5)


def close_of(session: date) -> datetime:
    """21:00 UTC, New York's close in winter."""
    return datetime.combine(session, time(21), UTC)


def instrument(symbol: str = NVDA) -> Instrument:
    """A stock on the New York exchange."""
    return Instrument(Symbol(symbol), f"{symbol} Corp.", "XNYS", "USD")


def series(symbol: str = NVDA, n: int = 5, first: date = MONDAY) -> BarSeries:
    """`n` daily bars that close at 100, 101, 102, .. , adjusted by half."""
    bars = (
        Bar(day, 99.5 + i, 102.0 + i, 98.25 + i, 100.0 + i, 50.0 + i / 2, 1e6 + i)
        for i, day in enumerate(islice(weekdays(first), n))
    )
    return BarSeries(instrument(symbol), tuple(bars))


def forecast(symbol: str = NVDA, model: str = "har-t", session: date = MONDAY, **changes: Any) -> Forecast:
    """A forecast whose quantile at level q, h sessions ahead, is (q - 1/2) h / 100."""
    targets = tuple(islice(weekdays(session + timedelta(days=1)), len(HORIZONS)))
    values: dict[str, Any] = {
        "symbol": Symbol(symbol),
        "model": model,
        "model_id": "3f9a",
        "train_end": session - timedelta(days=3),
        "data_hash": "77c0",
        "seed": 7,
        "as_of_session": session,
        "as_of": close_of(session),
        "issued_at": close_of(session) + timedelta(minutes=5),
        "last_close": 101.25,
        "target_sessions": targets,
        "target_times": tuple(map(close_of, targets)),
        "levels": LEVELS,
        "log_returns": tuple(tuple(round((q - 0.5) * h / 100, 7) for q in LEVELS) for h in HORIZONS),
        "p_up": tuple(0.5 for _ in HORIZONS),
    }
    return Forecast(**values | changes)


def outcome(entry: LedgerEntry, horizon: int = 1, actual: float = 0.012, **changes: Any) -> Outcome:
    """What came of one horizon of `entry`, settled a minute after its close."""
    said = entry.forecast
    values: dict[str, Any] = {
        "entry_id": entry.id,
        "symbol": said.symbol,
        "model": said.model,
        "origin": entry.origin,
        "horizon": horizon,
        "as_of_session": said.as_of_session,
        "target_session": said.target_sessions[horizon - 1],
        "settled_at": said.target_times[horizon - 1] + timedelta(minutes=1),
        "actual": actual,
        "median": said.log_return(horizon, 0.5),
        "low_80": said.log_return(horizon, 0.1),
        "high_80": said.log_return(horizon, 0.9),
        "p_up": said.p_up[horizon - 1],
        "crps": 0.0041,
    }
    return Outcome(**values | changes)
