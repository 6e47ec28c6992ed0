"""The price chart: line or candles, what had been forecast of them, and the forecast fan right of the now line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text

from forecasting.domain.forecast import Forecast
from forecasting.domain.market import Bar
from tui import format as fmt
from tui.charts import cells
from tui.charts.axis import TimeAxis
from tui.charts.curves import Drawn, colour_of, legend, marker_of
from tui.charts.figure import Brush, Figure, labels, level, line, log_ticks, nice_ticks, rgb, segments
from tui.charts.past import PastBand
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette

BANDS = ((0.025, 0.975), (0.1, 0.9), (0.25, 0.75))
"""Quantile levels of the 95, 80 and 50 % bands, widest first."""


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar, or several taken together, in the newest bar's money."""

    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Fan:
    """A forecast as prices, for horizons 0..H; horizon 0 is the close it starts from."""

    model: str
    median: tuple[float, ...]
    bands: tuple[tuple[tuple[float, float], ...], ...]   # per band of BANDS, (low, high) per horizon

    @classmethod
    def of(cls, forecast: Forecast) -> Fan:
        """The fan of a forecast."""
        start = forecast.last_close
        horizons = range(1, len(forecast.log_returns) + 1)

        def prices(level: float) -> list[float]:
            return [start, *(start * math.exp(forecast.log_return(h, level)) for h in horizons)]

        bands = tuple(tuple(zip(prices(low), prices(high), strict=True)) for low, high in BANDS)
        return cls(forecast.model, tuple(prices(0.5)), bands)

    def band_at(self, band: int, horizon: float) -> tuple[float, float]:
        """A band's (low, high) between two horizons."""
        points = self.bands[band]
        before = min(int(horizon), len(points) - 2)
        share = horizon - before
        (low, high), (next_low, next_high) = points[before], points[before + 1]
        return low + (next_low - low) * share, high + (next_high - high) * share


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a bar: a signal's direction, or an alert."""

    bar: int
    direction: int        # 1 up, -1 down, 0 neither
    alert: bool = False


