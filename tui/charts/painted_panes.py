"""The panes of a picture under its prices: volume, RSI, MACD and further indicators."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui import format as fmt
from tui.charts.canvas import SMALL, THICKEST, Canvas, Columns, Pane, between, draw_curve, faint
from tui.charts.curves import colour_of
from tui.charts.figure import nice_ticks
from tui.charts.of_symbol import SymbolCharts
from tui.charts.values import Values
from tui.themes import Palette

Draw = Callable[[Canvas, Pane, Columns], None]


def panes_of(charts: SymbolCharts, palette: Palette) -> list[tuple[str, tuple[float, float], Draw]]:
    """Name, limits and drawing of each pane under the price; those without a value are left out."""
    panes: list[tuple[str, tuple[float, float], Draw]] = []
    volumes = [abs(v) for v in charts.volume.signed if v]
    if volumes:
        panes.append(("volume", (0.0, max(volumes) * 1.02), lambda c, p, x: _volume(charts, c, palette, p, x)))
    for chart in charts.panes:
        every = [v for curve in chart.curves for v in curve.values if v is not None] + list(chart.kind.levels)
        if every and max(every) > min(every):
            curves = [(curve.name, curve.values, colour_of(n, palette)) for n, curve in enumerate(chart.curves)]
            panes.append((chart.kind.key, (min(every), max(every)), _lines(
                chart.kind.title, curves, chart.kind.levels, palette)))
    if any(v is not None for v in charts.rsi.rsi):
        rsi = _lines("RSI 14", [("", charts.rsi.rsi, palette.accent)], (30, 70), palette)
        panes.append(("rsi", (0.0, 100.0), rsi))
    macd = charts.macd
    sizes = [abs(v) for values in (macd.macd, macd.signal, macd.histogram) for v in values if v is not None]
    if top := max(sizes, default=0.0):
        panes.append(("macd", (-top, top), lambda c, p, x: _macd(charts, c, palette, p, x)))
    return panes


def _label(canvas: Canvas, palette: Palette, pane: Pane, text: str) -> None:
    canvas.text((pane.left, pane.top - 3), text, palette.muted, SMALL)


def _lines(
    title: str, curves: Sequence[tuple[str, Values, str]], levels: Sequence[float], palette: Palette
) -> Draw:
    def draw(canvas: Canvas, pane: Pane, columns: Columns) -> None:
        for at in levels or nice_ticks(pane.low, pane.high, 2):
            canvas.line([(pane.left, pane.y(at)), (pane.right, pane.y(at))], faint(palette), dashed=True)
            canvas.text((pane.right + 6, pane.y(at) + 4), fmt.figure(at), palette.muted, SMALL)
        for _, values, colour in curves:
            draw_curve(canvas, columns, values, pane, colour)
        _label(canvas, palette, pane, title)

    return draw


def _volume(charts: SymbolCharts, canvas: Canvas, palette: Palette, pane: Pane, columns: Columns) -> None:
    """Columns of bars that rose are hollow, as their candles are."""
    half = min(THICKEST, max(0.4, columns.pitch * 0.36))
    for i, signed in enumerate(charts.volume.signed):
        if signed:
            x, y = columns.at(i), pane.y(abs(signed))
            box = [(x - half, y), (x + half, y), (x + half, pane.bottom), (x - half, pane.bottom)]
            rising = signed > 0
            colour = between(palette.up if rising else palette.down, palette.background, 0.45)
            canvas.area(box, palette.background if rising and half > 2 else colour)
            if rising and half > 2:
                canvas.line([*box, box[0]], colour, 1.2)
    canvas.text((pane.right + 6, pane.top + 8), fmt.quantity(pane.high), palette.muted, SMALL)
    _label(canvas, palette, pane, "Volume")


def _macd(charts: SymbolCharts, canvas: Canvas, palette: Palette, pane: Pane, columns: Columns) -> None:
    half = min(THICKEST, max(0.4, columns.pitch * 0.36))
    zero = pane.y(0.0)
    for i, value in enumerate(charts.macd.histogram):
        if value is not None:
            x, y = columns.at(i), pane.y(value)
            colour = between(palette.up if value > 0 else palette.down, palette.background, 0.45)
            canvas.area([(x - half, zero), (x + half, zero), (x + half, y), (x - half, y)], colour)
    canvas.line([(pane.left, zero), (pane.right, zero)], faint(palette))
    canvas.text((pane.right + 6, zero + 4), "0", palette.muted, SMALL)
    draw_curve(canvas, columns, charts.macd.signal, pane, palette.muted)
    draw_curve(canvas, columns, charts.macd.macd, pane, palette.accent)
    _label(canvas, palette, pane, "MACD 12,26,9")
