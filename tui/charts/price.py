"""The price chart: line or candles, and the forecast fan to the right of the now line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from forecasting.domain.forecast import Forecast
from forecasting.domain.market import Bar
from tui import format as fmt
from tui.charts.axis import TimeAxis
from tui.charts.figure import Brush, Figure, labels, line, nice_ticks, segments
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
class PriceChart:
    """Prices of one symbol, and what is forecast."""

    title: str
    axis: TimeAxis
    candles: tuple[Candle, ...]
    as_candles: bool
    fan: Fan | None
    note: str = ""

    def heading(self, palette: Palette, glyphs: Glyphs) -> Text:
        """Symbol, timeframe, and which model's fan it is."""
        text = Text(no_wrap=True).append(self.title, "bold")
        text.append(f"  {self.note}" if self.note else "", palette.muted)
        if self.fan is not None:
            text.append(f"  {self.fan.model} ", palette.forecast)
            shades, colours = glyphs.shades[::-1], _band_colours(palette)[::-1]
            for shade, share, colour in zip(shades, (50, 80, 95), colours, strict=True):
                text.append(shade, colour).append(f"{share} ", palette.muted)
        return text

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Fan below, prices over it."""
        low, high = self._limits()
        self.axis.apply(figure, brush, low, high)
        ticks = nice_ticks(low, high, max(2, brush.rows // 4))
        labels(figure, brush, [(at, fmt.level(at, high - low)) for at in ticks])
        if self.fan is not None:
            self._draw_fan(figure, brush, self.fan)
        if self.as_candles:
            self._draw_candles(figure, brush)
        else:
            closes = [candle.close for candle in self.candles]
            x = [self.axis.at(i) for i in range(len(closes))]
            line(figure, x, closes, brush.palette.accent, brush.glyphs.marker)

    def _limits(self) -> tuple[float, float]:
        """Lowest and highest drawn price, with a little room, so that a flat price still has a scale."""
        lows = [c.low if self.as_candles else c.close for c in self.candles]
        highs = [c.high if self.as_candles else c.close for c in self.candles]
        if self.fan is not None:
            lows.append(min(low for low, _ in self.fan.bands[0]))
            highs.append(max(high for _, high in self.fan.bands[0]))
        low, high = min(lows), max(highs)
        room = (high - low) * 0.02 or abs(high) * 0.01
        return low - room, high + room

    def _draw_fan(self, figure: Figure, brush: Brush, fan: Fan) -> None:
        horizons = self.axis.horizons
        cells = max(horizons, round(self.axis.end - self.axis.now))
        steps = [horizons * i / cells for i in range(1, cells + 1)]
        for band, (shade, colour) in enumerate(zip(brush.glyphs.shades, _band_colours(brush.palette), strict=True)):
            spans = [(self.axis.ahead(h), *fan.band_at(band, h)) for h in steps]
            segments(figure, spans, colour, shade)
        x = [self.axis.ahead(h) for h in range(horizons + 1)]
        line(figure, x, fan.median, brush.palette.forecast, brush.glyphs.marker)

    def _draw_candles(self, figure: Figure, brush: Brush) -> None:
        for rising, colour in ((True, brush.palette.up), (False, brush.palette.down)):
            chosen = [(self.axis.at(i), c) for i, c in enumerate(self.candles) if (c.close >= c.open) is rising]
            segments(figure, [(i, c.low, c.high) for i, c in chosen], colour, brush.glyphs.wick)
            bodies = [(i, min(c.open, c.close), max(c.open, c.close)) for i, c in chosen]
            segments(figure, bodies, colour, brush.glyphs.box)


def _band_colours(palette: Palette) -> tuple[str, str, str]:
    return palette.band_95, palette.band_80, palette.band_50


def candles_of(bars: Sequence[Bar]) -> tuple[Candle, ...]:
    """Bars adjusted for splits and dividends, in the money of the newest bar, so that no split shows as a fall."""
    if not bars:
        return ()
    newest = bars[-1].factor
    scale = [bar.factor / newest for bar in bars]
    return tuple(
        Candle(bar.open * k, bar.high * k, bar.low * k, bar.close * k, bar.volume)
        for bar, k in zip(bars, scale, strict=True)
    )


def taken_together(candles: Sequence[Candle], size: int) -> tuple[Candle, ...]:
    """Each `size` candles as one, counted from the newest, so that the newest group is whole."""
    groups = [candles[max(0, end - size) : end] for end in range(len(candles), 0, -size)][::-1]
    return tuple(
        Candle(g[0].open, max(c.high for c in g), min(c.low for c in g), g[-1].close, sum(c.volume for c in g))
        for g in groups
    )
