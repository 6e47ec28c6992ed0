"""What came of signals, beside what the same directions did on any day.

Pure functions on the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from forecasting.domain.decision import ScoredSignal, Signal, SignalKind, SignalRecord
from forecasting.evaluation.intervals import daily_series, enough_days, mean_interval, wilson
from forecasting.frozen import dataclass

ROUND_TRIP = 0.002
"""Cost of following a signal: 10 basis points on the way in and on the way out, as in a backtest."""


@dataclass(frozen=True, slots=True)
class AnyDay:
    """What happened over one horizon after all sessions, with a signal or without."""

    up_rate: float          # share after which the price had risen
    mean_return: float      # mean log return


def score(signal: Signal, adj_closes: Sequence[float]) -> float | None:
    """Log return over the signal's horizon, or None while it is open.

    Args:
        signal: The opinion.
        adj_closes: Adjusted closes of its own session and of those that followed, ascending.
    """
    if len(adj_closes) <= signal.horizon:
        return None
    return math.log(adj_closes[signal.horizon] / adj_closes[0])


def any_day(adj_closes: Iterable[Sequence[float]], horizon: int) -> AnyDay | None:
    """What followed all sessions over `horizon` sessions: what a signal has to beat.

    Args:
        adj_closes: One series per symbol, ascending, all positive.
        horizon: Sessions ahead.

    Returns:
        None where no series is long enough.
    """
    moves = [
        math.log(later / now)
        for series in adj_closes for now, later in zip(series, series[horizon:], strict=False)
    ]
    return AnyDay(sum(move > 0.0 for move in moves) / len(moves), math.fsum(moves) / len(moves)) if moves else None


def records(scored: Iterable[ScoredSignal], usual: Mapping[int, AnyDay]) -> tuple[SignalRecord, ...]:
    """How the settled signals of each kind have done, in the order of `SignalKind`; kinds without one are left out.

    Signals of several symbols on one day count as one bet in the interval, since they share that day's market.

    Args:
        scored: Signals, settled or open.
        usual: `any_day` per horizon, over the same symbols and years.
    """
    by_kind: dict[SignalKind, list[ScoredSignal]] = {}
    for item in scored:
        if item.log_return is not None:
            by_kind.setdefault(item.signal.kind, []).append(item)
    return tuple(_record(kind, by_kind[kind], usual) for kind in SignalKind if kind in by_kind)


def _record(kind: SignalKind, settled: Sequence[ScoredSignal], usual: Mapping[int, AnyDay]) -> SignalRecord:
    n = len(settled)
    if settled[0].signal.direction == 0:
        return SignalRecord(kind, n, 0, None, None, None, None, None)
    in_order = sorted(settled, key=lambda item: item.signal.session)
    sessions = [item.signal.session for item in in_order]
    hits = sum(item.right is True for item in settled)
    days = len(set(sessions))
    low, high = wilson(hits / n * days, days)
    returns = [item.signal.direction * (item.log_return or 0.0) for item in in_order]
    mean, horizon = math.fsum(returns) / n, settled[0].signal.horizon
    net: tuple[float | None, float | None] = (None, None)
    if enough_days(days, horizon):
        _, least, most = mean_interval(daily_series(returns, sessions), horizon)
        net = (least - ROUND_TRIP, most - ROUND_TRIP)
    naive = _mean([each.up_rate if up else 1.0 - each.up_rate for up, each in _usual(settled, usual)])
    naive_return = _mean([each.mean_return if up else -each.mean_return for up, each in _usual(settled, usual)])
    return SignalRecord(
        kind, n, hits, hits / n, low, high, mean, naive, mean - ROUND_TRIP, *net,
        None if naive_return is None else naive_return - ROUND_TRIP, ROUND_TRIP,
    )  # fmt: skip


def _usual(settled: Sequence[ScoredSignal], usual: Mapping[int, AnyDay]) -> list[tuple[bool, AnyDay]]:
    """Of each signal whether it expects a rise, and what any day did over its horizon."""
    known = [(item.signal.direction > 0, usual.get(item.signal.horizon)) for item in settled]
    return [(up, each) for up, each in known if each is not None]


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
