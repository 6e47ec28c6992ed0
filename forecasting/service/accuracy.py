"""What the screen may ask about past forecasts, and the answer; `forecasting.service.scoring` gives it."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.domain.forecast import Origin
from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.domain.scorecard import Rolled, Scorecard
from forecasting.service.backend import Key


@dataclass(frozen=True, slots=True)
class PastForecast:
    """One settled forecast beside what came; returns are logarithmic, from the close it was made on."""

    symbol: Symbol
    made: Key                  # issue session
    target: Key
    bands: tuple[tuple[float, float], ...]     # 95, 80 and 50 % bands, low and high
    median: float
    p_up: float
    actual: float
    crps: float
    crps_baseline: float | None                # None where the baseline said nothing


@dataclass(frozen=True, slots=True)
class ModelAccuracy:
    """Everything about one model."""

    card: Scorecard
    rolled: tuple[tuple[Key, Rolled], ...]     # by target session, ascending
    window: int                                # issue days a rolled figure looks back on
    past: tuple[PastForecast, ...]             # newest settled, ascending by target session


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Every model's record at one horizon and of one origin, over one symbol or all that are watched."""

    symbol: Symbol | None
    horizon: int
    origin: Origin
    symbols: int                               # how many have rows
    models: tuple[ModelAccuracy, ...]          # in order of MODELS; only those with a row beside the baseline's


@dataclass(frozen=True, slots=True)
class AskAccuracy(Question[Accuracy]):
    """How good were the forecasts?"""

    symbols: tuple[Symbol, ...]                # watched; others' rows are left out
    symbol: Symbol | None                      # only this one's; None: all of `symbols`
    horizon: int
    origin: Origin
