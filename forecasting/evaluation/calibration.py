"""Online calibration: bands are widened or narrowed by what became of earlier ones.

Pooled calibration hides bad tickers. Here each ticker, horizon and level has a factor on the distance from the median
to that quantile, moved after each outcome by

    log factor += rate (1{outcome beyond the issued quantile} - alpha)

with alpha the probability beyond the quantile, so that in the long run each is exceeded in a share alpha of cases
whatever the model does. From the 90 % band outwards the tails learn apart. Further in both sides learn together, since
apart they would learn which way prices have lately gone: on the 160 stocks below that bet costs .1-.2 % of the 80 %
band's interval score. An outcome h sessions ahead is learnt from when it is realised, not before. A factor stays within
2.5 times of 1 either way.

The long run of one ticker is decades: over T outcomes coverage is wrong by up to (the way the log factor has gone) /
(rate T). A second factor is therefore common to all tickers and moved by their mean, which bears a larger step. It
holds for the 80 % band and wider ones, both tails alike; shared further in it would cost another .02 % CRPS. It starts
at 0 with the first issued forecast, goes on through refits, and is a plain sum of surprises: coverage can be wrong by
no more than (the way it has gone) / (rate T).

Measured on 60 synthetic stocks driven by the real S&P 500 and NASDAQ, with the ensemble refitted yearly, in 8 spans of
two years, 5 of three and 2 of ten within 2000-14: pooled 80 and 95 % coverage is within a point of nominal in all of
them at 1, 5 and 10 sessions, worst 79.3 and 80.7 %. With a common factor at one session only, begun again with every
refit, 80 % coverage was so in 14, 13 and 11 of the 15, worst 78.0 and 82.6 %. The price is .00 / .01 / .04 % CRPS and
-.1 / .0 / .3 % interval score. On 160 such stocks with HAR-t it is within a point in all spans too, and on 40 others
(`python -m tests.benchmarks calibration`). A year is too short for that, 25 outcomes of ten sessions: 85 real stocks in
2014 had 79.6, 79.0 and 78.9 %. Frozen, on the same stocks in 2015-17: 80.5, 80.6 and 80.4 %, and 95.3 % at all three.

Steps are small, so that a tracker needs about a year before tickers differ. `run_in` therefore lets it run through the
first fit's training sessions beforehand: on 85 stocks in 2014 with HAR-t fitted to 2013, tickers within three points of
80 % coverage at h = 1 rise from 65 % to 82 %. In the spans of two years and more above it is 98 % of tickers or more.

Sources: Gibbs & Candès (2021), NeurIPS, "Adaptive conformal inference", here on the logarithm of the quantile, which
keeps widths positive and bounded; Angelopoulos, Candès & Tibshirani (2023), NeurIPS, "Conformal PID control", for
coverage as an integrator's promise.
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
"""How far the log of a factor may move from 0."""

RATES: FloatArray = np.interp(HORIZONS, (1, 5, 10), (0.015, 0.006, 0.003))
"""Step per outcome by horizon, (H,): longer horizons overlap, so their outcomes repeat each other."""

RUN_IN = 504
"""Newest training sessions that run a tracker in: two years, after which it has forgotten what came before."""

SHOCK_WINDOW = 60
"""Sessions over which coverage is watched for a change of regime."""

SHOCK_COVERAGE = 0.74
"""Coverage of the 80 % band over that window below which bands are called too narrow for the times.

Pooled over 12 series, tracked, one session ahead: .72 at worst in 2008, .73 in 2011, .77 in 2005-06.
"""

COMMON_RATE = 0.05
"""Step of the common factor per session, at every horizon, shared out over the outcomes of that session.

An error of ten per cent in width costs .1 / .05 = 2 sessions' worth of coverage, .3 points of three years. Outcomes are
learnt from when they are h sessions old: at 10 sessions the loop takes back .45 x .05 x 10 = .22 of an error in width
before it sees what it did, far from the 1.6 at which it would swing for ever.
"""

FEW = 10
"""Symbols below which the common step is that of one among so many: one ticker's surprises are mostly its own."""

PIECE = 32
"""Sessions of a run-in that are forecast at once: enough to be fast, few enough for the memory of 500 symbols."""

_LEVELS = np.array(LEVELS)
_MIDDLE = len(LEVELS) // 2
_BEYOND = np.minimum(_LEVELS, 1.0 - _LEVELS)       # (Q,) alpha
_SHARED = _BEYOND < 0.11                           # (Q,) the 80 % band and wider ones: they have a common factor
_APART = _BEYOND < 0.06                            # (Q,) wider ones: their two tails learn apart


def _zeros() -> FloatArray:
    return np.zeros((len(HORIZONS), len(LEVELS)))


