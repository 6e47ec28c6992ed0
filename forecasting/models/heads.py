"""Which output head a network gets. All start as the EWMA-t forecast and change of it what their loss speaks about.

quantile                 pinball loss; moves spread and median by horizon
student-t                likelihood; moves the scale by state and horizon, the tails by horizon
mse, huber               expected return; moves the whole distribution
msle                     squared log error on realised variance; moves the scale
up-down, up-flat-down    cross-entropy on direction; moves the distribution until P(up) is what it says
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from forecasting.models.head import Head, Start
from forecasting.models.point_heads import DirectionHead, PointHead, VarianceHead
from forecasting.models.spread_heads import QuantileHead, StudentTHead


class HeadKind(StrEnum):
    """What a network is trained on."""

    QUANTILE = "quantile"
    STUDENT_T = "student-t"
    MSE = "mse"
    HUBER = "huber"
    MSLE = "msle"
    UP_DOWN = "up-down"
    UP_FLAT_DOWN = "up-flat-down"


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """Which head."""

    kind: HeadKind = HeadKind.QUANTILE
    flat: float = 0.3      # up-flat-down: a return within so many s sqrt(h) of zero is flat


def make_head(settings: HeadSettings, width: int, start: Start) -> Head:
    """The head of this kind on states of size `width`."""
    match settings.kind:
        case HeadKind.QUANTILE:
            return QuantileHead(width, start)
        case HeadKind.STUDENT_T:
            return StudentTHead(width, start)
        case HeadKind.MSE | HeadKind.HUBER:
            return PointHead(width, start, robust=settings.kind is HeadKind.HUBER)
        case HeadKind.MSLE:
            return VarianceHead(width, start)
        case HeadKind.UP_DOWN:
            return DirectionHead(width, start, flat=0.0, classes=2)
        case HeadKind.UP_FLAT_DOWN:
            return DirectionHead(width, start, flat=settings.flat, classes=3)
