"""The bar under the chart's cross-hair in figures: two lines."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime

from rich.text import Text

from forecasting.domain.decision import ScoredSignal
from forecasting.domain.market import Instrument
from forecasting.domain.snapshot import SymbolDetail
from tui import format as fmt
from tui.charts.of_symbol import SymbolCharts
from tui.charts.past import PastBand, of_outcome, past_band
from tui.charts.values import at_readout
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette

WIDE = 200
"""Cells in which everything has room."""


def readout(charts: SymbolCharts, detail: SymbolDetail, palette: Palette, glyphs: Glyphs, width: int = WIDE) -> Text:
    """The bar under the cross-hair, else the newest shown: prices, then indicators and what had been forecast of it.

    Each of the two lines leaves out whole what `width` cells do not hold.
    """
    axis, instrument = charts.price.axis, detail.instrument
    place = len(charts.candles) - 1 if axis.readout is None else axis.readout
    said: list[Part] = [(0, _oscillators(charts, palette))]
    band = _band(charts, detail, place)
    if band is not None:
        said.append((1, *_forecast(band, instrument, palette, glyphs)))
    said += [(2, _signal(signal, palette, glyphs)) for signal in _signals(charts, detail, place)]
    prices = _prices(charts, place, instrument, palette, glyphs)
    return Text("\n").join([fitted(prices, width), fitted(said, width)])


def _prices(
    charts: SymbolCharts, place: int, instrument: Instrument, palette: Palette, glyphs: Glyphs
) -> list[Part]:
    """Name, day, open, high and low, close and its move, volume."""
    candle, day = charts.candles[place], charts.dates[place]
    before = charts.candles[place - 1].close if place > 0 else charts.before

    def figure(label: str, value: float) -> Text:
        return Text(f" {label} ", palette.muted).append(
            fmt.price(value, instrument.currency, instrument.symbol), palette.foreground)

    parts: list[Part] = [
        (5, Text(f"{instrument.name}  ", "bold")), (1, Text(f"{fmt.bar_name(day)} ", palette.muted)),
        (3, figure("O", candle.open), figure("H", candle.high), figure("L", candle.low)),
        (0, figure("C", candle.close)), (2, Text(f" {instrument.currency}", palette.muted)),
    ]
    if before:
        move = (candle.close / before - 1) * 100
        colour = palette.up if move > 0 else palette.down
        parts.append((1, Text(f"  {fmt.arrow(move, glyphs, 2)}{fmt.percent(move, 2)}", colour)))
    if candle.volume:
        parts.append((4, Text("  Vol ", palette.muted).append(fmt.quantity(candle.volume), palette.foreground)))
    return parts


def _oscillators(charts: SymbolCharts, palette: Palette) -> Text:
    rsi, histogram = (at_readout(values, charts.price.axis) for values in (charts.rsi.rsi, charts.macd.histogram))
    text = Text("RSI ", palette.muted)
    text.append(fmt.MISSING if rsi is None else f"{rsi:.1f}", palette.foreground)
    text.append("  MACD hist ", palette.muted)
    return text.append(fmt.MISSING if histogram is None else f"{histogram:+.3g}", palette.foreground)


def _band(charts: SymbolCharts, detail: SymbolDetail, place: int) -> PastBand | None:
    """What had been forecast: of the horizon that is drawn, else one bar before."""
    if charts.price.past:
        return charts.price.past[place]
    found = next((o for o in reversed(detail.outcomes) if o.target_session == charts.dates[place]), None)
    return None if found is None else past_band(of_outcome(found), found.horizon, charts.candles[place].close)


def _forecast(band: PastBand, instrument: Instrument, palette: Palette, glyphs: Glyphs) -> tuple[Text, ...]:
    """Whether its 80 % band held, of which kind it is, band and median."""
    low, median, high = (
        fmt.price(value, instrument.currency, instrument.symbol) for value in (band.low, band.median, band.high)
    )
    held = (f"held {glyphs.right}", palette.success) if band.held else (f"missed {glyphs.wrong}", palette.error)
    return (
        Text(f"  forecast {band.horizon} before ", palette.forecast).append(*held),
        Text(f" {'live' if band.live else 'backfill'}", palette.muted),
        Text(f" {low}..{high}", palette.foreground), Text(f" median {median}", palette.muted),
    )


def _signals(charts: SymbolCharts, detail: SymbolDetail, place: int) -> list[ScoredSignal]:
    """Signals on the bars of the candle under the cross-hair; none without one."""
    if charts.price.axis.readout is None:
        return []
    kind, dates = isinstance(charts.dates[0], datetime), charts.dates
    return [s for s in detail.signals if isinstance(s.signal.session, datetime) is kind
            and _holds(dates, place, s.signal.session)]


def _holds(dates: Sequence[date], place: int, key: date) -> bool:
    return bisect_left(dates, key) == place and (place > 0 or key == dates[0])


def _signal(signal: ScoredSignal, palette: Palette, glyphs: Glyphs) -> Text:
    direction = signal.signal.direction
    colour = palette.up if direction > 0 else palette.down if direction < 0 else palette.foreground
    mark = fmt.arrow(direction, glyphs) or glyphs.inside
    return Text(f"  {mark} {fmt.kind_name(signal.signal.kind)}", colour)
