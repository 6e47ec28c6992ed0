"""Online calibration: every ticker's bands are widened or narrowed by what became of its earlier ones.

Pooled calibration hides bad tickers. Here each ticker, horizon and level has a factor on the distance from the median
to that quantile, moved after each outcome by

    log factor += rate (1{outcome beyond the issued quantile} - alpha)

with alpha the probability beyond the quantile: the tails, from the 80 % band outwards, learn apart, and in the long run
each is exceeded in a share alpha of cases whatever the model does. Inside that band both sides learn together, since
apart they would learn which way prices have lately gone: measured with HAR-t over 12 series that bet costs 0.3-0.4 %
CRPS at 5 and 10 sessions in 2007-09 (95 % interval above 0) and gains nothing that is significant in 2000-02, 2005-06,
2011-13 or 2014. An outcome h sessions ahead is learnt from when it is realised, not before. A factor stays within 2.5
times of its start either way.

At one session ahead a second factor, common to all tickers, learns from their mean: what one of them needs a year to
tell, all together tell in a month. Measured with HAR-t in six spans of 2000-14, pooled coverage of the 80 % band comes
closer to 80 % in five (.778 becomes .787 in 2007-09) and stays in one, at the same CRPS. At longer horizons outcomes
overlap and it would follow noise: no gain in coverage, .02 % CRPS lost.

Steps are small, so that a tracker needs about a year before tickers differ. `follow` therefore lets it run through the
first fit's training sessions beforehand. Measured on 85 stocks in 2014 with HAR-t fitted to 2013: tickers within three
points of 80 % coverage at h = 1 rise from 65 % to 89 %, against 78 % with neither running-in nor common factor;
started from the split quantile of a single quarter they would be 53 %, since a quarter has a volatility of its own.

Sources: Gibbs & Candès (2021), NeurIPS, "Adaptive conformal inference", here on the logarithm of the quantile, which
keeps widths positive and bounded; Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World, for the
split quantile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self

import numpy as np

from forecasting.domain.forecast import HORIZONS, LEVELS, Forecast
from forecasting.domain.market import Symbol
from forecasting.errors import CheckpointError
from forecasting.features.panel import FloatArray, Panel
from forecasting.models.base import Fitted, Predictions
from forecasting.models.quantiles import predictions, probability_up

LIMIT = float(np.log(2.5))
"""How far the log of a factor may move from its start."""

SPLIT_ROWS = 500
"""Outcomes, pooled over tickers, below which the split quantile is noise and every factor starts at 1."""

RATES: FloatArray = np.interp(HORIZONS, (1, 5, 10), (0.012, 0.006, 0.003))
"""Step per outcome by horizon, (H,): longer horizons overlap, so their outcomes repeat each other."""

RUN_IN = 504
"""Newest training sessions that run a tracker in: two years, after which it has forgotten what came before."""

SHOCK_WINDOW = 60
"""Sessions over which coverage is watched for a change of regime."""

SHOCK_COVERAGE = 0.72
"""Coverage of the 80 % band over that window below which bands are called too narrow for the times.

