"""What a walk-forward run adds up: sums per day, per symbol and per slice of the forecast, never single rows.

Five hundred symbols over ten years are a million rows per model and horizon; their scores need not be held to know
their daily means, and daily sums are all that the intervals rest on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from forecasting.domain.forecast import LEVELS
from forecasting.domain.market import Symbol
from forecasting.evaluation import metrics
from forecasting.evaluation.naive import RULES
from forecasting.features.panel import BoolArray, FloatArray

QUANTITIES = (
    "crps", "interval_score_80", "width_80", "inside_80", "inside_95", "hit", "claim", "both", "brier",
    "square", "absolute", "ape",
)
"""Of each forecast. Claim and both: said up, and said up and went up. Errors are those of the median."""

PLAIN = ("square", "absolute", "ape")
"""Of each outcome alone: the errors of forecasting no change."""

PIT_SLICES = 10

Summaries = dict[str, npt.NDArray[np.float32]]
"""What is kept of forecasts at K sessions, each of shape (N, K, H): see `summarise`."""


def summarise(quantiles: FloatArray, p_up: FloatArray, actual: FloatArray) -> Summaries:
    """What scoring needs of forecasts, in a twentieth of their size.

    Args:
        quantiles: Shape (N, K, H, Q); NaN where there is no forecast.
        p_up: Shape (N, K, H).
        actual: Outcomes, shape (N, K, H), NaN where unknown; only `crps` and `pit` depend on them.
    """
    kept = {f"q{level}": quantiles[..., LEVELS.index(level)] for level in (0.025, 0.1, 0.5, 0.9, 0.975)}
    kept |= {"p_up": p_up, "crps": metrics.crps(actual, quantiles), "pit": metrics.pit(actual, quantiles)}
    return {name: values.astype(np.float32) for name, values in kept.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Sums over the scored rows of M models, N symbols, T issue days, H horizons. `add` fills it, fold by fold."""

    models: tuple[str, ...]
    symbols: tuple[Symbol, ...]
    days: tuple[date, ...]
    horizons: tuple[int, ...]
    by_day: dict[str, FloatArray]          # QUANTITIES -> (M, T, H)
    plain: dict[str, FloatArray]           # PLAIN -> (T, H)
    up: FloatArray                         # (T, H) rows that went up
    naive_hits: dict[str, FloatArray]      # `naive.RULES` -> (T, H)
    rows: FloatArray                       # (T, H) scored
    by_symbol: dict[str, FloatArray]       # "crps", "inside_80" -> (M, N, H)
    symbol_rows: FloatArray                # (N, H)
    pit: FloatArray                        # (M, H, slices) outcomes on every horizon-th day
    missing: FloatArray                    # (M, H) rows with a known outcome that the model had no forecast for
    left_out: FloatArray                   # (H,) rows with a known outcome that some model had no forecast for
    seconds: dict[str, float]              # per model: fits and forecasts
    notes: list[str] = field(default_factory=list)   # why a model is missing in a fold

    @classmethod
    def empty(
        cls, models: Sequence[str], symbols: Sequence[Symbol], days: Sequence[date], horizons: Sequence[int]
    ) -> Tally:
        """Nothing added up yet."""
        m, n, t, h = len(models), len(symbols), len(days), len(horizons)
        return cls(
            models=tuple(models), symbols=tuple(symbols), days=tuple(days), horizons=tuple(horizons),
            by_day={name: np.zeros((m, t, h)) for name in QUANTITIES},
            plain={name: np.zeros((t, h)) for name in PLAIN},
            up=np.zeros((t, h)),
            naive_hits={name: np.zeros((t, h)) for name in RULES},
            rows=np.zeros((t, h)),
            by_symbol={name: np.zeros((m, n, h)) for name in ("crps", "inside_80")},
            symbol_rows=np.zeros((n, h)),
            pit=np.zeros((m, h, PIT_SLICES)),
            missing=np.zeros((m, h)),
            left_out=np.zeros(h),
            seconds=dict.fromkeys(models, 0.0),
        )

    def add(
        self, first_day: int, said: Mapping[str, Summaries], actual: FloatArray, naive: Mapping[str, FloatArray]
    ) -> None:
        """Score K consecutive days on the rows that every model has a forecast for.

        Args:
            first_day: Where the K days begin among `days`.
            said: Every model's summaries.
            actual: Outcomes, shape (N, K, H); NaN where they must not or cannot be known.
            naive: What each of `naive.RULES` claims, shape (N, K): 1 for up, 0 for down.
        """
        days = slice(first_day, first_day + actual.shape[1])
        known = np.isfinite(actual)
        scored = known & np.logical_and.reduce([_there(s) for s in said.values()])
        up = metrics.direction(actual)
        self.up[days] = _sum(up, scored, axis=0)
        for name, values in metrics.point_errors(actual, np.zeros_like(actual)).items():
            self.plain[name][days] = _sum(values, scored, axis=0)
        for name, claim in naive.items():
            self.naive_hits[name][days] = _sum(metrics.hits(claim[:, :, None], up), scored, axis=0)
        self.rows[days] = scored.sum(axis=0)
        self.symbol_rows[:] += scored.sum(axis=1)
        self.left_out[:] += (known & ~scored).sum(axis=(0, 1))
        for m, model in enumerate(self.models):
            self.missing[m] += (known & ~_there(said[model])).sum(axis=(0, 1))
            self._add_model(m, days, said[model], actual, up, scored)

    def _add_model(
        self, m: int, days: slice, said: Summaries, actual: FloatArray, up: FloatArray, scored: BoolArray
    ) -> None:
        quantities = _quantities(said, actual, up)
        for name, values in quantities.items():
            self.by_day[name][m, days] = _sum(values, scored, axis=0)
        for name, sums in self.by_symbol.items():
            sums[m] += _sum(quantities[name], scored, axis=1)
        for i, horizon in enumerate(self.horizons):
            # Neighbouring days share most of a long horizon; outcomes that do not overlap are told apart fairly.
            apart = (np.arange(days.start, days.stop) % horizon == 0) & scored[:, :, i]
            slices = np.minimum(said["pit"][:, :, i][apart] * PIT_SLICES, PIT_SLICES - 1).astype(np.int64)
            self.pit[m, i] += np.bincount(slices, minlength=PIT_SLICES)