@dataclass(slots=True, eq=False)
class Tracker:
    """The factors of one model's forecasts, as learnt so far. Holds arrays only, and is a plain value as `to_dict`."""

    learnt: dict[Symbol, FloatArray] = field(default_factory=dict)     # (H, Q) log factors each
    common: FloatArray = field(default_factory=_zeros)                 # (H, Q) added to every symbol's
    members: int = 0                                                   # symbols that share `common`; 0: nobody does

    def apply(self, symbol: Symbol, log_returns: FloatArray) -> FloatArray:
        """The model's quantiles, shape (H, Q), as they are to be issued for `symbol`: same shape, same medians."""
        return stretch(log_returns, _bounded(self.learnt.get(symbol, 0.0) + self.common))

    def settle(self, symbol: Symbol, horizon: int, issued: Sequence[float], actual: float) -> None:
        """Learn from one realised outcome. Call once per issued forecast and horizon, in the order of issue.

        Args:
            symbol: Whose.
            horizon: 1..H.
            issued: The quantiles that were issued, shape (Q,).
            actual: The log return that came, finite.
        """
        own = self.learnt.setdefault(symbol, _zeros())
        h = horizon - 1
        mine, everybodys = _surprises(np.asarray(issued, dtype=np.float64), np.float64(actual))
        own[h] = _bounded(own[h] + RATES[h] * mine)
        if self.members:
            # Symbols that came later count too, or the common step would grow with the watchlist.
            step = COMMON_RATE / max(FEW, self.members, len(self.learnt))
            self.common[h] = _bounded(self.common[h] + step * everybodys)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON carries without loss."""
        return {
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
            learnt = {Symbol(s): np.array(a, dtype=np.float64) for s, a in content["learnt"].items()}
            common, members = np.array(content["common"], dtype=np.float64), int(content["members"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"calibration state: {error!r}; drop it, it is learnt again") from error
        if odd := content.keys() - {"learnt", "common", "members"}:
            raise CheckpointError(f"calibration state: {', '.join(sorted(odd))}: by another rule; it is learnt again")
        shape = (len(HORIZONS), len(LEVELS))
        if any(a.shape != shape or not np.isfinite(a).all() for a in (common, *learnt.values())):
            raise CheckpointError(f"calibration state: factors are not {shape[0]} x {shape[1]} finite numbers; drop it")
        return cls(learnt, common, members)


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
        self._panel, self._members = panel, tracker.members
        self._own = np.stack([tracker.learnt.get(s, _zeros()) for s in panel.symbols])              # (N, H, Q)
        self._common = tracker.common.copy()
        self._has_learnt = np.array([s in tracker.learnt for s in panel.symbols])
        self._open: dict[int, FloatArray] = {}      # issued quantiles (N, H, Q) by session, outcomes to come
        self._reached = -1

    @property
    def tracker(self) -> Tracker:
        """What has been learnt so far."""
        symbols = zip(self._panel.symbols, self._own, self._has_learnt, strict=True)
        learnt = {s: own.copy() for s, own, has_learnt in symbols if has_learnt}
        return Tracker(learnt, self._common.copy(), self._members)

    def issue(self, predicted: Predictions, at: Sequence[int]) -> Predictions:
        """The forecasts made at the K session indices `at`, ascending and after all before, as they are issued."""
        issued = np.empty_like(predicted.log_returns)
        for i, session in enumerate(at):
            self._learn(session)
            issued[:, i] = stretch(predicted.log_returns[:, i], _bounded(self._own + self._common))
            self._open[session] = issued[:, i].copy()
        return predictions(issued)

    def _learn(self, session: int) -> None:
        """Learn from everything realised since the session reached before, until the close of `session`."""
        for issue, said in list(self._open.items()):
            ends = self._panel.target_ends[:, issue]
            waited_for = np.isfinite(said[..., 0]) & (ends > self._reached) & (ends < len(self._panel.sessions))
            due = waited_for & (ends <= session)
            n, h = np.nonzero(due & np.isfinite(self._panel.targets[:, issue]))
            mine, everybodys = _surprises(said[n, h], self._panel.targets[n, issue, h][:, None])
            self._own[n, h] = _bounded(self._own[n, h] + RATES[h, None] * mine)
            if self._members:
                np.add.at(self._common, h, COMMON_RATE / max(FEW, self._members) * everybodys)
                self._common = _bounded(self._common)
            self._has_learnt[n] = True
            if (due == waited_for).all():
                del self._open[issue]
        self._reached = session


def run_in(first: Fitted, panel: Panel) -> Tracker:
    """A tracker that has run through the newest training sessions of a fit, with nothing learnt in common yet.

    What all tickers have in common is learnt from issued forecasts only: a fit's errors on rows it has seen say little
    about those to come, and whatever the common factor has moved by meanwhile, later coverage has to pay back.
    """
    seen = panel.valid[:, : panel.index_of(first.train_end) + 1].any(axis=0)
    before = np.flatnonzero(seen)[-RUN_IN:].tolist()
    walk = Walk(panel, Tracker())
    for i in range(0, len(before), PIECE):
        walk.issue(first.predict(panel, before[i : i + PIECE]), before[i : i + PIECE])
    return replace(walk.tracker, members=len(panel.symbols))


def follow(first: Fitted, panel: Panel, predicted: Predictions, at: Sequence[int]) -> tuple[Predictions, Tracker]:
    """A walk-forward's forecasts as a tracker would have issued them that was run in on the first fit.

    Args:
        first: The fit of the first forecasts.
        panel: What all fits read.
        predicted: Forecasts at the K sessions `at`, by this fit and later ones.
        at: Session indices, ascending, all after `first.train_end`.
    """
    walk = Walk(panel, run_in(first, panel))
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


def _surprises(issued: FloatArray, actual: FloatArray | np.float64) -> tuple[FloatArray, FloatArray]:
    """What one outcome tells its ticker and what it tells all, shape (..., Q) each.

    1 - alpha for each level whose quantile was exceeded, -alpha for the others, 0 for the median; both sides of a pair
    of levels have the mean of the two, except those that learn apart; and 0 for all where nothing is shared.
    """
    beyond = np.where(_LEVELS < 0.5, actual < issued, actual > issued)
    apart = np.where(_LEVELS == 0.5, 0.0, beyond - _BEYOND)
    both = 0.5 * (apart + apart[..., ::-1])
    return np.where(_APART, apart, both), np.where(_SHARED, both, 0.0)


def _bounded(factors: FloatArray) -> FloatArray:
    bounded: FloatArray = np.clip(factors, -LIMIT, LIMIT)
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
