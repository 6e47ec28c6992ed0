"""Bar series for tests, from arithmetic or from a seed; and the real ones where they are at hand."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol

STOCKNET = Path(__file__).resolve().parents[2] / "../shared/data/stocknet"
START = date(2015, 1, 5)  # a Monday


def weekdays(count: int, start: date = START) -> tuple[date, ...]:
    """The first `count` days from `start` on that are neither Saturday nor Sunday."""
    days: list[date] = []
    day = start
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return tuple(days)


def make_series(
    symbol: str,
    closes: Sequence[float],
    *,
    sessions: Sequence[date] | None = None,
    opens: Sequence[float] | None = None,
    highs: Sequence[float] | None = None,
    lows: Sequence[float] | None = None,
    adj_closes: Sequence[float] | None = None,
    volumes: Sequence[float] | None = None,
    exchange: str = "XNYS",
    currency: str = "USD",
) -> BarSeries:
    """Bars with these closes on consecutive weekdays.

    What is not given: each open is the close before it, high and low just span open and close, nothing is adjusted and
    a million units change hands.
    """
    close = [float(c) for c in closes]
    open_ = [float(o) for o in opens] if opens is not None else [*close[:1], *close[:-1]]
    n = len(close)
    columns = (
        sessions if sessions is not None else weekdays(n),
        open_,
        highs if highs is not None else [max(o, c) for o, c in zip(open_, close, strict=True)],
        lows if lows is not None else [min(o, c) for o, c in zip(open_, close, strict=True)],
        close,
        adj_closes if adj_closes is not None else close,
        volumes if volumes is not None else [1e6] * n,
    )
    bars = tuple(Bar(day, *map(float, values)) for day, *values in zip(*columns, strict=True))
    return BarSeries(Instrument(Symbol(symbol), f"{symbol} Inc", exchange, currency), bars)


def random_walk_series(
    symbol: str,
    n: int,
    seed: int = 0,
    *,
    start: date = START,
    daily_sd: float = 0.015,
    exchange: str = "XNYS",
) -> BarSeries:
    """`n` bars of a Student-t random walk with nights, ranges, varying volume and a yearly dividend of one per cent."""
    rng = np.random.default_rng(seed)
    night, day = rng.standard_t(5, size=(2, n)) * daily_sd * np.sqrt(3 / 5) * np.array([[0.5], [0.87]])
    log_close = np.log(50.0) + np.cumsum(night + day)
    log_open = log_close - day
    reach = np.abs(rng.normal(0.0, daily_sd / 2, size=(2, n)))
    close = np.exp(log_close)
    return make_series(
        symbol,
        close.tolist(),
        sessions=weekdays(n, start),
        opens=np.exp(log_open).tolist(),
        highs=np.exp(np.maximum(log_open, log_close) + reach[0]).tolist(),
        lows=np.exp(np.minimum(log_open, log_close) - reach[1]).tolist(),
        adj_closes=(close * 0.99 ** ((n - 1 - np.arange(n)) // 252)).tolist(),
        volumes=np.exp(rng.normal(14.0, 0.4, n)).round().tolist(),
        exchange=exchange,
    )


def stocknet(*symbols: str) -> list[BarSeries]:
    """Real daily bars 2012-09..2017-09 of `symbols` (all where none is named); skips the test where they are absent."""
    if not STOCKNET.is_dir():
        pytest.skip(f"no real bars at {STOCKNET}")
    return [_read(STOCKNET / f"{s}.csv") for s in symbols or sorted(p.stem for p in STOCKNET.glob("*.csv"))]


def _read(path: Path) -> BarSeries:
    with path.open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if "null" not in r.values()]
    columns = ("Open", "High", "Low", "Close", "Adj Close", "Volume")
    bars = tuple(Bar(date.fromisoformat(r["Date"]), *(float(r[c]) for c in columns)) for r in rows)
    return BarSeries(Instrument(Symbol(path.stem), path.stem, "XNYS", "USD"), bars)
