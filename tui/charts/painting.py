"""A symbol's chart as a picture of lines and areas, for reports: the same values as in the terminal, drawn finely.

What draws is a `Canvas`: see `svg` and `png`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui import format as fmt
from tui.charts.canvas import (
    FOOT,
    GAP,
    HEAD,
    LABELS,
    LARGE,
    LETTER,
    MARGIN,
    SMALL,
    THICKEST,
    USUAL,
    Canvas,
    Columns,
    Pane,
    Point,
    draw_curve,
    faint,
)
from tui.charts.curves import colour_of
from tui.charts.figure import log_ticks, nice_ticks
from tui.charts.of_symbol import SymbolCharts
from tui.charts.painted_panes import Draw, panes_of
from tui.charts.price import PriceChart
from tui.charts.values import Values
from tui.themes import Palette

PANE_SHARES = {"volume": 0.55}
"""Height of a pane under the price in parts of an oscillator's."""
PRICE_SHARE = 3.4
LEAST_PRICE = 120.0
"""Pixels that the price has at least; panes are left out for it, the last one first."""


_SHARE_WIDTH = 28.0
"""Pixels of a band's label."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture says beside the drawing."""

    title: str
    lines: tuple[str, ...]      # under the title: what is shown, and how good forecasts have been
    foot: str


def paint(charts: SymbolCharts, canvas: Canvas, palette: Palette, words: Words, size: tuple[int, int]) -> None:
    """Draw the price, and under it every pane there is, on a canvas of `size` pixels that is the background's."""
    width, height = size
    panes = panes_of(charts, palette)
    horizons = charts.price.axis.horizons if charts.price.fan is not None else 0
    columns = Columns(len(charts.candles), horizons, MARGIN, width - LABELS)
    canvas.text((MARGIN, 26), words.title, palette.foreground, LARGE, bold=True)
    for number, line in enumerate(words.lines):
        canvas.text((MARGIN, 44 + 15 * number), line, palette.muted, USUAL)
    top = HEAD + 15 * (len(words.lines) - 1) + GAP
    room = height - FOOT - top - GAP * (len(panes) + 1) - 16
    while panes and PRICE_SHARE * _unit(room, panes) < LEAST_PRICE:
        panes.pop()
        room += GAP
    unit = _unit(room, panes)
    bottom = top + unit * PRICE_SHARE
    _price(charts.price, canvas, palette, columns, (top, bottom), width)
    _dates(charts, canvas, palette, columns, bottom + 14)
    top = bottom + 16 + GAP
    for name, limits, draw in panes:
        bottom = top + unit * PANE_SHARES.get(name, 1.0)
        pane = Pane(MARGIN, width - LABELS, top, bottom, *limits)
        _frame(canvas, palette, pane)
        draw(canvas, pane, columns)
        top = bottom + GAP
    canvas.text((MARGIN, height - 9), words.foot, palette.muted, SMALL)


def _unit(room: float, panes: Sequence[tuple[str, tuple[float, float], Draw]]) -> float:
    """Height of an oscillator's pane."""
    return room / (PRICE_SHARE + sum(PANE_SHARES.get(name, 1.0) for name, _, _ in panes))


def _frame(canvas: Canvas, palette: Palette, pane: Pane) -> None:
    canvas.line([(pane.left, pane.bottom), (pane.right, pane.bottom)], faint(palette))


def _price(
    chart: PriceChart, canvas: Canvas, palette: Palette, columns: Columns, rows: tuple[float, float], width: int
) -> None:
    low, high = chart.limits()
    pane = Pane(MARGIN, width - LABELS, *rows, chart.y(low), chart.y(high))
    count = max(2, min(6, int((pane.bottom - pane.top) / (2 * SMALL))))
    ticks = log_ticks(low, high, count + 1) if chart.log else nice_ticks(low, high, count)
    for at in ticks:
        y = pane.y(chart.y(at))
        canvas.line([(pane.left, y), (pane.right, y)], faint(palette))
        canvas.text((pane.right + 6, y + 4), fmt.level(at, high - low), palette.muted, SMALL)
    _past(chart, canvas, palette, columns, pane)
    if chart.fan is not None:
        _fan(chart, canvas, palette, columns, pane)
    if chart.as_candles:
        _candles(chart, canvas, palette, columns, pane)
    else:
        points = [(columns.at(i), pane.y(chart.y(c.close))) for i, c in enumerate(chart.candles)]
        canvas.line(points, palette.accent, 1.6)
    for number, curve in enumerate(chart.curves):
        draw_curve(canvas, columns, _scaled(curve.values, chart), pane, colour_of(number, palette))
    _misses(chart, canvas, palette, columns, pane)
    _marks(chart, canvas, palette, columns, pane)
    _legend(chart, canvas, palette, pane)


def _legend(chart: PriceChart, canvas: Canvas, palette: Palette, pane: Pane) -> None:
    """The curves over the prices, each in its colour."""
    for number, curve in enumerate(chart.curves):
        newest = next((v for v in reversed(curve.values) if v is not None), None)
        shown = curve.name if newest is None else f"{curve.name} {fmt.figure(newest)}"
        canvas.text((pane.left, pane.top + 11 + 14 * number), shown, colour_of(number, palette), SMALL)


def _scaled(values: Values, chart: PriceChart) -> Values:
    return tuple(None if v is None or (chart.log and v <= 0) else chart.y(v) for v in values)


