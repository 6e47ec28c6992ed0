"""A canvas that makes a PNG, with Pillow: one wheel without a system library, and a font of its own."""

from __future__ import annotations

import io
from collections.abc import Sequence

from forecasting.errors import ConfigError
from tui.charts.canvas import Point

FINER = 2
"""Drawn so many times as large and made smaller, which smooths the edges."""
_LARGE = 16_000_000
"""Pixels from which on a picture is drawn as it is: edges are fine enough, and four times the memory is too much."""
_DASH = 4.0


def check() -> None:
    """Say what is missing before any work is done.

    Raises:
        ConfigError: If Pillow is not installed.
    """
    try:
        import PIL.ImageDraw
        import PIL.ImageFont  # noqa: F401
    except ImportError:
        raise ConfigError("--png needs Pillow: pip install 'tapecast[png]', or use --svg") from None


class PngCanvas:
    """Draws at once; see `canvas.Canvas`."""

    def __init__(self, width: int, height: int, background: str) -> None:
        from PIL import Image, ImageDraw

        self._size, self._finer = (width, height), FINER if width * height < _LARGE else 1
        self._image = Image.new("RGB", (width * self._finer, height * self._finer), background)
        self._draw = ImageDraw.Draw(self._image)

    def area(self, points: Sequence[Point], colour: str) -> None:
        """A filled polygon."""
        self._draw.polygon(self._scaled(points), fill=colour)

    def line(self, points: Sequence[Point], colour: str, width: float = 1.0, *, dashed: bool = False) -> None:
        """A line through the points."""
        for part in _dashes(points) if dashed else [points]:
            self._draw.line(self._scaled(part), fill=colour, width=max(1, round(width * self._finer)), joint="curve")

    def text(
        self, at: Point, text: str, colour: str, size: float, *, anchor: str = "start", bold: bool = False
    ) -> None:
        """Text at a point; the font has one weight, so that bold is a thin outline."""
        from PIL import ImageFont

        side = {"start": "l", "middle": "m", "end": "r"}[anchor]
        font = ImageFont.load_default(size * self._finer)
        self._draw.text(self._scaled([at])[0], text, fill=colour, font=font, anchor=f"{side}s",
                        stroke_width=1 if bold else 0)

    def picture(self) -> bytes:
        """The whole file."""
        from PIL import Image

        file = io.BytesIO()
        self._image.resize(self._size, Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
        return file.getvalue()

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._finer, y * self._finer) for x, y in points]


def _dashes(points: Sequence[Point]) -> list[list[Point]]:
    """Every other piece of a straight line."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    length = max(abs(x1 - x0), abs(y1 - y0)) or 1.0
    count = max(1, int(length / _DASH))
    ends = [(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count) for i in range(count + 1)]
    return [list(pair) for pair in zip(ends[::2], ends[1::2], strict=False)]
