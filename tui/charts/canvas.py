"""What pictures are drawn on and with: a canvas, panes with a scale, columns. In pixels; y grows downwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tui.charts.axis import PAST_SHARE
from tui.charts.values import Values
from tui.themes import Palette

Point = tuple[float, float]

MARGIN, LABELS, HEAD, FOOT, GAP = 16.0, 64.0, 62.0, 26.0, 20.0
SMALL, USUAL, LARGE = 11.0, 12.5, 19.0


LETTER = 0.56
"""Width of a letter in parts of its size: of the widest usual fonts, since a picture is read with any."""
THICKEST = 14.0
"""Half the width of a bar where there are few."""


def letters(width: float, size: float) -> int:
    """How many letters of a size there is room for beside the margins of a picture."""
    return int((width - 2 * MARGIN) / (LETTER * size))


class Canvas(Protocol):
    """What can be drawn with."""

    def area(self, points: Sequence[Point], colour: str) -> None:
        """A filled polygon."""
        ...

    def line(self, points: Sequence[Point], colour: str, width: float = 1.0, *, dashed: bool = False) -> None:
        """A line through the points."""
        ...

    def text(
        self, at: Point, text: str, colour: str, size: float, *, anchor: str = "start", bold: bool = False
    ) -> None:
        """Text whose base line begins, is centred or ends at a point: anchor "start", "middle" or "end"."""
        ...


@dataclass(frozen=True, slots=True)
class Pane:
    """A rectangle with a scale."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float

    def y(self, value: float) -> float:
        """Where a value stands."""
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)


class Columns:
    """Where bars and horizons stand from left to right."""

    def __init__(self, bars: int, horizons: int, left: float, right: float) -> None:
        share = PAST_SHARE if horizons else 1.0
        self.pitch = (right - left) * share / bars
        self._left, self._right, self._horizons = left, right, max(1, horizons)
        self.now = self.at(bars - 1)

    def at(self, bar: float) -> float:
        """The middle of a bar."""
        return self._left + (bar + 0.5) * self.pitch

    def ahead(self, horizon: float) -> float:
        """So many bars ahead of the newest."""
        return self.now + (self._right - self.now) * horizon / self._horizons


def faint(palette: Palette) -> str:
    """A grid's colour."""
    return between(palette.muted, palette.background, 0.72)


def between(one: str, other: str, share: float) -> str:
    """A colour `share` of the way from one to another."""
    mixed = (math.floor(int(one[i : i + 2], 16) * (1 - share) + int(other[i : i + 2], 16) * share) for i in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def draw_curve(canvas: Canvas, columns: Columns, values: Values, pane: Pane, colour: str) -> None:
    """A line through the values that there are."""
    points = [(columns.at(i), pane.y(v)) for i, v in enumerate(values) if v is not None]
    if len(points) > 1:
        canvas.line(points, colour, 1.3)
