"""Forecasts, what came of them, and the record that makes.

A forecast is a set of quantiles of the cumulative log return from the last close, h = 1..H sessions ahead. It is
recorded before its outcome can exist and settled once. Rows made in the past tense (*backfill*) are never mixed with
rows made live.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from enum import StrEnum

from forecasting.domain.market import Symbol
from forecasting.frozen import dataclass

HORIZONS: tuple[int, ...] = tuple(range(1, 11))
"""Sessions ahead, H = 10."""

LEVELS: tuple[float, ...] = (0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.975)
"""Quantile levels, Q = 21: the 50 / 80 / 90 / 95 % bands, and enough of a grid for CRPS."""

MODELS: tuple[str, ...] = ("ensemble", "lstm", "har-t", "ewma-t", "random-walk")
"""Model names, best expected first; the first with a forecast is the one shown."""

BASELINE = "random-walk"
"""What skill is measured against on screen: zero drift, expanding historical standard deviation."""


def is_shown_skill(low: float | None) -> bool:
    """Whether a skill whose 95 % interval begins at `low`, a share, may be called one: what is written 0.0% may not."""
    return low is not None and round(100 * low, 1) > 0.0


class Origin(StrEnum):
    """When a ledger row was made."""

    LIVE = "live"          # before its outcome could exist
    BACKFILL = "backfill"  # walk-forward over the past; shown apart, never mixed


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one model said about one symbol before the outcome was known."""

    symbol: Symbol
    model: str                                   # one of MODELS
    model_id: str                                # content hash of the fitted parameters
    train_end: date                              # newest session the fit has seen; before as_of_session
    data_hash: str                               # of the bars the fit has seen
    seed: int
    as_of_session: date                          # newest closed bar used
    as_of: datetime                              # its close, aware UTC
    issued_at: datetime                          # aware UTC, not before as_of
    last_close: float                            # price the returns start from, as traded
    target_sessions: tuple[date, ...]            # (H,)
    target_times: tuple[datetime, ...]           # (H,) closes of those sessions, aware UTC
    levels: tuple[float, ...]                    # (Q,) ascending, in (0, 1)
    log_returns: tuple[tuple[float, ...], ...]   # (H, Q), cumulative from the last close
    p_up: tuple[float, ...]                      # (H,) probability that the return is above zero

    def log_return(self, horizon: int, level: float) -> float:
        """The `level` quantile of the log return `horizon` sessions ahead.

        Raises:
            ValueError: If the level is not one of `levels`.
        """
        return self.log_returns[horizon - 1][self.levels.index(level)]

    def price(self, horizon: int, level: float) -> float:
        """The `level` quantile of the price `horizon` sessions ahead."""
        return self.last_close * math.exp(self.log_return(horizon, level))


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A forecast as the ledger holds it."""

    id: int
    origin: Origin
    forecast: Forecast
    hash: str   # SHA-256 over the previous entry's hash and this entry's canonical JSON


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one horizon of one ledger entry. Written once, when the target session has closed."""

    entry_id: int
    symbol: Symbol
    model: str
    origin: Origin
    horizon: int
    as_of_session: date
    target_session: date
    settled_at: datetime
    actual: float       # log return from the last close (adjusted) to the target session's close
    median: float       # forecast's median
    low_80: float       # forecast's 10 % quantile
    high_80: float      # forecast's 90 % quantile
    p_up: float
    crps: float         # 2 x mean pinball loss over the forecast's levels, in log return


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """What the ledger says of one model's forecasts at one horizon, over one symbol or all.

    Every figure comes with its n, its interval and its baseline; `None` where n does not allow it.
    """

    symbol: Symbol | None            # None: all symbols
    model: str
    horizon: int
    origin: Origin
    n: int                           # settled forecasts
    n_days: int                      # distinct issue sessions; what the intervals rest on
    hits: int                        # direction right; forecasts with p_up of exactly 1/2 count half
    hit_rate: float | None
    hit_low: float | None            # 95 % Wilson interval, on n_days for a panel
    hit_high: float | None
    naive_hit_rate: float | None     # always-up on the same rows
    coverage_80: float | None        # share of outcomes inside the 80 % band
    coverage_low: float | None       # 95 % Wilson interval
    coverage_high: float | None
    width_80: float | None           # mean width of the band, log return
    mae: float | None                # mean |actual - median|
    mae_random_walk: float | None    # mean |actual|
    crps: float | None
    crps_baseline: float | None      # the BASELINE's CRPS on the same rows
    skill: float | None              # 1 - crps / crps_baseline
    skill_low: float | None          # 95 % interval of skill, from the daily mean differences
    skill_high: float | None
    baseline: str = BASELINE

    @property
    def resolved(self) -> bool:
        """Whether the hit rate's interval is narrow enough (half-width below 5 points) to be read at all."""
        return self.hit_low is not None and self.hit_high is not None and self.hit_high - self.hit_low < 0.10