@dataclass(frozen=True, slots=True)
class PriceChart:
    """Prices of one symbol, and what is and was forecast of them."""

    title: str
    axis: TimeAxis
    candles: tuple[Candle, ...]
    as_candles: bool
    fan: Fan | None
    note: str = ""                             # timeframe and what a candle is
    why: str = ""                              # something else is shown than was asked for
    remedy: str = ""
    past: tuple[PastBand | None, ...] = ()     # one for each candle, where any are shown
    past_notes: tuple[str, ...] = ()           # how such bands have held, live and then backfilled
    curves: tuple[Drawn, ...] = ()
    marks: tuple[Mark, ...] = ()
    log: bool = False

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """Symbol, timeframe, curves with their figures, how past forecasts held, and which model's fan it is."""
        parts: list[Part] = [(0, Text(self.title, "bold"))]
        if self.note:
            parts.append((2, Text(f"  {self.note}", palette.muted)))
        if self.log:
            parts.append((2, Text(" log", palette.muted)))
        if self.why:
            remedy = f"; {self.remedy}" if self.remedy else ""
            parts.append((1, Text(f"  {self.why}", palette.muted), Text(remedy, palette.muted)))
        parts += [(4, each) for each in legend(self.curves, self.axis, palette, glyphs)]
        if self.past_notes:
            shade = Text(f"  {glyphs.shades[0]} ", palette.forecast)
            live, *backfill = self.past_notes
            told = [shade.append(live, palette.muted), *(Text(f", {each}", palette.muted) for each in backfill)]
            parts.append((5, *told))
        if self.fan is not None:
            parts.append(self._fan_part(self.fan, palette, glyphs))
        return fitted(parts, width)

    def _fan_part(self, fan: Fan, palette: Palette, glyphs: Glyphs) -> Part:
        """Whose fan it is, and which shade is which band."""
        bands = Text()
        for shade, share, colour in zip(
            glyphs.shades[::-1], (50, 80, 95), _band_colours(palette)[::-1], strict=True
        ):
            bands.append(f" {shade}", colour).append(str(share), palette.muted)
        return 3, Text(f"  {fan.model}", palette.forecast), bands.append("%", palette.muted)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Forecasts below, prices over them, marks on top."""
        low, high = self.limits()
        grid = cells.Grid(self.y(low), self.y(high), brush.rows)
        self.axis.apply(figure, brush, grid.low, grid.high)
        count = max(2, brush.rows // 3)
        ticks = log_ticks(low, high, count) if self.log else nice_ticks(low, high, count)
        labels(figure, brush, [(self.y(at), fmt.level(at, high - low)) for at in ticks])
        self._draw_past(figure, brush)
        if self.fan is not None:
            self._draw_fan(figure, brush, self.fan)
        self._draw_cross(figure, brush)
        for number, curve in enumerate(self.curves):
            points = [(self.axis.at(i), self.y(v)) for i, v in enumerate(curve.values) if v is not None and v > 0]
            line(figure, [x for x, _ in points], [y for _, y in points], colour_of(number, brush.palette),
                 marker_of(number, brush.glyphs))
        if self.as_candles:
            self._draw_candles(figure, brush, grid)
        else:
            closes = [self.y(candle.close) for candle in self.candles]
            line(figure, [self.axis.at(i) for i in range(len(closes))], closes, brush.palette.accent,
                 brush.glyphs.marker)
        self._draw_misses(figure, brush)
        self._draw_marks(figure, brush, grid)

    def y(self, price: float) -> float:
        """Where a price stands on the scale."""
        return math.log(price) if self.log else price

    def limits(self) -> tuple[float, float]:
        """Lowest and highest drawn price, with a little room, so that a flat price still has a scale."""
        lows = [c.low if self.as_candles else c.close for c in self.candles]
        highs = [c.high if self.as_candles else c.close for c in self.candles]
        every = [v for curve in self.curves for v in curve.values if v is not None]
        past = [band for band in self.past if band is not None]
        lows += [*every, *(band.low for band in past)]
        highs += [*every, *(band.high for band in past)]
        if self.fan is not None:
            lows.append(min(low for low, _ in self.fan.bands[0]))
            highs.append(max(high for _, high in self.fan.bands[0]))
        low, high = min(lows), max(highs)
        room = (high - low) * 0.02 or abs(high) * 0.01
        if self.log and low > 0:
            return low * (low / high) ** 0.02 if high > low else low * 0.99, high + room
        return low - room, high + room

    def _draw_cross(self, figure: Figure, brush: Brush) -> None:
        """The cross-hair's level; its upright is the axis's."""
        if self.axis.readout is not None:
            close = self.y(self.candles[self.axis.readout].close)
            level(figure, close, self.axis.now, brush.palette.muted, brush.glyphs.rule)

    def _draw_past(self, figure: Figure, brush: Brush) -> None:
        bands = [(self.axis.at(i), band) for i, band in enumerate(self.past) if band is not None]
        reach = max(0, round(self.axis.pitch) - 1)        # over the gap to the next candle, so that the band is one
        for live, shade in ((False, brush.glyphs.shades[0]), (True, brush.glyphs.shades[1])):
            spans = [
                (x + beside, self.y(band.low), self.y(band.high))
                for x, band in bands if band.live is live for beside in range(-(reach // 2), reach - reach // 2 + 1)
            ]
            segments(figure, spans, brush.palette.band_80, shade)
        line(figure, [x for x, _ in bands], [self.y(band.median) for _, band in bands], brush.palette.forecast,
             brush.glyphs.median)

    def _draw_fan(self, figure: Figure, brush: Brush, fan: Fan) -> None:
        horizons = self.axis.horizons
        columns = max(horizons, round(self.axis.end - self.axis.now))
        steps = [horizons * i / columns for i in range(1, columns + 1)]
        for band, (shade, colour) in enumerate(zip(brush.glyphs.shades, _band_colours(brush.palette), strict=True)):
            edges = ((h, fan.band_at(band, h)) for h in steps)
            spans = [(self.axis.ahead(h), self.y(low), self.y(high)) for h, (low, high) in edges]
            segments(figure, spans, colour, shade)
        x = [self.axis.ahead(h) for h in range(horizons + 1)]
        line(figure, x, [self.y(price) for price in fan.median], brush.palette.forecast, brush.glyphs.median)

    def _draw_candles(self, figure: Figure, brush: Brush, grid: cells.Grid) -> None:
        glyphs = brush.glyphs
        for rising, colour in ((True, brush.palette.up), (False, brush.palette.down)):
            chosen = [(self.axis.at(i), c) for i, c in enumerate(self.candles) if (c.close >= c.open) is rising]
            wicks = [(x, self.y(c.low), self.y(c.high)) for x, c in chosen]
            bodies = [(x, self.y(min(c.open, c.close)), self.y(max(c.open, c.close))) for x, c in chosen]
            cells.candles(figure, grid, wicks, bodies, colour, glyphs, pitch=self.axis.pitch, rising=rising)

    def _draw_misses(self, figure: Figure, brush: Brush) -> None:
        missed = [i for i, band in enumerate(self.past) if band is not None and not band.held]
        if missed:
            figure.scatter([self.axis.at(i) for i in missed], [self.y(self.candles[i].close) for i in missed],
                           color=rgb(brush.palette.error), marker=brush.glyphs.wrong)

    def _draw_marks(self, figure: Figure, brush: Brush, grid: cells.Grid) -> None:
        """Below a bar what points up, above it everything else."""
        palette, glyphs = brush.palette, brush.glyphs
        for mark in self.marks:
            candle, up = self.candles[mark.bar], mark.direction > 0
            edge = candle.close if not self.as_candles else candle.low if up else candle.high
            row = grid.nearest(self.y(edge)) + (-1 if up else 1) * (2 if mark.alert else 1)
            glyph, colour = _look(mark, palette, glyphs)
            figure.scatter([self.axis.at(mark.bar)], [grid.at(max(0, min(row, grid.rows - 1)))], color=rgb(colour),
                           marker=glyph)


def _look(mark: Mark, palette: Palette, glyphs: Glyphs) -> tuple[str, str]:
    if mark.alert:
        return glyphs.unseen, palette.warning
    if mark.direction == 0:
        return glyphs.inside, palette.foreground
    return (glyphs.up, palette.up) if mark.direction > 0 else (glyphs.down, palette.down)


def _band_colours(palette: Palette) -> tuple[str, str, str]:
    return palette.band_95, palette.band_80, palette.band_50


def candles_of(bars: Sequence[Bar], newest: float | None = None) -> tuple[Candle, ...]:
    """Bars adjusted for splits and dividends, so that no split shows as a fall.

    They are in the money of the bar whose factor is `newest`; of the last of `bars`, if None.
    """
    if not bars:
        return ()
    newest = newest or bars[-1].factor
    scale = [bar.factor / newest for bar in bars]
    return tuple(
        Candle(bar.open * k, bar.high * k, bar.low * k, bar.close * k, bar.volume)
        for bar, k in zip(bars, scale, strict=True)
    )


def taken_together(candles: Sequence[Candle], size: int) -> tuple[Candle, ...]:
    """Each `size` candles as one, counted from the newest, so that the newest group is whole."""
    groups: Iterable[Sequence[Candle]] = (
        candles[max(0, end - size) : end] for end in range(len(candles), 0, -size)
    )
    return tuple(
        Candle(g[0].open, max(c.high for c in g), min(c.low for c in g), g[-1].close, sum(c.volume for c in g))
        for g in groups
    )[::-1]
