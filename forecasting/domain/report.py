"""What an evaluation found. No figure stands alone.

A `Metric` is a figure with its 95 % interval, the baseline's figure on the same rows, the skill that makes and how
many rows and days it rests on. It cannot be built without any of them, and a `ModelScore` holds metrics and comparisons
only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecasting.domain.market import Symbol


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure and all that is needed to read it.

    Where too few days allow no interval its ends are infinite: nothing is known of how far the figure is luck.

    Raises:
        ValueError: If a figure is not a number, lies outside its interval, or rests on nothing.
    """

    value: float
    low: float             # 95 % interval of the value, clustered by day
    high: float
    baseline_name: str     # a model, or what the figure would be by definition ("nominal", "always-up")
    baseline: float        # its figure on the same rows
    skill: float           # a loss: 1 - value / baseline; a share: value - baseline
    skill_low: float       # 95 % interval of the skill
    skill_high: float
    n: int                 # ticker-days
    n_days: int            # issue days: what the intervals rest on

    def __post_init__(self) -> None:
        figures = (self.value, self.baseline, self.skill)
        if not all(map(math.isfinite, figures)):
            raise ValueError(f"a metric needs finite figures, got {figures}")
        if not (self.low <= self.value <= self.high and self.skill_low <= self.skill <= self.skill_high):
            raise ValueError(f"a metric lies inside its intervals, got {self}")
        if not 1 <= self.n_days <= self.n or not self.baseline_name:
            raise ValueError(f"a metric rests on rows, days and a baseline, got {self}")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Diebold-Mariano: the CRPS of one model against another's, day by day."""

    rival: str
    t: float        # negative where the rival is worse
    p_value: float  # two-sided
    n_days: int


@dataclass(frozen=True, slots=True)
class ModelScore:
    """How one model did at one horizon, on the same rows as every other."""

    model: str
    horizon: int
    crps: Metric                # per cent of log return, against EWMA(.94) normal
    interval_score_80: Metric   # per cent of log return, against EWMA(.94) normal
    width_80: Metric            # per cent of log return, against EWMA(.94) normal
    coverage_80: Metric         # share, against nominal
    coverage_95: Metric
    hit_rate: Metric            # share, against the best naive rule; no claim and no move count half
    mcc: Metric                 # Matthews correlation of claim and move, against 0
    brier: Metric               # of p_up, against a half
    rmse: Metric                # of the median as point forecast, per cent, against no change
    mae: Metric
    mape: Metric                # of the price, per cent, against no change
    pit: tuple[float, ...]      # shares of outcomes in ten equal slices of the forecast, every horizon-th day
    against: tuple[Comparison, ...]

    @property
    def skilled(self) -> bool:
        """Whether the spread is better than the baseline's beyond luck. No skill, no signal."""
        return self.crps.skill_low > 0.0

    @property
    def directional(self) -> bool:
        """Whether the hit rate's interval excludes the best naive rule, and the gain over it excludes zero."""
        return self.hit_rate.skill_low > 0.0 and self.hit_rate.low > self.hit_rate.baseline


@dataclass(frozen=True, slots=True)
class TickerScore:
    """One symbol's part of a `ModelScore`."""

    symbol: Symbol
    model: str
    horizon: int
    n: int
    coverage_80: float
    crps: float                 # per cent of log return


@dataclass(frozen=True, slots=True)
class MovementScore:
    """How one classifier did on up or down."""

    model: str
    seeds: int
    accuracy: Metric        # mean over seeds, against always-up
    accuracy_sd: float      # over seeds; 0 for a rule
    mcc: Metric             # mean over seeds
    mcc_sd: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A whole walk-forward evaluation."""

    protocol: Mapping[str, Any]       # plain values: spans, cuts, seeds, counts
    scores: tuple[ModelScore, ...]
    tickers: tuple[TickerScore, ...]
    seconds: Mapping[str, float]
