"""A published protocol rerun: stock movement prediction after Feng et al. (2019), data set ACL18.

A sample is one symbol in one session t: did its adjusted close rise by 0.55 % or more, or fall by 0.5 % or more,
against the session before? Moves between are dropped. Inputs are the `seq` sessions before t. Beside the networks stand
the rules that anyone could follow, and every accuracy has an interval that counts days, not samples: the published test
span of 64 days cannot tell 57 from 52 per cent.

Source: Feng, Chen, He, Ding, Sun & Chua (2019), Enhancing Stock Movement Prediction with Adversarial Training, IJCAI.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from forecasting.domain.market import BarSeries
from forecasting.domain.report import Metric, MovementScore
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.significance import Interval, matthews_interval, row_mean, row_share
from forecasting.features.panel import BoolArray, FloatArray
from forecasting.models.base import OnProgress, Progress

RISE, FALL = 0.0055, -0.005
MEANS = (5, 10, 15, 20, 25, 30)
MOMENTUM = 10
NETWORKS = ("lstm", "alstm")
MIN_PART = 2      # samples, and days of the test span


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The samples of one span, day by day."""

    inputs: npt.NDArray[np.float32]      # (M, seq, 11) of the sessions before, per cent
    up: BoolArray                        # (M,)
    day: npt.NDArray[np.int64]           # (M,) ascending
    before_1: FloatArray                 # (M,) return of the session before
    before_10: FloatArray                # (M,) return of the ten sessions before


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Training, validation and test samples."""

    train: Part
    valid: Part
    test: Part

    @property
    def counts(self) -> dict[str, int]:
        """Samples in each part."""
        return {"train": len(self.train.up), "valid": len(self.valid.up), "test": len(self.test.up)}


RULES: dict[str, Callable[[Part], BoolArray]] = {
    "always-up": lambda part: np.ones(len(part.up), dtype=bool),
    "reversal-1d": lambda part: part.before_1 < 0.0,
    "reversal-10d": lambda part: part.before_10 < 0.0,
}
"""Which samples a rule calls up."""


def samples(
    series: Sequence[BarSeries], *, train_start: date, valid_start: date, test_start: date,
    test_end: date | None = None, seq: int = 5,
) -> Samples:
    """All samples whose session, and the `seq` sessions before with their 30 of history, have a bar.

    Args:
        series: Bars; those after `test_end` are not looked at.
        train_start: First session to train on; validation and test follow each other up to and including `test_end`.
        valid_start: First session to choose the epoch on.
        test_start: First session to be tested on.
        test_end: Last one; None for the newest there is.
        seq: Sessions a sample shows.

    Raises:
        NotEnoughHistory: If a part has no samples.
    """
    sessions, prices = _prices(series, test_end)
    adj = prices[-1]
    returns = _change(adj, 1)
    inputs = _inputs(prices)
    complete: BoolArray = np.logical_and.reduce(np.isfinite(inputs), axis=-1)
    windows = np.lib.stride_tricks.sliding_window_view(complete, seq, axis=1)
    shown: BoolArray = np.logical_and.reduce(windows, axis=-1)         # of the seq sessions up to each
    before = np.pad(shown[:, :-1], ((0, 0), (seq, 0)))                 # of those before each
    usable: BoolArray = np.logical_and(before, np.logical_or(returns >= RISE, returns <= FALL))
    edges = [int(np.searchsorted(sessions, np.datetime64(d))) for d in (train_start, valid_start, test_start)]
    parts = []
    for name, first, last in zip(("train", "valid", "test"), edges, [*edges[1:], len(sessions)], strict=True):
        day, symbol = np.nonzero(usable.T[first:last])
        day += first
        if len(np.unique(day)) < MIN_PART:
            raise NotEnoughHistory(f"feng2019: {len(day)} samples in {name}; move its dates, or load more history")
        rows = day[:, None] + np.arange(-seq, 0)
        parts.append(
            Part(
                inputs=inputs[symbol[:, None], rows].astype(np.float32), up=returns[symbol, day] >= RISE, day=day,
                before_1=returns[symbol, day - 1], before_10=_change(adj, MOMENTUM)[symbol, day - 1],
            )
        )
    return Samples(*parts)


def run(given: Samples, *, seeds: int, on_progress: OnProgress | None = None) -> tuple[MovementScore, ...]:
    """Train each network with seeds 0..seeds-1, and score networks and rules on the test part."""
    from forecasting.evaluation import movement_networks

    called: dict[str, list[BoolArray]] = {}
    for i, name in enumerate(NETWORKS):
        called[name] = []
        for seed in range(seeds):
            called[name].append(movement_networks.fit_and_call(name, given, seed=seed))
            if on_progress is not None:
                done = (i * seeds + seed + 1) / (len(NETWORKS) * seeds)
                on_progress(Progress(done, f"{name} trained with seed {seed}"))
    called |= {name: [rule(given.test)] for name, rule in RULES.items()}
    return tuple(_score(name, calls, given.test) for name, calls in called.items())


def _prices(series: Sequence[BarSeries], until: date | None) -> tuple[npt.NDArray[np.datetime64], FloatArray]:
    """All sessions, shape (T,); open, high, low, close and adjusted close, shape (5, N, T), NaN without a bar."""
    bars = [[b for b in s.bars if until is None or b.session <= until] for s in series]
    sessions = np.unique(np.array([b.session for own in bars for b in own], dtype="datetime64[D]"))
    prices = np.full((5, len(series), len(sessions)), np.nan)
    for n, own in enumerate(bars):
        at = np.searchsorted(sessions, np.array([b.session for b in own], dtype="datetime64[D]"))
        prices[:, n, at] = np.array([(b.open, b.high, b.low, b.close, b.adj_close) for b in own]).reshape(-1, 5).T
    return sessions, prices


def _inputs(prices: FloatArray) -> FloatArray:
    """The eleven inputs of each session, shape (N, T, 11), in per cent; NaN where one is missing."""
    open_, high, low, close, adj = prices
    columns = [open_ / close - 1.0, high / close - 1.0, low / close - 1.0, _change(close, 1), _change(adj, 1)]
    for k in MEANS:
        mean = np.full_like(adj, np.nan)
        if adj.shape[1] >= k:
            mean[:, k - 1 :] = np.lib.stride_tricks.sliding_window_view(adj, k, axis=1).mean(axis=-1)
        columns.append(mean / adj - 1.0)
    return 100.0 * np.stack(columns, axis=-1)


def _change(prices: FloatArray, sessions: int) -> FloatArray:
    """Return over so many sessions of the union, same shape; NaN where either end has no bar."""
    change = np.full_like(prices, np.nan)
    change[:, sessions:] = prices[:, sessions:] / prices[:, :-sessions] - 1.0
    return change


def _score(name: str, calls: Sequence[BoolArray], test: Part) -> MovementScore:
    """Mean and spread over seeds, with intervals clustered by day."""
    place = np.unique(test.day, return_inverse=True)[1]

    def per_day(rows: npt.NDArray[np.bool_] | FloatArray) -> FloatArray:
        return np.bincount(place, weights=rows).astype(np.float64)

    counts, ups = per_day(np.ones(len(place))), per_day(test.up)
    right = np.array([call == test.up for call in calls])                  # (S, M)
    accuracy = right.mean(axis=0)
    value = row_share(per_day(accuracy), counts, horizon=1)
    edge = row_mean(per_day(accuracy - test.up), counts, horizon=1)
    each = np.array([
        matthews_interval(per_day(call & test.up), per_day(call), ups, counts, horizon=1) for call in calls
    ])                                                                     # (S, 3)
    mcc: Interval = tuple(each.mean(axis=0).tolist())
    n, n_days = len(place), len(counts)
    return MovementScore(
        model=name,
        seeds=len(calls),
        accuracy=Metric(*value, "always-up", float(test.up.mean()), *edge, n=n, n_days=n_days),
        accuracy_sd=_sd(right.mean(axis=1)),
        mcc=Metric(*mcc, "always-up", 0.0, *mcc, n=n, n_days=n_days),
        mcc_sd=_sd(each[:, 0]),
    )


def _sd(values: FloatArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0
