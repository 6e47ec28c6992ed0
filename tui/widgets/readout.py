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
from tui.format import Glyphs
from tui.themes import Palette

WIDE = 100
"""Cells from which on there is room for the instrument's name."""


def readout(
    charts: SymbolCharts, detail: SymbolDetail, palette: Palette, glyphs: Glyphs, width: int = WIDE
) -> Text:
    """The bar under the cross-hair, else the newest shown: prices, then indicators and what had been forecast of it."""
    axis, instrument = charts.price.axis, detail.instrument
    place = len(charts.candles) - 1 if axis.readout is None else axis.readout
    name = instrument.name if width >= WIDE else ""
    text = _prices(charts, place, instrument, name, palette, glyphs).append("\n")
    parts = [_oscillators(charts, palette)]
    band = _band(charts, detail, place)
    if band is not None:
        parts.append(_forecast(band, instrument, palette, glyphs))
    parts += [_signal(signal, palette, glyphs) for signal in _signals(charts, detail, place)]
    return text.append_text(Text("  ").join(part for part in parts if part))


def _prices(
    charts: SymbolCharts, place: int, instrument: Instrument, name: str, palette: Palette, glyphs: Glyphs
) -> Text:
    candle, day = charts.candles[place], charts.dates[place]
    text = Text(no_wrap=True, overflow="ellipsis").append(f"{name}  " if name else "", "bold")
    text.append(f"{fmt.bar_name(day)}  ", palette.muted)
    for label, value in (("O", candle.open), ("H", candle.high), ("L", candle.low), ("C", candle.close)):
        text.append(f"{label} ", palette.muted)
        text.append(f"{fmt.price(value, instrument.currency, instrument.symbol)} ")
    text.append(f"{instrument.currency} ", palette.muted)
    before = charts.candles[place - 1].close if place > 0 else charts.before
    if before:
        move = (candle.close / before - 1) * 100
        colour = palette.up if move > 0 else palette.down
        text.append(f" {fmt.arrow(move, glyphs, 2)}{fmt.percent(move, 2)}", colour)
    if candle.volume:
        text.append("  Vol ", palette.muted).append(fmt.quantity(candle.volume))
    return text


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


def _forecast(band: PastBand, instrument: Instrument, palette: Palette, glyphs: Glyphs) -> Text:
    """Whether its 80 % band held, of which kind it is, band and median."""
    low, median, high = (
        fmt.price(value, instrument.currency, instrument.symbol) for value in (band.low, band.median, band.high)
    )
    held = (f"held {glyphs.right}", palette.up) if band.held else (f"missed {glyphs.wrong}", palette.error)
    text = Text(f"forecast {band.horizon} before ", palette.forecast).append(*held)
    text.append(f" {'live' if band.live else 'backfill'} ", palette.muted)
    return text.append(f"{low}..{high}", palette.foreground).append(f" median {median}", palette.muted)


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
    return Text(f"{mark} {fmt.kind_name(signal.signal.kind)}", colour)
