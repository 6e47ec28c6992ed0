"""What came of signals, beside what the same directions did on any day.

Pure functions on the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from forecasting.domain.decision import ScoredSignal, Signal, SignalKind, SignalRecord
from forecasting.evaluation.intervals import wilson


def score(signal: Signal, adj_closes: Sequence[float]) -> float | None:
    """Log return over the signal's horizon, or None while it is open.

    Args:
        signal: The opinion.
        adj_closes: Adjusted closes of its own session and of those that followed, ascending.
    """
    if len(adj_closes) <= signal.horizon:
        return None
    return math.log(adj_closes[signal.horizon] / adj_closes[0])


def up_rate(adj_closes: Iterable[Sequence[float]], horizon: int) -> float | None:
    """Share of all sessions after which the price rose over `horizon` sessions: what a signal has to beat.

    Args:
        adj_closes: One series per symbol, ascending, all positive.
        horizon: Sessions ahead.

    Returns:
        In [0, 1]; None where no series is long enough.
    """
    rises = [later > now for series in adj_closes for now, later in zip(series, series[horizon:], strict=False)]
    return sum(rises) / len(rises) if rises else None


def records(scored: Iterable[ScoredSignal], up_rates: Mapping[int, float]) -> tuple[SignalRecord, ...]:
    """How the settled signals of each kind have done, in the order of `SignalKind`; kinds without one are left out.

    Signals of several symbols on one day count as one bet in the interval, since they share that day's market.

    Args:
        scored: Signals, settled or open.
        up_rates: `up_rate` per horizon, over the same symbols and years.
    """
    by_kind: dict[SignalKind, list[ScoredSignal]] = {}
    for item in scored:
        if item.log_return is not None:
            by_kind.setdefault(item.signal.kind, []).append(item)
    return tuple(_record(kind, by_kind[kind], up_rates) for kind in SignalKind if kind in by_kind)


def _record(kind: SignalKind, settled: Sequence[ScoredSignal], up_rates: Mapping[int, float]) -> SignalRecord:
    n = len(settled)
    if settled[0].signal.direction == 0:
        return SignalRecord(kind, n, 0, None, None, None, None, None)
    hits = sum(item.right is True for item in settled)
    days = len({item.signal.session for item in settled})
    low, high = wilson(hits / n * days, days)
    returns = [item.signal.direction * item.log_return for item in settled if item.log_return is not None]
    return SignalRecord(kind, n, hits, hits / n, low, high, math.fsum(returns) / n, _naive(settled, up_rates))


def _naive(settled: Sequence[ScoredSignal], up_rates: Mapping[int, float]) -> float | None:
    """What the same directions over the same horizons would have scored on any day."""
    ups = [(item.signal.direction, up_rates.get(item.signal.horizon)) for item in settled]
    rates = [up if direction > 0 else 1.0 - up for direction, up in ups if up is not None]
    return math.fsum(rates) / len(rates) if rates else None