def _there(said: Summaries) -> BoolArray:
    """Where every quantile is a number, and not just the median, which some models know to be zero beforehand."""
    there: BoolArray = np.logical_and.reduce([np.isfinite(v) for name, v in said.items() if name.startswith("q")])
    return there


def _sum(values: FloatArray, scored: BoolArray, axis: int) -> FloatArray:
    total: FloatArray = np.where(scored, values, 0.0).sum(axis=axis, dtype=np.float64)
    return total


def _quantities(said: Summaries, actual: FloatArray, up: FloatArray) -> dict[str, FloatArray]:
    """QUANTITIES of one model's rows, shape (N, K, H) each."""
    low, median, high = (said[q].astype(np.float64) for q in ("q0.1", "q0.5", "q0.9"))
    claim = metrics.direction(said["p_up"].astype(np.float64), neutral=0.5)
    return {
        "crps": said["crps"].astype(np.float64),
        "interval_score_80": metrics.interval_score(actual, low, high, coverage=0.8),
        "width_80": high - low,
        "inside_80": ((low <= actual) & (actual <= high)).astype(np.float64),
        "inside_95": ((said["q0.025"] <= actual) & (actual <= said["q0.975"])).astype(np.float64),
        "hit": metrics.hits(claim, up),
        "claim": claim,
        "both": claim * up,
        "brier": (said["p_up"] - up) ** 2,
        **metrics.point_errors(actual, median),
    }
