"""A figure over the newest days, from one moment to the next, with its interval and what it is measured by."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from rich.text import Text

from tui import format as fmt
from tui.charts.accuracy import filled
from tui.charts.axis import TimeAxis
from tui.charts.figure import Brush, Figure, dashes, labels, line, segments
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette


@dataclass(frozen=True, slots=True)
class RolledChart:
    """A line with its 95 % interval behind it, and beside it the line of what it is measured by."""

    title: str
    claim: tuple[str, ...]               # what it is measured by and its n: never left out
    notes: tuple[str, ...]               # what matters most first
    axis: TimeAxis
    values: tuple[float, ...]            # per cent
    intervals: tuple[tuple[float, float], ...]   # per cent; empty where there are none
    measured_by: tuple[float, ...]       # per cent, as many as values
    signed: bool                         # a skill rather than a share
    whole: tuple[float, float] | None = None     # per cent; of the newest value, where the others have no interval
    unit: str = "%"

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The newest figure with its interval, what it is measured by and its n."""
        newest = Text(self._shown(self.values[-1]), f"bold {palette.foreground}")
        parts: list[Part] = [(0, Text(f"{self.title} ", palette.muted)), (0, newest)]
        if self.interval is not None:
            low, high = map(self._bare, self.interval)
            parts.append((0, Text(f" [{low}..{high}]")))
        parts.append((1, Text(f" {glyphs.dash}", palette.muted)))      # as the line is drawn
        parts += [(0, Text(f" {each}", palette.muted)) for each in self.claim]
        parts += [(rank, Text(f"  {note}", palette.muted)) for rank, note in enumerate(self.notes, start=2)]
        return fitted(parts, width)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the newest figure; None where there is none."""
        newest = self.intervals[-1] if self.intervals else self.whole
        return newest if newest is not None and isfinite(newest[0]) else None

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Interval behind, what it is measured by, then the figure."""
        known = [pair for pair in self.intervals if isfinite(pair[0]) and isfinite(pair[1])]
        edges = [*self.values, *self.measured_by, *(edge for pair in known for edge in pair)]
        room = (max(edges) - min(edges)) * 0.04 or 1.0
        low, high = min(edges) - room, max(edges) + room
        self.axis.apply(figure, brush, low, high)
        ticks = sorted({low + room, self.measured_by[-1], high - room})
        labels(figure, brush, [(at, self._shown(at)) for at in ticks])
        if known:
            shown = [(max(lo, low), min(hi, high)) for lo, hi in self.intervals]
            segments(figure, filled(shown, brush.columns), brush.palette.band_95, brush.glyphs.shades[0])
        places = range(len(self.values))
        dashes(figure, brush, places, self.measured_by, brush.palette.muted)
        line(figure, places, self.values, brush.palette.accent, brush.glyphs.marker)

    def _bare(self, value: float) -> str:
        return fmt.signed(value) if self.signed else f"{value:.0f}"

    def _shown(self, value: float) -> str:
        return self._bare(value) + self.unit