def _fan(chart: PriceChart, canvas: Canvas, palette: Palette, columns: Columns, pane: Pane) -> None:
    """Bands from the widest in, each with its share at its end; then the median."""
    assert chart.fan is not None
    written, median_end = pane.top - SMALL, pane.y(chart.y(chart.fan.median[-1]))      # where the last label is
    for band, colour, share in zip(chart.fan.bands, (palette.band_95, palette.band_80, palette.band_50),
                                   ("95%", "80%", "50%"), strict=True):
        upper = [(columns.ahead(h), pane.y(chart.y(high))) for h, (_, high) in enumerate(band)]
        lower = [(columns.ahead(h), pane.y(chart.y(low))) for h, (low, _) in enumerate(band)]
        canvas.area([*upper, *reversed(lower)], colour)
        canvas.line(upper, palette.forecast, 0.6)
        canvas.line(lower, palette.forecast, 0.6)
        if written + SMALL <= (under := _inside(upper)) < median_end:
            canvas.text((pane.right - 4, under), share, palette.foreground, SMALL, anchor="end")
            written = under
    median = [(columns.ahead(h), pane.y(chart.y(price))) for h, price in enumerate(chart.fan.median)]
    canvas.line(median, palette.forecast, 2.0)
    canvas.line([(columns.now, pane.top), (columns.now, pane.bottom)], palette.muted, 1.0, dashed=True)
    told = f"now, {chart.fan.model} ahead"
    if len(told) * SMALL * LETTER < pane.right + LABELS - columns.now:
        canvas.text((columns.now + 4, pane.top + 11), told, palette.muted, SMALL)


def _inside(edge: Sequence[Point]) -> float:
    """Where a label ends a band without crossing its upper edge."""
    (x0, y0), (x1, y1) = edge[-2:]
    return y1 + SMALL + min(SMALL, max(0.0, (y0 - y1) / (x1 - x0) * _SHARE_WIDTH))


def _past(chart: PriceChart, canvas: Canvas, palette: Palette, columns: Columns, pane: Pane) -> None:
    half = columns.pitch / 2
    for i, band in enumerate(chart.past):
        if band is not None:
            x, high, low = columns.at(i), pane.y(chart.y(band.high)), pane.y(chart.y(band.low))
            box = [(x - half, high), (x + half, high), (x + half, low), (x - half, low)]
            canvas.area(box, palette.band_80 if band.live else palette.band_95)
            middle = pane.y(chart.y(band.median))
            canvas.line([(x - half, middle), (x + half, middle)], palette.forecast, 1.0)


def _candles(chart: PriceChart, canvas: Canvas, palette: Palette, columns: Columns, pane: Pane) -> None:
    """Bodies of bars that rose are hollow, so that they are told from the others without colour as well."""
    half = min(THICKEST, max(0.5, columns.pitch * 0.36))
    for i, candle in enumerate(chart.candles):
        rising = candle.close >= candle.open
        colour, x = palette.up if rising else palette.down, columns.at(i)
        top, bottom = (pane.y(chart.y(v)) for v in (max(candle.open, candle.close), min(candle.open, candle.close)))
        canvas.line([(x, pane.y(chart.y(candle.high))), (x, pane.y(chart.y(candle.low)))], colour)
        bottom = max(bottom, top + 1)
        box = [(x - half, top), (x + half, top), (x + half, bottom), (x - half, bottom)]
        canvas.area(box, palette.background if rising and half > 2 else colour)
        if rising and half > 2:
            canvas.line([*box, box[0]], colour, 1.2)


def _misses(chart: PriceChart, canvas: Canvas, palette: Palette, columns: Columns, pane: Pane) -> None:
    size = 3.0
    for i, band in enumerate(chart.past):
        if band is not None and not band.held:
            x, y = columns.at(i), pane.y(chart.y(chart.candles[i].close))
            canvas.line([(x - size, y - size), (x + size, y + size)], palette.error, 1.4)
            canvas.line([(x - size, y + size), (x + size, y - size)], palette.error, 1.4)


def _marks(chart: PriceChart, canvas: Canvas, palette: Palette, columns: Columns, pane: Pane) -> None:
    """Triangles below and above the bars for signals, squares for alerts."""
    for mark in chart.marks:
        candle, x = chart.candles[mark.bar], columns.at(mark.bar)
        up = mark.direction > 0
        edge = candle.close if not chart.as_candles else candle.low if up else candle.high
        away = 1 if up else -1
        y = pane.y(chart.y(edge)) + away * (22 if mark.alert else 7)
        if mark.alert or not mark.direction:
            colour = palette.warning if mark.alert else palette.foreground
            canvas.area([(x - 4, y), (x, y - 4), (x + 4, y), (x, y + 4)], colour)
        else:
            colour = palette.up if up else palette.down
            canvas.area([(x, y), (x - 5, y + away * 8), (x + 5, y + away * 8)], colour)


def _dates(charts: SymbolCharts, canvas: Canvas, palette: Palette, columns: Columns, y: float) -> None:
    dates = charts.dates
    long, one_day = charts.price.axis.long, charts.price.axis.one_day
    count = max(1, min(len(dates), int(columns.pitch * len(dates) / 90)))
    for i in range(count):
        bar = round((len(dates) - 1) * (i + 0.5) / count)
        label = f"{dates[bar]:%Y-%m}" if long else fmt.bar_label(dates[bar], one_day=one_day)
        canvas.text((columns.at(bar), y), label, palette.muted, SMALL, anchor="middle")
    if charts.price.fan is not None:
        both = columns.ahead(charts.price.axis.horizons) - columns.now > 5 * SMALL
        for horizon in {charts.price.axis.horizons, charts.price.axis.horizons // (2 if both else 1)}:
            end = horizon == charts.price.axis.horizons
            canvas.text((columns.ahead(horizon), y), f"+{horizon}", palette.muted, SMALL,
                        anchor="end" if end else "middle")
