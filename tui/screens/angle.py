"""From where the accuracy view looks at past forecasts, and what it has read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from forecasting.domain.forecast import Origin, TrackRecord
from forecasting.frozen import dataclass

if TYPE_CHECKING:
    from forecasting.service.accuracy import Accuracy, AskAccuracy, ModelAccuracy

HORIZONS = (1, 5, 10)
"""Sessions ahead that records are kept of."""


@dataclass(frozen=True, slots=True)
class Angle:
    """What a person has chosen; None leaves the choice to the record."""

    horizon: int = HORIZONS[0]
    whole: bool = False              # all symbols rather than the one under the cursor
    origin: Origin | None = None
    model: str | None = None

    def further(self, steps: int) -> Angle:
        """A longer or shorter horizon, stopping at the ends."""
        place = HORIZONS.index(self.horizon) + steps
        return replace(self, horizon=HORIZONS[max(0, min(place, len(HORIZONS) - 1))])


@dataclass(frozen=True, slots=True)
class Reading:
    """What was asked from an angle, and what is known of the answer so far."""

    asked: AskAccuracy
    accuracy: Accuracy | None        # None: not read yet
    problem: str | None              # why there is no answer
    model: str | None                # wanted; the answer may not know it

    @property
    def shown(self) -> ModelAccuracy | None:
        """The wanted model's record, else that of the best expected one."""
        models = self.accuracy.models if self.accuracy is not None else ()
        return next((m for m in models if m.card.model == self.model), models[0] if models else None)


def fuller_origin(records: Iterable[TrackRecord], horizon: int) -> Origin:
    """Live where there are enough live days for an interval of skill or no backfill; never both."""
    found = [r for r in records if r.horizon == horizon and r.n]
    if any(r.origin is Origin.LIVE and r.skill_low is not None for r in found):
        return Origin.LIVE
    return Origin.BACKFILL if any(r.origin is Origin.BACKFILL for r in found) else Origin.LIVE
