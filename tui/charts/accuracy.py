"""Charts of the record: a rolling rate with its interval, and past forecasts' bands with what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from tui import format as fmt
from tui.charts.axis import TimeAxis
from tui.charts.figure import Brush, Figure, labels, level, line, rgb, segments
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette


@dataclass(frozen=True, slots=True)
class RateChart:
    """A rolling share of one with its 95 % interval, against a level it is measured by."""

    title: str
    n: int                               # settled forecasts in the newest window
    origin: str                          # of what kind they are
    axis: TimeAxis
    rates: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]   # empty where none is known
    measured_by: float                   # 0.5 for a direction, 0.8 for an 80 % band
    horizon: int = 1

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The newest rate, its interval and its n."""
        title: list[Part] = [(0, Text(self.title, palette.muted)), (3, Text(f" {self.horizon} ahead", palette.muted))]
        if not self.rates:
            return fitted([*title, (1, Text("  nothing settled yet", palette.muted))], width)
        interval = f" {fmt.interval(*self.intervals[-1])}" if self.intervals else ""
        return fitted([
            *title, (0, Text(f"  {fmt.share(self.rates[-1])}", f"bold {palette.foreground}")), (0, Text(interval)),
            (0, Text(f" n={self.n}", palette.muted)), (2, Text(f" {self.origin}", palette.muted)),
        ], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Interval behind, level, then the rate."""
        # The first windows are short and their intervals wide; they may run out of the picture.
        settled = self.intervals[len(self.intervals) // 4 :]
        edges = [*self.rates, *(edge for pair in settled for edge in pair)]
        low = max(0.0, min([*edges, self.measured_by - 0.05]))
        high = min(1.0, max([*edges, self.measured_by + 0.05]))
        self.axis.apply(figure, brush, low - 0.01, high + 0.01)
        labels(figure, brush, [(at, fmt.share(at)) for at in (low, self.measured_by, high)])
        shown = [(max(lo, low), min(hi, high)) for lo, hi in self.intervals]
        segments(figure, filled(shown, brush.columns), brush.palette.band_95, brush.glyphs.shades[0])
        level(figure, self.measured_by, self.axis.end, brush.palette.muted, brush.glyphs.rule)
        line(figure, range(len(self.rates)), self.rates, brush.palette.accent, brush.glyphs.marker)


@dataclass(frozen=True, slots=True)
class OutcomeChart:
    """Forecasts' 80 % bands, and the returns that came; all in per cent."""

    record: str                          # how the band has held over all, with its interval and n
    axis: TimeAxis
    bands: tuple[tuple[float, float], ...]
    actual: tuple[float, ...]
    horizon: int = 1

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """How many fell inside, and what that is a part of."""
        title: list[Part] = [(0, Text("Outcomes", palette.muted)), (2, Text(f" {self.horizon} ahead", palette.muted))]
        if not self.actual:
            return fitted([*title, (1, Text("  nothing settled yet", palette.muted))], width)
        held = f"  {sum(self._inside())} of {len(self.actual)} in the 80% band"
        told = Text(held, f"bold {palette.foreground}")
        return fitted([*title, (1, told), (1, Text(f"; {self.record}", palette.muted))], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Bands behind, outcomes over them: inside as dots, outside as crosses."""
        edges = [*self.actual, *(edge for pair in self.bands for edge in pair)]
        top = max((abs(edge) for edge in edges), default=0.0) * 1.05 or 1.0
        self.axis.apply(figure, brush, -top, top)
        labels(figure, brush, [(at, fmt.percent(at)) for at in (-top / 1.05, 0, top / 1.05)])
        segments(figure, filled(self.bands, brush.columns), brush.palette.band_80, brush.glyphs.shades[0])
        inside = self._inside()
        for wanted, mark, colour in (
            (True, brush.glyphs.inside, brush.palette.foreground), (False, brush.glyphs.wrong, brush.palette.down)
        ):
            places = [i for i, held in enumerate(inside) if held is wanted]
            if places:
                figure.scatter(places, [self.actual[i] for i in places], color=rgb(colour), marker=mark)

    def _inside(self) -> list[bool]:
        return [lo <= value <= hi for value, (lo, hi) in zip(self.actual, self.bands, strict=True)]


def filled(pairs: Sequence[tuple[float, float]], columns: int) -> list[tuple[float, float, float]]:
    """A band without gaps: one upright segment (x, low, high) per column, each from the point nearest to it."""
    if not pairs:
        return []
    places = [i * (len(pairs) - 1) / max(1, columns - 1) for i in range(columns)]
    return [(place, *pairs[round(place)]) for place in places]
