"""Several symbols in one chart, each 100 at the start; a letter at its newest value says which is which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rich.text import Text

from forecasting.domain.comparison import BASE, Comparison
from forecasting.domain.interval import parse_key
from tui.charts.axis import TimeAxis
from tui.charts.cells import Grid
from tui.charts.figure import Brush, Figure, labels, level, line, nice_ticks, rgb
from tui.fitting import fitted
from tui.format import Glyphs
from tui.themes import Palette

LETTERS = "abcdefgh"
"""As many curves as can be told apart."""
BESIDE = 3
"""Cells for the letters of curves that end on one line, beside the first."""


def colour_of(place: int, palette: Palette) -> str:
    """The colour of the curve at `place`; the letters say the same where colours repeat or there are none."""
    colours = (palette.accent, palette.up, palette.down, palette.forecast, palette.foreground, palette.muted)
    return colours[place % len(colours)]


@dataclass(frozen=True, slots=True)
class ComparedChart:
    """Curves over the bars they share."""

    comparison: Comparison
    title: str

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """What is shown, of which time."""
        bars = self.comparison.bars
        began = Text(f", {BASE:.0f} on {bars[0][:10]}", palette.muted)
        return fitted([(0, Text(self.title, palette.muted)), (1, began)], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Draw the curves, the last one first, so that the first is on top."""
        curves = self.comparison.curves
        values = [value for curve in curves for value in curve.values if value is not None]
        low, high = min(*values, BASE), max(*values, BASE)
        pad = max((high - low) * 0.03, 0.5)
        count = len(self.comparison.bars)
        axis = TimeAxis(tuple(map(parse_key, self.comparison.bars)), (brush.columns - 2 - BESIDE) / max(1, count - 1),
                        edge=brush.columns - 1)
        axis.apply(figure, brush, low - pad, high + pad)
        level(figure, BASE, axis.end, brush.palette.muted, brush.glyphs.marker)
        for place in reversed(range(len(curves))):
            points = [(axis.at(i), value) for i, value in enumerate(curves[place].values) if value is not None]
            colour = colour_of(place, brush.palette)
            line(figure, [x for x, _ in points], [y for _, y in points], colour, brush.glyphs.marker)
        grid, taken = Grid(low - pad, high + pad, brush.rows), Counter[int]()
        for place, curve in enumerate(curves):
            row = grid.nearest(curve.end)
            x = axis.end - BESIDE + taken[row]      # letters of curves that end on one line stand side by side
            taken[row] += 1
            figure.scatter([x], [grid.at(row)], color=rgb(colour_of(place, brush.palette)), marker=LETTERS[place])
        ticks = nice_ticks(low - pad, high + pad, max(2, brush.rows // 3))
        labels(figure, brush, [(tick, f"{tick:g}") for tick in ticks])
