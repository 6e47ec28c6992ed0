"""RSI with its 30 and 70 lines, the MACD histogram with its two lines, and volume: charts under a price chart."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from tui import format as fmt
from tui.charts import cells
from tui.charts.axis import TimeAxis
from tui.charts.figure import Brush, Figure, labels, level, line
from tui.charts.values import Values, at_readout, known
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette


@dataclass(frozen=True, slots=True)
class RsiChart:
    """RSI, 0..100; None during warm-up."""

    axis: TimeAxis
    rsi: Values

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The newest figure, or the one under the cross-hair, and what it means."""
        value = at_readout(self.rsi, self.axis)
        name = Text("RSI 14  ", palette.muted)
        if value is None:
            return fitted([(0, name), (1, Text("needs 15 bars", palette.muted))], width)
        parts: list[Part] = [(0, name), (0, Text(f"{value:.1f}", f"bold {palette.foreground}"))]
        if value < 30 or value > 70:
            word, colour = ("oversold", palette.up) if value < 30 else ("overbought", palette.down)
            parts.append((1, Text(f" {word}", colour)))
        return fitted(parts, width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """The line between its two levels."""
        x, y = known(self.rsi, self.axis)
        # 12..88 keeps 30 and 70 in rows of their own down to three rows.
        self.axis.apply(figure, brush, min([12.0, *y]), max([88.0, *y]), dated=False)
        labels(figure, brush, [(30, "30"), (70, "70")])
        for at in (30, 70):
            level(figure, at, self.axis.now, brush.palette.muted, brush.glyphs.rule)
        line(figure, x, y, brush.palette.accent, brush.glyphs.marker)


@dataclass(frozen=True, slots=True)
class MacdChart:
    """MACD line, signal line and histogram in price units; None during warm-up."""

    axis: TimeAxis
    macd: Values
    signal: Values
    histogram: Values

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The newest figures, or those under the cross-hair: the histogram, and what it is the difference of."""
        macd, signal, histogram = (at_readout(v, self.axis) for v in (self.macd, self.signal, self.histogram))
        name: list[Part] = [(0, Text("MACD", palette.muted)), (2, Text(" 12,26,9", palette.muted))]
        if macd is None or signal is None or histogram is None:
            return fitted([*name, (1, Text("  needs 34 bars", palette.muted))], width)
        shown = f"  {fmt.arrow(histogram, glyphs, 9)}{histogram:+.3g}"
        own = Text(shown, palette.up if histogram > 0 else palette.down)
        made_of = Text.assemble((f"  {macd:+.3g}", palette.accent), (f" less {signal:+.3g}", palette.muted))
        return fitted([*name, (0, own), (1, made_of)], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Histogram behind, lines over it."""
        every = [v for values in (self.macd, self.signal, self.histogram) for v in values if v is not None]
        top = max((abs(v) for v in every), default=1.0) or 1.0
        self.axis.apply(figure, brush, -top * 1.05, top * 1.05, dated=False)
        labels(figure, brush, [(0, "0")])
        grid = cells.Grid(-top * 1.05, top * 1.05, brush.height)
        for sign, colour in ((1, brush.palette.up), (-1, brush.palette.down)):
            ends = [(x, v) for x, v in zip(*known(self.histogram, self.axis), strict=True) if v * sign > 0]
            cells.bars(figure, grid, cells.broad(ends, self.axis.pitch), colour, brush.glyphs, base=0.0)
        line(figure, *known(self.signal, self.axis), brush.palette.muted, brush.glyphs.marker)
        line(figure, *known(self.macd, self.axis), brush.palette.accent, brush.glyphs.marker)


@dataclass(frozen=True, slots=True)
class VolumeChart:
    """Volume per bar, lighter where the price rose, as its candles are, and coloured so."""

    axis: TimeAxis
    signed: Values      # negative where the price fell

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The newest volume, or the one under the cross-hair."""
        value = at_readout(self.signed, self.axis)
        shown = fmt.quantity(None if value is None else abs(value))
        return Text.assemble(("Volume  ", palette.muted), shown, no_wrap=True)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Columns from zero."""
        top = max((abs(v) for v in self.signed if v is not None), default=0.0) or 1.0
        self.axis.apply(figure, brush, 0, top, dated=False)
        labels(figure, brush, [(top, fmt.quantity(top))])
        tallest: dict[int, float] = {}       # of each column, where bars are closer than columns
        for x, v in zip(*known(self.signed, self.axis), strict=True):
            tallest[round(x)] = max(v, tallest.get(round(x), 0.0), key=abs)
        for sign, colour in ((1, brush.palette.up), (-1, brush.palette.down)):
            tops = [(float(x), abs(v) / top) for x, v in tallest.items() if v * sign > 0]
            grid = cells.Grid(0, top, brush.height)
            broad = cells.broad(tops, self.axis.pitch)
            cells.columns(figure, grid, broad, colour, brush.glyphs, rising=sign > 0)
