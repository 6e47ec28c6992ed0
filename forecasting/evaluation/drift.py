"""Noticing that a model no longer fits its market, and what to do about it.

Four watches, each a pure function from what has been realised to an alarm or None, and one decision:

    skill     Page-Hinkley on the daily CRPS difference to the baseline: the model has begun to lose
    shape     the outcomes' places in the forecast distributions (PIT) are no longer uniform
    inputs    features stand where no training row stood
    coverage  the 80 % band holds too little: over 20 sessions it is widened, over 60 it gets a badge

Thresholds are set for a nightly look. False rings of Page-Hinkley within five years, in simulation: 1 % of series of
independent t(4) differences, 3 % with clustered variance, 12 % at an autocorrelation of .2; it finds a shift by one
standard deviation after a median of 27 sessions.
Sources: Page (1954), Biometrika 41, and Hinkley (1971), Biometrika 58, for the test; Gama et al. (2014), ACM Computing
Surveys 46(4), for its use on the loss of a model; Diebold, Gunther & Tay (1998), Int. Economic Review 39(4) (PIT);
Hotelling (1931), Annals of Mathematical Statistics 2(3), for shares whose days are the sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc

from forecasting.domain.forecast import LEVELS
from forecasting.evaluation.calibration import Shock
from forecasting.features.panel import BoolArray, FloatArray
from forecasting.features.scaling import Scaler

RUN_IN = 60
"""Sessions that tell how much the CRPS difference usually varies, before it is watched."""

SLACK, SKILL_LIMIT = 0.15, 25.0
"""Page-Hinkley, in standard deviations of the daily difference: what is let pass a day, and what has to add up."""

SHAPE_DAYS, SHAPE_P, SHAPE_MISFIT = 60, 1e-3, 0.04
"""Days needed, p-value, and the least error of a fifth's share: large panels resolve errors that matter to nobody."""

INPUT_SESSIONS, INPUT_SHARE = 5, 0.01
"""Share of feature values out of their training range, over so many sessions. In calm years it stays below .001."""

FAST_WINDOW, FAST_COVERAGE, WIDENING = 20, 0.70, 1.1
"""Where 20 sessions hold less than 70 % in the 80 % band, it is widened by a tenth.

Measured on HAR-t with tracker, one session ahead, over 12 series in 2000-02, 2005-06, 2007-09 and late 2011, on the 77
sessions that it concerns: coverage .770 / .650 / .711 / .770 becomes .793 / .700 / .750 / .799 and the interval score
falls by 0.2-2.3 %. A badge of 60 sessions comes too late to widen by: when it showed, coverage was back (.809), and
widening by a tenth cost 2 % of the interval score.
"""

FIFTHS = tuple(LEVELS.index(level) for level in (0.2, 0.4, 0.6, 0.8))
"""Places of the levels between which outcomes are counted."""

_CLIP = 4.0     # standard deviations: one crash day is a shock, not a drift