Pooled over 12 series, tracked, one session ahead: .71 at worst in 2008, .74 at worst in 2005-06.
"""

COMMON_RATES: FloatArray = np.interp(HORIZONS, (1, 5, 10), (0.01, 0.0, 0.0))
"""Step of the common factor per session, (H,), shared out over the outcomes of that session."""

_LEVELS = np.array(LEVELS)
_MIDDLE = len(LEVELS) // 2
_BEYOND = np.minimum(_LEVELS, 1.0 - _LEVELS)       # (Q,) alpha
_APART = _BEYOND < 0.11                            # (Q,) levels whose two tails learn apart


def split_start(predicted: Predictions, actual: FloatArray) -> FloatArray:
    """Log factors that would have given each level its coverage on held-out rows of all tickers together, (H, Q).

    Both tails share a factor: which side a few hundred common days fell on is luck.

    Args:
        predicted: Forecasts the fit has not been trained on, N symbols at K sessions.
        actual: What came, shape (N, K, H), NaN where unknown or not to be known yet.
    """
    start = np.zeros((len(HORIZONS), len(LEVELS)))
    median = predicted.log_returns[..., _MIDDLE, None]
    reach = np.abs(predicted.log_returns - median)
    miss = np.abs(actual - median[..., 0])
    for h in range(len(HORIZONS)):
        known = np.isfinite(miss[:, :, h]) & np.isfinite(reach[:, :, h, 0])
        if known.sum() < SPLIT_ROWS:
            continue
        for low in range(_MIDDLE):
            high = len(LEVELS) - 1 - low
            between = 0.5 * (reach[:, :, h, low] + reach[:, :, h, high])[known]
            factor = np.quantile(miss[:, :, h][known] / between, 1.0 - 2.0 * _LEVELS[low])
            start[h, [low, high]] = np.log(factor)
    return np.clip(start, -LIMIT, LIMIT)


def _zeros() -> FloatArray:
    return np.zeros((len(HORIZONS), len(LEVELS)))


@dataclass(slots=True, eq=False)
class Tracker:
    """The factors of one model's forecasts, as learnt so far. Holds arrays only, and is a plain value as `to_dict`."""

    start: FloatArray = field(default_factory=_zeros)                  # (H, Q) log factors
    learnt: dict[Symbol, FloatArray] = field(default_factory=dict)     # (H, Q) each, start included
    common: FloatArray = field(default_factory=_zeros)                 # (H, Q) added to every symbol's
    members: int = 0                                                   # symbols that share `common`; 0: nobody does

    def apply(self, symbol: Symbol, log_returns: FloatArray) -> FloatArray:
        """The model's quantiles, shape (H, Q), as they are to be issued for `symbol`: same shape, same medians."""
        return stretch(log_returns, _bounded(self.learnt.get(symbol, self.start) + self.common, self.start))

    def settle(self, symbol: Symbol, horizon: int, issued: Sequence[float], actual: float) -> None:
        """Learn from one realised outcome. Call once per issued forecast and horizon, in the order of issue.

        Args:
            symbol: Whose.
            horizon: 1..H.
            issued: The quantiles that were issued, shape (Q,).
            actual: The log return that came, finite.
        """
        own = self.learnt.setdefault(symbol, self.start.copy())
        h = horizon - 1
        surprise = _surprise(np.asarray(issued, dtype=np.float64), np.float64(actual))
        own[h] = _bounded(own[h] + RATES[h] * surprise, self.start[h])
        if self.members:
            self.common[h] += COMMON_RATES[h] / self.members * surprise

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON carries without loss."""
        return {
            "start": self.start.tolist(),
            "learnt": {s: a.tolist() for s, a in self.learnt.items()},
            "common": self.common.tolist(),
            "members": self.members,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The tracker that `to_dict` wrote.

        Raises:
            CheckpointError: If the content is not one.
        """
        try:
            start = np.array(content["start"], dtype=np.float64)
            learnt = {Symbol(s): np.array(a, dtype=np.float64) for s, a in content["learnt"].items()}
            common, members = np.array(content["common"], dtype=np.float64), int(content["members"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"calibration state: {error!r}; drop it, it is learnt again") from error
        shape = (len(HORIZONS), len(LEVELS))
        if any(a.shape != shape or not np.isfinite(a).all() for a in (start, common, *learnt.values())):
            raise CheckpointError(f"calibration state: factors are not {shape[0]} x {shape[1]} finite numbers; drop it")
        return cls(start, learnt, common, members)


def calibrated(forecast: Forecast, tracker: Tracker) -> Forecast:
    """The forecast with its bands as the tracker wants them."""
    log_returns = tracker.apply(forecast.symbol, np.array(forecast.log_returns))
    rows = tuple(map(tuple, log_returns.tolist()))
    return replace(forecast, log_returns=rows, p_up=tuple(probability_up(log_returns).tolist()))


class Walk:
    """A tracker that runs along with the forecasts of a walk-forward, for all symbols at once.

    The same numbers as `Tracker.apply` and `Tracker.settle` session by session. May be fed a few sessions at a time:
    it keeps no more than the forecasts whose outcomes are still to come.
    """

    def __init__(self, panel: Panel, tracker: Tracker | None = None) -> None:
        """Outcomes come from `panel`, each read when its session is reached; go on from `tracker`, or from nothing."""
        tracker = tracker or Tracker(members=len(panel.symbols))
        self._panel, self._start, self._members = panel, tracker.start, tracker.members
        self._own = np.stack([tracker.learnt.get(s, tracker.start) for s in panel.symbols])         # (N, H, Q)
        self._common = tracker.common.copy()
        self._has_learnt = np.array([s in tracker.learnt for s in panel.symbols])
        self._open: dict[int, FloatArray] = {}      # issued quantiles (N, H, Q) by session, outcomes to come
        self._reached = -1

    @property
    def tracker(self) -> Tracker:
        """What has been learnt so far."""
        symbols = zip(self._panel.symbols, self._own, self._has_learnt, strict=True)
        learnt = {s: own.copy() for s, own, has_learnt in symbols if has_learnt}
        return Tracker(self._start, learnt, self._common.copy(), self._members)

    def issue(self, predicted: Predictions, at: Sequence[int]) -> Predictions:
        """The forecasts made at the K session indices `at`, ascending and after all before, as they are issued."""
        issued = np.empty_like(predicted.log_returns)
        for i, session in enumerate(at):
            self._learn(session)
            issued[:, i] = stretch(predicted.log_returns[:, i], _bounded(self._own + self._common, self._start))
            self._open[session] = issued[:, i].copy()
        return predictions(issued)

    def _learn(self, session: int) -> None:
        """Learn from everything realised since the session reached before, until the close of `session`."""
        for issue, said in list(self._open.items()):
            ends = self._panel.target_ends[:, issue]
            waited_for = np.isfinite(said[..., 0]) & (ends > self._reached) & (ends < len(self._panel.sessions))
            due = waited_for & (ends <= session)
            n, h = np.nonzero(due & np.isfinite(self._panel.targets[:, issue]))
            surprise = _surprise(said[n, h], self._panel.targets[n, issue, h][:, None])
            self._own[n, h] = _bounded(self._own[n, h] + RATES[h, None] * surprise, self._start[h])
            if self._members:
                np.add.at(self._common, h, COMMON_RATES[h, None] / self._members * surprise)
            self._has_learnt[n] = True
            if (due == waited_for).all():
                del self._open[issue]
        self._reached = session


def follow(
    first: Fitted, panel: Panel, predicted: Predictions, at: Sequence[int], start: FloatArray | None = None
) -> tuple[Predictions, Tracker]:
    """A walk-forward's forecasts as a tracker would have issued them that had run through the training before them.

    Args:
        first: The fit of the first forecasts, whose newest training sessions run the tracker in.
        panel: What all fits read.
        predicted: Forecasts at the K sessions `at`, by this fit and later ones.
        at: Session indices, ascending, all after `first.train_end`.
        start: Log factors to start from, shape (H, Q); 0 if None.
    """
    seen = panel.valid[:, : panel.index_of(first.train_end) + 1].any(axis=0)
    before = np.flatnonzero(seen)[-RUN_IN:].tolist()
    walk = Walk(panel, None if start is None else Tracker(start, members=len(panel.symbols)))
    walk.issue(first.predict(panel, before), before)
    return walk.issue(predicted, at), walk.tracker


def stretch(log_returns: FloatArray, log_factors: FloatArray) -> FloatArray:
    """Quantiles, shape (..., H, Q), with their distances from the median multiplied.

    Where levels cross the outer one holds, since it learns from its own tail alone; and no distance falls with h, as in
    what went in.
    """
    median = log_returns[..., _MIDDLE, None]
    reach = np.abs(log_returns - median) * np.exp(log_factors)
    below = np.minimum.accumulate(reach[..., :_MIDDLE], axis=-1)
    above = np.minimum.accumulate(reach[..., :_MIDDLE:-1], axis=-1)[..., ::-1]
    nested = np.concatenate([below, np.zeros_like(median), above], axis=-1)
    stretched: FloatArray = median + np.sign(_LEVELS - 0.5) * np.maximum.accumulate(nested, axis=-2)
    return stretched


def _surprise(issued: FloatArray, actual: FloatArray | np.float64) -> FloatArray:
    """1 - alpha for each level whose quantile was exceeded, -alpha for the others; shape (..., Q), 0 for the median.

    Inside the 80 % band both sides of a pair have the mean of the two.
    """
    beyond = np.where(_LEVELS < 0.5, actual < issued, actual > issued)
    surprise = np.where(_LEVELS == 0.5, 0.0, beyond - _BEYOND)
    both: FloatArray = np.where(_APART, surprise, 0.5 * (surprise + surprise[..., ::-1]))
    return both


def _bounded(factors: FloatArray, start: FloatArray) -> FloatArray:
    bounded: FloatArray = np.clip(factors, start - LIMIT, start + LIMIT)
    return bounded


@dataclass(frozen=True, slots=True)
class Shock:
    """The 80 % band has lately held too few outcomes: volatility has changed faster than anything here can learn."""

    coverage: float    # over the newest `n_days` sessions
    n: int             # outcomes in them
    n_days: int
    since: date        # session in which coverage fell below the threshold, and has stayed there


def regime_shock(days: Sequence[date], covered: Sequence[float], counts: Sequence[int]) -> Shock | None:
    """The badge to show beside bands now, or None; also None before `SHOCK_WINDOW` sessions.

    Args:
        days: Sessions with outcomes, ascending, shape (n,).
        covered: Outcomes of each inside their 80 % band.
        counts: Outcomes of each, > 0.
    """
    if len(days) < SHOCK_WINDOW:
        return None
    inside, n = (np.convolve(x, np.ones(SHOCK_WINDOW), "valid") for x in (np.array(covered, float), np.array(counts)))
    below = inside / n < SHOCK_COVERAGE
    if not below[-1]:
        return None
    run = len(below) if below.all() else int(np.argmin(below[::-1]))
    return Shock(float(inside[-1] / n[-1]), int(n[-1]), SHOCK_WINDOW, days[len(days) - run])
