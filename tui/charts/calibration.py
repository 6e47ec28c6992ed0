"""Charts of calibration: where outcomes fell in their forecasts, and how often what was likely came."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from forecasting.domain.scorecard import Pit, Reliability
from tui import format as fmt
from tui.charts.figure import Brush, Figure, labels, level, line, rgb, segments
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette

ROWS_FOR_MARGIN = 8
"""Rows from which on lines and columns do not hide each other."""


@dataclass(frozen=True, slots=True)
class PitChart:
    """Shares of outcomes in equal slices of the probability, with the line that a right forecast has."""

    pit: Pit

    @property
    def flat(self) -> float:
        """The share that each slice should have."""
        return 1.0 / len(self.pit.shares)

    @property
    def bent(self) -> bool:
        """Whether the test tells the histogram from a flat one."""
        return self.pit.p_value is not None and self.pit.p_value < 0.05

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """How many outcomes, and whether they are told from a flat histogram."""
        pit = self.pit
        parts: list[Part] = [(0, Text("PIT  ", palette.muted))]
        if pit.p_value is None:
            parts.append((1, Text(f"test needs {pit.n_days_needed} days apart, has {pit.n_days}", palette.muted)))
        else:
            word, colour = ("not flat", palette.warning) if self.bent else ("not told from flat", palette.foreground)
            parts.append((1, Text(word, f"bold {colour}"), Text(f" p={fmt.probability(pit.p_value)}")))
        return fitted([*parts, (2, Text(f"  n={pit.n}", palette.muted))], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Columns to an eighth of a cell, odd ones in another colour where the test says so, over the lines."""
        shares, margin, flat = self.pit.shares, self.pit.margin or 0.0, self.flat
        top = max(*shares, flat + margin) * 1.1
        rows, columns = brush.rows, brush.columns
        figure.xlim(0, columns - 1)
        figure.ylim(0.0, top)
        labels(figure, brush, [(0.0, "0%"), (flat, fmt.share(flat)), (top, fmt.share(top))])
        wide = columns / len(shares)
        edges = [round(place * wide) for place in range(len(shares) + 1)]
        figure.xticks([edges[0], edges[len(shares) // 2], columns - 1], ["too high", "median", "too low"])
        for at in (flat - margin, flat + margin) if margin and rows >= ROWS_FOR_MARGIN else ():
            level(figure, max(at, 0.0), columns - 1, brush.palette.muted, brush.glyphs.rule)
        level(figure, flat, columns - 1, brush.palette.foreground, brush.glyphs.rule)
        for place, share in enumerate(shares):
            odd = self.bent and abs(share - flat) > margin
            colour = brush.palette.warning if odd else brush.palette.band_50
            for x in range(edges[place], edges[place + 1] - (1 if wide >= 3 else 0)):
                _column(figure, brush, x, share / top * rows, top, colour)


def _column(figure: Figure, brush: Brush, x: int, cells: float, top: float, colour: str) -> None:
    """A column so many cells high; what is less than a cell is a glyph of its height."""
    whole, glyphs = int(cells), brush.glyphs.spark
    step = top / max(1, brush.rows - 1)
    if whole:
        segments(figure, [(x, 0.0, (whole - 1) * step)], colour, brush.glyphs.box)
    part = round((cells - whole) * len(glyphs))
    if part:
        figure.scatter([x], [whole * step], color=rgb(colour), marker=glyphs[part - 1])


@dataclass(frozen=True, slots=True)
class ReliabilityChart:
    """How often it went up where so much was said, with its interval; right forecasts lie on the diagonal."""

    bins: tuple[Reliability, ...]
    note: str

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """What the axes are, and the rows."""
        return fitted([
            (0, Text("Reliability", palette.muted)), (2, Text("  came up over said P(up)", palette.foreground)),
            (1, Text(f"  {self.note}", palette.muted)),
        ], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Diagonal, intervals, points."""
        edges = [x for b in self.bins for x in (b.said, b.low, b.high)]
        low, high = max(0.0, min(edges, default=0.4) - 0.02), min(1.0, max(edges, default=0.6) + 0.02)
        figure.xlim(low, high)
        figure.ylim(low, high)
        middle = (low + high) / 2.0
        labels(figure, brush, [(at, fmt.share(at)) for at in (low, middle, high)])
        figure.xticks([low, middle, high], [fmt.share(at) for at in (low, middle, high)])
        line(figure, [low, high], [low, high], brush.palette.muted, brush.glyphs.marker)
        segments(figure, [(b.said, b.low, b.high) for b in self.bins], brush.palette.band_80, brush.glyphs.wick)
        if self.bins:
            figure.scatter([b.said for b in self.bins], [b.came for b in self.bins],
                           color=rgb(brush.palette.accent), marker=brush.glyphs.unseen)