class AlarmKind(StrEnum):
    """What was noticed."""

    SKILL = "skill"
    SHAPE = "shape"
    INPUTS = "inputs"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One watch has rung, and still rings."""

    kind: AlarmKind
    reason: str        # one line with the figures
    since: date        # first session of what it rests on
    n: int             # sessions since then, the newest included


@dataclass(frozen=True, slots=True)
class Response:
    """What to do until the next look."""

    widen: float               # factor on every quantile's distance from the median, >= 1
    fall_back: bool            # let the next best model speak
    refit: bool
    reasons: tuple[str, ...]   # one line each, to be shown


def skill_alarm(days: Sequence[date], excess: Sequence[float], *, baseline: str) -> Alarm | None:
    """Page-Hinkley: does the model lose against the baseline by more than it used to?

    Args:
        days: Sessions whose one-day forecasts are settled, ascending, shape (n,).
        excess: Daily mean CRPS of the model less that of the baseline; one-day forecasts only, since longer ones
            overlap and would ring by themselves.
        baseline: Its name, for the reason.
    """
    n = len(days)
    if n <= RUN_IN:
        return None
    x = np.asarray(excess, dtype=np.float64)
    before = np.arange(RUN_IN, n)                        # each day against the days before it alone
    mean = np.cumsum(x)[before - 1] / before
    variance = np.cumsum(x * x)[before - 1] / before - mean**2
    sd = np.sqrt(np.maximum(variance, 1e-30))
    total = np.cumsum(np.clip((x[before] - mean) / sd, -_CLIP, _CLIP) - SLACK)
    lowest = int(np.argmin(np.minimum(total, 0.0)))
    start = 0 if total[lowest] >= 0.0 else lowest + 1    # the sum begins at 0, before its first day
    risen = float(total[-1] - min(total[lowest], 0.0))
    if risen <= SKILL_LIMIT:
        return None
    lately = x[RUN_IN + start :]
    reason = (
        f"CRPS less that of {baseline} went from {mean[start] * 100:+.4f} to {lately.mean() * 100:+.4f} points "
        f"(Page-Hinkley {risen:.0f}, limit {SKILL_LIMIT:.0f})"
    )
    return Alarm(AlarmKind.SKILL, reason, days[RUN_IN + start], len(lately))


def fifths(log_returns: FloatArray, actual: FloatArray) -> FloatArray:
    """How many outcomes of each day fell into each fifth of its forecast distribution, shape (K, 5).

    Args:
        log_returns: Quantiles of one horizon, shape (N, K, Q). NaN: no forecast, not counted.
        actual: Outcomes, shape (N, K); NaN: not counted.
    """
    known = np.isfinite(actual) & np.isfinite(log_returns[..., 0])
    place = (actual[..., None] > log_returns[..., FIFTHS]).sum(axis=-1)              # (N, K) 0..4
    counts: FloatArray = np.stack([((place == i) & known).sum(axis=0) for i in range(5)], axis=-1).astype(np.float64)
    return counts


def shape_alarm(days: Sequence[date], counts: FloatArray) -> Alarm | None:
    """Are outcomes spread evenly over the fifths of their forecast distributions?

    Hotelling's test on daily counts: the tickers of one day share its market, so days are the sample, not tickers.

    Args:
        days: Sessions with at least one outcome, ascending, shape (n,). At horizon h every h-th only (no overlap).
        counts: Of `fifths`, shape (n, 5).
    """
    n = len(days)
    if n < SHAPE_DAYS:
        return None
    share = counts.sum(axis=0) / counts.sum()
    p = shape_p_value(counts)
    worst = int(np.argmax(np.abs(share - 0.2)))
    if p >= SHAPE_P or abs(share[worst] - 0.2) < SHAPE_MISFIT:
        return None
    reason = (
        f"the {('lowest', 'second', 'middle', 'fourth', 'highest')[worst]} fifth of the forecast distribution held "
        f"{share[worst]:.0%} of outcomes (p {p:.1g}, n {int(counts.sum())})"
    )
    return Alarm(AlarmKind.SHAPE, reason, days[0], n)


def shape_p_value(counts: FloatArray) -> float:
    """p-value of even fifths, from daily counts, shape (n, 5), n > 5."""
    n, free = len(counts), 4
    misfit = (counts - 0.2 * counts.sum(axis=1, keepdims=True))[:, :free]      # the fifth follows from the others
    mean = misfit.mean(axis=0)
    covariance = np.cov(misfit, rowvar=False)
    t2 = n * float(mean @ np.linalg.solve(covariance + 1e-12 * np.eye(free), mean))
    return float(fdtrc(free, n - free, t2 * (n - free) / (free * (n - 1))))


def out_of_range(features: FloatArray, scaler: Scaler, valid: BoolArray) -> FloatArray:
    """Share of feature values outside the range that training showed, per session, (T,); NaN where no row is valid.

    Args:
        features: The columns the scaler was fitted on, shape (N, T, F).
        scaler: Of the fitted model; its range is the training mean and five standard deviations either way.
        valid: Rows that count, shape (N, T).
    """
    outside = ((features < scaler.low) | (features > scaler.high)) & valid[..., None]
    rows = valid.sum(axis=0) * features.shape[-1]
    share: FloatArray = np.divide(
        outside.sum(axis=(0, 2)), rows, out=np.full(len(rows), np.nan), where=rows > 0
    )
    return share


def inputs_alarm(days: Sequence[date], shares: Sequence[float]) -> Alarm | None:
    """Do features stand where no training row stood?

    Args:
        days: Sessions, ascending, shape (n,).
        shares: Of `out_of_range` in them.
    """
    if len(days) < INPUT_SESSIONS:
        return None
    lately = np.convolve(shares, np.full(INPUT_SESSIONS, 1.0 / INPUT_SESSIONS), "valid")
    if not lately[-1] > INPUT_SHARE:
        return None
    n = _run_at_end(lately > INPUT_SHARE) + INPUT_SESSIONS - 1
    reason = f"{lately[-1]:.1%} of feature values of the last {INPUT_SESSIONS} sessions are outside all training rows"
    return Alarm(AlarmKind.INPUTS, reason, days[len(days) - n], n)


def coverage_alarm(days: Sequence[date], covered: Sequence[float], counts: Sequence[int]) -> Alarm | None:
    """Has the 80 % band held too little for a month? Arguments as those of `calibration.regime_shock`."""
    if len(days) < FAST_WINDOW:
        return None
    window = np.ones(FAST_WINDOW)
    inside, n = np.convolve(covered, window, "valid"), np.convolve(counts, window, "valid")
    low = inside < FAST_COVERAGE * n
    if not low[-1]:
        return None
    run = _run_at_end(low)
    reason = f"the 80 % band held {inside[-1] / n[-1]:.0%} over {FAST_WINDOW} sessions (n {int(n[-1])})"
    return Alarm(AlarmKind.COVERAGE, reason, days[len(days) - run], run)


def respond(alarms: Iterable[Alarm], shock: Shock | None = None) -> Response:
    """What to do about these alarms.

    Lost skill or inputs never trained on: another model speaks until a refit has put that right. A wrong shape alone is
    for the refit and the tracker. A band too narrow is widened now. The 60-session badge is shown and changes nothing,
    since widening that late costs more than it mends (see `FAST_WINDOW`).
    """
    alarms = tuple(alarms)
    kinds = {a.kind for a in alarms}
    reasons = [f"{a.kind} drift since {a.since}: {a.reason}" for a in alarms]
    if shock is not None:
        reasons.append(f"regime shock since {shock.since}: 80 % band held {shock.coverage:.0%} over {shock.n_days} "
                       f"sessions (n {shock.n})")
    return Response(
        widen=WIDENING if AlarmKind.COVERAGE in kinds else 1.0,
        fall_back=bool(kinds & {AlarmKind.SKILL, AlarmKind.INPUTS}),
        refit=bool(kinds - {AlarmKind.COVERAGE}) or shock is not None,
        reasons=tuple(reasons),
    )


def _run_at_end(flags: npt.NDArray[np.bool_]) -> int:
    """How many entries at the end are True without a gap."""
    return len(flags) if flags.all() else int(np.argmin(flags[::-1]))
