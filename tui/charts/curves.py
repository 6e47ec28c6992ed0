"""Further indicators: curves over the prices, or in a pane of their own."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from forecasting.domain.chart import IndicatorKind
from tui import format as fmt
from tui.charts.axis import TimeAxis
from tui.charts.figure import Brush, Figure, labels, level, line, nice_ticks
from tui.charts.values import Values, at_readout, known
from tui.fitting import fitted
from tui.format import ASCII, Glyphs
from tui.themes import Palette


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve with one value for each candle."""

    name: str
    values: Values


def colour_of(number: int, palette: Palette) -> str:
    """The colour of the curve so numbered; none of them is the price's."""
    colours = (palette.foreground, palette.band_50, palette.muted, palette.up, palette.down)
    return colours[number % len(colours)]


def marker_of(number: int, glyphs: Glyphs) -> str:
    """What a curve is drawn with: where there are no dots to make a line of, its number."""
    return str((number + 1) % 10) if glyphs is ASCII else glyphs.marker


def legend(curves: tuple[Drawn, ...], axis: TimeAxis, palette: Palette, glyphs: Glyphs) -> list[Text]:
    """Each curve's name and figure, in its colour."""
    texts = []
    for number, curve in enumerate(curves):
        number_shown = f"{marker_of(number, glyphs)}:" if glyphs is ASCII else ""
        value = at_readout(curve.values, axis)
        shown = fmt.MISSING if value is None else fmt.figure(value)
        told = "  " + " ".join(filter(None, (number_shown, curve.name, shown)))
        texts.append(Text(told, colour_of(number, palette)))
    return texts


@dataclass(frozen=True, slots=True)
class CurvesChart:
    """One indicator in a pane of its own."""

    kind: IndicatorKind
    axis: TimeAxis
    curves: tuple[Drawn, ...]

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The indicator, and its newest figures or those under the cross-hair."""
        title = Text(self.kind.title, palette.muted)
        if not any(v is not None for curve in self.curves for v in curve.values):
            return fitted([(0, title), (1, Text(f"  needs {self.kind.needs} bars", palette.muted))], width)
        # One curve is what the heading has named already.
        named = self.curves if len(self.curves) > 1 else tuple(Drawn("", curve.values) for curve in self.curves)
        return fitted([(0, title), *((1, each) for each in legend(named, self.axis, palette, glyphs))], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """The levels, then the curves."""
        every = [v for curve in self.curves for v in curve.values if v is not None]
        low, high = min([*every, *self.kind.levels], default=0.0), max([*every, *self.kind.levels], default=1.0)
        room = (high - low) * 0.05 or abs(high) * 0.01 or 1.0
        self.axis.apply(figure, brush, low - room, high + room, dated=False)
        ticks = self.kind.levels or nice_ticks(low, high, 2)
        labels(figure, brush, [(at, fmt.figure(at)) for at in ticks])
        for at in self.kind.levels:
            level(figure, at, self.axis.now, brush.palette.muted, brush.glyphs.rule)
        for number, curve in enumerate(self.curves):
            line(figure, *known(curve.values, self.axis), colour_of(number, brush.palette),
                 marker_of(number, brush.glyphs))
