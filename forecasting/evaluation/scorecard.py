"""Scorecards of settled forecasts: sharp or wide, calibrated or not, right or lucky.

Everything is scored on the rows that model and baseline have both forecast, from the quantiles the ledger holds, and
nothing is ever predicted again. Intervals rest on days, as everywhere (see `intervals`).

Sources: Gneiting & Raftery (2007), JASA 102(477) (CRPS, interval score). Diebold & Mariano (1995) and Harvey, Leybourne
& Newbold (1997) (see `significance`). Campbell & Thompson (2008), Review of Financial Studies 21(4) (R2 out of sample).
Welch & Goyal (2008), ibid. (squared errors saved, added up). Brier (1950), Monthly Weather Review 78(1). Murphy (1973),
J. of Applied Meteorology 12(4). Diebold, Gunther & Tay (1998), Int. Economic Review 39(4) (PIT). Rao & Scott (1981),
JASA 76(374) (chi-square of clustered rows). Cochran (1954), Biometrics 10(4) (expected counts of five).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from forecasting.domain.forecast import BASELINE, LEVELS
from forecasting.domain.market import Symbol
from forecasting.domain.report import Comparison, Metric
from forecasting.domain.scorecard import Coverage, Murphy, Pit, Reliability, Rolled, Scorecard
from forecasting.evaluation import metrics
from forecasting.evaluation.intervals import Z95, clustered_share, days_needed, share_by_day
from forecasting.evaluation.report import PER_CENT, root_of
from forecasting.evaluation.significance import Interval, diebold_mariano, matthews_interval, row_mean
from forecasting.evaluation.tally import PIT_SLICES
from forecasting.features.panel import FloatArray

BANDS = (0.5, 0.8, 0.95)
"""Nominal coverage of the central bands that are judged."""

RELIABILITY_BINS = 5
WINDOW_DAYS = 60
"""Issue days that a rolled figure looks back on, or `days_needed` where that is more."""

ROLLED_POINTS = 100
"""Points of a rolled figure at most; a picture has no room for more."""

PIT_DAYS = 5 * PIT_SLICES
"""Days below which a slice of the PIT can expect fewer than five of one symbol's outcomes."""

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Settled forecasts of one model, horizon and origin: N rows, ascending by the day they were made on."""

    symbols: tuple[Symbol, ...]        # (N,)
    days: tuple[date, ...]             # (N,) issue sessions
    targets: tuple[date, ...]          # (N,) target sessions
    actual: FloatArray                 # (N,) log return that came
    quantiles: FloatArray              # (N, Q) at LEVELS
    p_up: FloatArray                   # (N,)

    def __len__(self) -> int:
        return len(self.days)

    def at(self, places: Sequence[int]) -> Rows:
        """Some of the rows."""
        return Rows(
            tuple(self.symbols[i] for i in places), tuple(self.days[i] for i in places),
            tuple(self.targets[i] for i in places), self.actual[places], self.quantiles[places], self.p_up[places],
        )

    def quantile(self, level: float) -> FloatArray:
        """The quantile forecast at one of LEVELS, shape (N,)."""
        column: FloatArray = self.quantiles[:, LEVELS.index(level)]
        return column


def pairs(rows: Rows, baseline: Rows) -> tuple[Rows, Rows]:
    """The rows of each that the other has too: same symbol, same issue day; in the same order."""
    theirs = {key: i for i, key in enumerate(zip(baseline.symbols, baseline.days, strict=True))}
    shared = [
        (i, theirs[key]) for i, key in enumerate(zip(rows.symbols, rows.days, strict=True)) if key in theirs
    ]
    return rows.at([i for i, _ in shared]), baseline.at([j for _, j in shared])


@dataclass(frozen=True, slots=True, eq=False)
class _Paired:
    """Rows and the baseline's, with the days they share."""

    rows: Rows
    baseline: Rows
    horizon: int
    day: Places                        # (N,) number of each row's day
    counts: FloatArray                 # (D,) rows of each day
    last: tuple[date, ...]             # (D,) newest target session of each day

    @classmethod
    def of(cls, rows: Rows, baseline: Rows, horizon: int) -> _Paired:
        last: dict[date, date] = {}
        for made, target in zip(rows.days, rows.targets, strict=True):
            last[made] = max(target, last.get(made, target))
        number = {made: i for i, made in enumerate(last)}
        day = np.array([number[made] for made in rows.days], dtype=np.int64)
        return cls(rows, baseline, horizon, day, np.bincount(day).astype(float), tuple(last.values()))

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums per day, shape (D,)."""
        sums: FloatArray = np.bincount(self.day, weights=values, minlength=len(self.counts)).astype(float)
        return sums

    def metric(self, value: Interval, name: str, baseline: float, skill: Interval) -> Metric:
        return Metric(*value, name, baseline, *skill, n=len(self.rows), n_days=len(self.counts))

    def mean(self, values: FloatArray) -> Interval:
        return row_mean(self.sums(values), self.counts, horizon=self.horizon)

    def loss(self, ours: FloatArray, theirs: FloatArray, name: str = BASELINE, unit: float = PER_CENT) -> Metric:
        """A mean loss, its skill 1 - ours / theirs; 0 where neither errs."""
        reference = float(theirs.mean())
        skill = self.mean((theirs - ours) / reference) if reference > 0.0 else (0.0, -math.inf, math.inf)
        return self.metric(self.mean(unit * ours), name, unit * reference, skill)

    def share(self, flags: FloatArray) -> Interval:
        return _share(self.sums(flags), self.counts, self.horizon)


def _share(sums: FloatArray, counts: FloatArray, horizon: int) -> Interval:
    share, low, high = share_by_day(sums.tolist(), counts.astype(int).tolist(), horizon)
    return share, min(low, share), max(high, share)      # arithmetic rounds: the share itself is always inside


def scorecard(model: str, rows: Rows, baseline: Rows, *, horizon: int) -> Scorecard | None:
    """The card of a model's rows beside the baseline's; None where the two share no row.

    Args:
        model: Its name.
        rows: What it said and what came, finite.
        baseline: The same of `domain.forecast.BASELINE`; may be `rows` itself.
        horizon: Sessions ahead, the same in all rows.
    """
    paired = _Paired.of(*pairs(rows, baseline), horizon)
    if not len(paired.rows):
        return None
    ours, actual = paired.rows, paired.rows.actual
    up = metrics.direction(actual)
    crps, theirs = metrics.crps(actual, ours.quantiles), metrics.crps(actual, paired.baseline.quantiles)
    errors = metrics.point_errors(actual, ours.quantile(0.5))
    plain = metrics.point_errors(actual, np.zeros_like(actual))
    squares = paired.loss(errors["square"], plain["square"], "no change", PER_CENT**2)
    bins, murphy = _reliability(paired, up)
    return Scorecard(
        model=model,
        n=len(ours),
        n_days=len(paired.counts),
        n_days_needed=days_needed(horizon),
        crps=paired.loss(crps, theirs),
        against=_against(paired, crps, theirs),
        hit_rate=_hit_rate(paired, up),
        mcc=_mcc(paired, up),
        brier=paired.loss((ours.p_up - up) ** 2, (0.5 - up) ** 2, "a half", 1.0),      # a price that stood is a half
        rmse=root_of(squares),
        mae=paired.loss(errors["absolute"], plain["absolute"], "no change"),
        mape=paired.loss(errors["ape"], plain["ape"], "no change"),
        r2=paired.metric(_skill(squares), "no change", 0.0, _skill(squares)),
        coverage=tuple(_coverage(paired, level) for level in BANDS),
        pit=_pit(paired),
        reliability=bins,
        murphy=murphy,
    )


def _skill(metric: Metric) -> Interval:
    return metric.skill, metric.skill_low, metric.skill_high


def _against(paired: _Paired, crps: FloatArray, theirs: FloatArray) -> Comparison | None:
    """On daily means over symbols, so that a day counts once however many symbols traded."""
    test = diebold_mariano(
        paired.sums(crps) / paired.counts, paired.sums(theirs) / paired.counts, horizon=paired.horizon
    )
    return None if test is None else Comparison(BASELINE, test.t, test.p_value, test.n_days)


def _claims(rows: Rows) -> FloatArray:
    return metrics.direction(rows.p_up, neutral=0.5)


def _hit_rate(paired: _Paired, up: FloatArray) -> Metric:
    hits = metrics.hits(_claims(paired.rows), up)
    return paired.metric(paired.share(hits), "always-up", float(up.mean()), paired.mean(hits - up))


def _mcc(paired: _Paired, up: FloatArray) -> Metric:
    claim = _claims(paired.rows)
    value = matthews_interval(
        paired.sums(claim * up), paired.sums(claim), paired.sums(up), paired.counts, horizon=paired.horizon
    )
    return paired.metric(value, "no claim", 0.0, value)


def _coverage(paired: _Paired, level: float) -> Coverage:
    ours, theirs, actual = paired.rows, paired.baseline, paired.rows.actual
    tails = round((1.0 - level) / 2.0, 4), round((1.0 + level) / 2.0, 4)
    (low, high), (their_low, their_high) = ([r.quantile(tail) for tail in tails] for r in (ours, theirs))
    share, least, most = paired.share(((low <= actual) & (actual <= high)).astype(float))
    return Coverage(
        level,
        paired.metric((share, least, most), "nominal", level, (share - level, least - level, most - level)),
        paired.loss(high - low, their_high - their_low),
        paired.loss(
            metrics.interval_score(actual, low, high, coverage=level),
            metrics.interval_score(actual, their_low, their_high, coverage=level),
        ),
    )


def _apart(paired: _Paired) -> Places:
    """Days whose forecasts do not overlap: each is made when the outcomes of the one before have all come."""
    kept: list[int] = []
    done: date | None = None
    for number, made in enumerate(dict.fromkeys(paired.rows.days)):
        if done is None or made >= done:
            kept.append(number)
            done = paired.last[number]
    return np.array(kept, dtype=np.int64)


def _pit(paired: _Paired) -> Pit:
    days = _apart(paired)
    chosen = np.isin(paired.day, days)
    values = metrics.pit(paired.rows.actual[chosen], paired.rows.quantiles[chosen])
    slices = np.minimum((values * PIT_SLICES).astype(np.int64), PIT_SLICES - 1)
    # Rows per day and slice, shape (days, slices).
    table = np.zeros((len(days), PIT_SLICES))
    np.add.at(table, (np.searchsorted(days, paired.day[chosen]), slices), 1.0)
    n, shares = len(values), table.sum(axis=0) / len(values)
    if len(days) < PIT_DAYS:
        return Pit(tuple(shares.tolist()), n, len(days), PIT_DAYS, None, None)
    # Design effect: the slices' variance with days as clusters, over that of independent rows; 1 with one row a day.
    flat = 1.0 / PIT_SLICES
    variance = ((table - flat * table.sum(axis=1, keepdims=True)) ** 2).sum()
    effect = max(1.0, float(variance / (n * (1.0 - flat))))
    chi2 = n * float(((shares - flat) ** 2).sum()) / flat
    margin = Z95 * math.sqrt(flat * (1.0 - flat) * effect / n)
    p_value = float(chdtrc(PIT_SLICES - 1, chi2 / effect))
    return Pit(tuple(shares.tolist()), n, len(days), PIT_DAYS, p_value, margin)


def _reliability(paired: _Paired, up: FloatArray) -> tuple[tuple[Reliability, ...], Murphy | None]:
    """Bins of about as many rows each, over rows whose price moved."""
    moved = np.flatnonzero(up != 0.5)
    if not len(moved):
        return (), None
    said, came = paired.rows.p_up[moved], up[moved]
    edges = np.unique(np.quantile(said, np.arange(1, RELIABILITY_BINS) / RELIABILITY_BINS))
    number = np.searchsorted(edges, said, side="right")
    bins = []
    for which in np.unique(number):
        inside = np.flatnonzero(number == which)
        days = [paired.rows.days[moved[i]] for i in inside]
        share = clustered_share(came[inside].tolist(), days, paired.horizon)
        bins.append(Reliability(float(said[inside].mean()), *share, n=len(inside)))
    n, base = len(moved), float(came.mean())
    return tuple(bins), Murphy(
        reliability=math.fsum(b.n * (b.said - b.came) ** 2 for b in bins) / n,
        resolution=math.fsum(b.n * (b.came - base) ** 2 for b in bins) / n,
        uncertainty=base * (1.0 - base),
    )


def window_days(horizon: int) -> int:
    """Issue days that a rolled figure looks back on."""
    return max(WINDOW_DAYS, days_needed(horizon))


def rolled(rows: Rows, baseline: Rows, *, horizon: int) -> tuple[tuple[date, Rolled], ...]:
    """Figures over the newest `window_days` at evenly spaced days, each by the target session it was known at.

    The first point is where there are enough days for an interval; with fewer there is none.
    """
    paired = _Paired.of(*pairs(rows, baseline), horizon)
    if not len(paired.rows):
        return ()
    actual, up = paired.rows.actual, metrics.direction(paired.rows.actual)
    low, high = paired.rows.quantile(0.1), paired.rows.quantile(0.9)
    saved = metrics.point_errors(actual, np.zeros_like(actual))["square"]
    saved = saved - metrics.point_errors(actual, paired.rows.quantile(0.5))["square"]
    by_day = {
        "crps": paired.sums(metrics.crps(actual, paired.rows.quantiles)),
        "theirs": paired.sums(metrics.crps(actual, paired.baseline.quantiles)),
        "hits": paired.sums(metrics.hits(_claims(paired.rows), up)),
        "up": paired.sums(up),
        "inside": paired.sums(((low <= actual) & (actual <= high)).astype(float)),
        "saved": PER_CENT**2 * np.cumsum(paired.sums(saved)),
    }
    window, least, count = window_days(horizon), days_needed(horizon), len(paired.counts)
    step = max(1, math.ceil((count - least + 1) / ROLLED_POINTS))
    ends = range(count, least - 1, -step)[::-1]
    return tuple((paired.last[end - 1], _rolled(paired, by_day, max(0, end - window), end)) for end in ends)


def _rolled(paired: _Paired, by_day: dict[str, FloatArray], start: int, end: int) -> Rolled:
    """Figures over the days `start` to `end`, the latter not included."""
    counts = paired.counts[start:end]
    rows = int(counts.sum())

    def of(name: str) -> FloatArray:
        return by_day[name][start:end]

    reference = float(of("theirs").sum() / rows)
    skill = (0.0, -math.inf, math.inf)
    if reference > 0.0:
        skill = row_mean((of("theirs") - of("crps")) / reference, counts, horizon=paired.horizon)
    return Rolled(
        rows, *_share(of("hits"), counts, paired.horizon), float(of("up").sum() / rows),
        *_share(of("inside"), counts, paired.horizon), *skill, float(by_day["saved"][end - 1]),
    )
