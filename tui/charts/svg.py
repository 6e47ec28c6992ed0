"""A canvas that writes SVG: one file, no script, no font of its own, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tui.charts.canvas import Point

FONT = "Inter, Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif"


class SvgCanvas:
    """Collects elements; see `canvas.Canvas`."""

    def __init__(self, width: int, height: int, background: str) -> None:
        self._width, self._height = width, height
        self._elements = [f'<rect width="{width}" height="{height}" fill="{background}"/>']

    def area(self, points: Sequence[Point], colour: str) -> None:
        """A filled polygon."""
        self._elements.append(f'<polygon points="{_listed(points)}" fill="{colour}"/>')

    def line(self, points: Sequence[Point], colour: str, width: float = 1.0, *, dashed: bool = False) -> None:
        """A line through the points."""
        dash = ' stroke-dasharray="3 3"' if dashed else ""
        self._elements.append(
            f'<polyline points="{_listed(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dash}/>'
        )

    def text(
        self, at: Point, text: str, colour: str, size: float, *, anchor: str = "start", bold: bool = False
    ) -> None:
        """Text at a point."""
        weight = ' font-weight="bold"' if bold else ""
        where = f'x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}"'
        self._elements.append(f'<text {where} font-size="{size:g}" fill="{colour}"{weight}>{escape(text)}</text>')

    def picture(self) -> bytes:
        """The whole file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self._width}" height="{self._height}"'
            f' viewBox="0 0 {self._width} {self._height}" font-family="{FONT}" stroke-linejoin="round">'
        )
        return "\n".join((head, *self._elements, "</svg>\n")).encode()


def _listed(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
