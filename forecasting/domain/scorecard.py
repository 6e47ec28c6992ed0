"""How one model's settled forecasts did: every figure with its interval, its baseline and what it rests on.

All figures of a card are over the same rows: those that the model and the baseline have both forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.domain.report import Comparison, Metric


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often outcomes fell into a central band, and what the band cost in width."""

    level: float       # nominal, in (0, 1)
    held: Metric       # share, against nominal
    width: Metric      # per cent of log return, against the baseline's; its skill says how much narrower
    score: Metric      # interval score (Winkler), per cent of log return, against the baseline's


@dataclass(frozen=True, slots=True)
class Pit:
    """Where outcomes fell in the forecasts' distributions; flat where these are right.

    Only rows that do not overlap in time are counted. The test is Pearson's, corrected for days on which many rows go
    alike (Rao & Scott, first order).
    """

    shares: tuple[float, ...]     # of the rows in equal slices of the probability, lowest outcomes first
    n: int                        # rows
    n_days: int                   # days they were forecast on
    n_days_needed: int            # for the test
    p_value: float | None         # of a flat histogram; None with fewer days
    margin: float | None          # 95 % of a flat histogram's shares lie so far around 1 / len(shares)


@dataclass(frozen=True, slots=True)
class Reliability:
    """Forecasts with about the same P(up), and how often it went up."""

    said: float        # mean P(up)
    came: float        # share that went up
    low: float         # 95 % interval of that share, clustered by day
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Murphy:
    """The Brier score's parts, over the bins of the reliability: Murphy (1973), J. of Applied Meteorology 12(4).

    Where all forecasts of a bin are alike, the score is reliability - resolution + uncertainty.
    """

    reliability: float     # mean squared distance of what was said from what came; 0 is best
    resolution: float      # mean squared distance of what came in the bins from what came at all; more is better
    uncertainty: float     # the score of always saying how often it went up


@dataclass(frozen=True, slots=True)
class Rolled:
    """Figures over the newest days at one moment; None where the window is too short for one."""

    n: int
    hit_rate: float
    hit_low: float
    hit_high: float
    always_up: float               # what always saying up scored on these rows
    coverage_80: float
    coverage_low: float
    coverage_high: float
    skill: float                   # CRPS, against the baseline
    skill_low: float
    skill_high: float
    squares_saved: float           # from the first row to here: the baseline's squared errors less the model's, %^2


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One model's record at one horizon and of one origin, over one symbol or many."""

    model: str
    n: int                           # rows both it and the baseline have forecast
    n_days: int                      # issue days; what the intervals rest on
    n_days_needed: int               # for an interval of anything but a share
    crps: Metric                     # per cent of log return, against the baseline
    against: Comparison | None       # Diebold-Mariano of the CRPS against the baseline; None with too few days
    hit_rate: Metric                 # share, against always saying up
    mcc: Metric                      # Matthews correlation of claim and move, against 0
    brier: Metric                    # of P(up), against always saying a half
    rmse: Metric                     # of the median as point forecast, per cent, against no change
    mae: Metric
    mape: Metric                     # of the price, per cent, against no change
    r2: Metric                       # out of sample: 1 - squared errors / those of no change
    coverage: tuple[Coverage, ...]   # ascending by level
    pit: Pit
    reliability: tuple[Reliability, ...]     # ascending by what was said
    murphy: Murphy | None            # None where no price moved

    @property
    def long_enough(self) -> bool:
        """Whether there are days enough for the intervals of skill."""
        return self.n_days >= self.n_days_needed

    @property
    def claims_nothing(self) -> bool:
        """Whether every P(up) was a half."""
        return all(abs(b.said - 0.5) < 1e-9 for b in self.reliability) and self.hit_rate.value == 0.5
