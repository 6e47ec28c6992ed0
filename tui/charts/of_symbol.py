"""A symbol's detail as charts that share one time axis."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import overload

from forecasting.domain.decision import Alert
from forecasting.domain.market import Bar
from forecasting.domain.snapshot import SymbolDetail
from tui import format as fmt
from tui.charts.accuracy import RateChart
from tui.charts.axis import PAST_SHARE, TimeAxis
from tui.charts.beyond import NOTHING, Beyond, curves_on, marks_on, newest_of_each, past_on
from tui.charts.cells import flank
from tui.charts.curves import CurvesChart
from tui.charts.figure import label_width
from tui.charts.options import STAND_IN, ChartOptions
from tui.charts.oscillators import MacdChart, RsiChart, VolumeChart
from tui.charts.past import held_texts
from tui.charts.price import Candle, Fan, PriceChart, candles_of, taken_together
from tui.charts.values import Values
from tui.charts.window import AT_NEWEST, Window, bars_of_days


@dataclass(frozen=True, slots=True)
class SymbolCharts:
    """The charts of one symbol over one window, column under column."""

    price: PriceChart
    volume: VolumeChart
    rsi: RsiChart
    macd: MacdChart
    panes: tuple[CurvesChart, ...]
    candles: tuple[Candle, ...]
    dates: tuple[date, ...]              # the newest bar of each candle
    before: float | None                 # close before the first candle
    keys: Sequence[date]                 # of all bars there are, also those out of sight
    timeframe: int                       # bars the timeframe has


def symbol_charts(
    detail: SymbolDetail, options: ChartOptions, width: int, window: Window = AT_NEWEST, beyond: Beyond = NOTHING,
    alerts: Sequence[Alert] | None = None,
) -> SymbolCharts | None:
    """The charts, as dense as `width` cells allow; None where there are no bars.

    Args:
        detail: What is shown.
        options: Timeframe and switches.
        width: Cells of the whole pane.
        window: Where a person has zoomed and panned to, and the cross-hair.
        beyond: Past forecasts, further indicators, short bars.
        alerts: Those of the symbol, marked on its bars as its signals are; None: no marks.
    """
    if beyond.symbol != detail.symbol:
        beyond = NOTHING
    source = _source(detail, options, beyond)
    if not source.bars:
        return None
    keys = _Keys(source.bars)
    timeframe = _timeframe(options, keys)
    span = window.span(keys, timeframe)
    at_newest = span.stop == len(keys)
    shown = detail.forecasts[0] if detail.forecasts and source is detail and at_newest else None
    layout = _Layout.of(len(span), options, width, len(shown.log_returns) if shown else 0)
    candles = taken_together(candles_of(source.bars[span.start : span.stop], source.bars[-1].factor), layout.size)
    dates = newest_of_each(keys[span.start : span.stop], layout.size)
    place = None if window.at is None else min(bisect_left(dates, window.at), len(dates) - 1)
    pitch = layout.pitch(len(dates))
    offset = flank(pitch) if options.candles else 0
    axis = TimeAxis(dates, pitch, layout.horizons, layout.columns - 1, place, offset)
    fewer = len(keys) - len(source.indicators)
    rows = newest_of_each([source.indicators[i - fewer] if i >= fewer else None for i in span], layout.size)
    over, panes = curves_on(beyond, keys, options.extra, span, layout.size)

    marks = () if alerts is None else marks_on(source, alerts, dates, keys[span.start])

    def column(name: str) -> Values:
        return tuple(None if row is None else getattr(row, name) for row in rows)

    return SymbolCharts(
        price=PriceChart(
            _title(detail), axis, candles, options.candles, Fan.of(shown) if shown and options.forecast else None,
            _note(options, source, layout.size), beyond.note,
            ". is longer" if beyond.note and _stands_in(options, source) else "",
            past_on(beyond, options.past, dates, candles), _past_notes(detail, options, source), over, marks,
            options.log,
        ),
        volume=VolumeChart(axis, tuple(c.volume if c.close >= c.open else -c.volume for c in candles)),
        rsi=RsiChart(axis, column("rsi")),
        macd=MacdChart(axis, column("macd"), column("macd_signal"), column("macd_hist")),
        panes=tuple(CurvesChart(kind, axis, curves) for kind, curves in panes),
        candles=candles, dates=dates, keys=keys, timeframe=timeframe,
        before=_close_before(source.bars, span.start),
    )


class _Keys(Sequence[date]):
    """The bars' names, read off the bars when they are asked for: there may be ten thousand."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self._bars = bars

    def __len__(self) -> int:
        return len(self._bars)

    @overload
    def __getitem__(self, index: int) -> date: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[date, ...]: ...

    def __getitem__(self, index: int | slice) -> date | tuple[date, ...]:
        if isinstance(index, slice):
            return tuple(bar.session for bar in self._bars[index])
        return self._bars[index].session


@dataclass(frozen=True, slots=True)
class _Layout:
    """How bars are laid out over columns."""

    columns: int
    past: int              # columns that the past gets
    size: int              # bars taken together
    horizons: int
    whole_cells: bool

    @classmethod
    def of(cls, bars: int, options: ChartOptions, width: int, horizons: int) -> _Layout:
        columns = max(12, width - label_width(width) - 1)
        past = int(columns * PAST_SHARE) if horizons else columns
        size = math.ceil(bars / (past if options.candles else 2 * past))
        return cls(columns, past, size, horizons, options.candles)

    def pitch(self, candles: int) -> float:
        """Columns from candle to candle: whole ones, so that gaps are even, unless that wastes half the room."""
        even = (self.past - 1) / max(1, candles - 1)
        whole = float(max(1, (self.past - 1) // candles))
        return whole if self.whole_cells and even < 1.6 * whole else even


def _source(detail: SymbolDetail, options: ChartOptions, beyond: Beyond) -> SymbolDetail:
    """Whose bars are shown: short ones where the timeframe needs them and they are there."""
    return beyond.short if options.frame.short and beyond.short is not None else detail


def _timeframe(options: ChartOptions, keys: Sequence[date]) -> int:
    """How many bars the timeframe has."""
    frame = options.frame
    if frame.short and not isinstance(keys[-1], datetime):
        frame = STAND_IN
    return len(keys) if frame.days is None else bars_of_days(keys, frame.days)


def _close_before(bars: Sequence[Bar], start: int) -> float | None:
    return None if start == 0 else bars[start - 1].adj_close / bars[-1].factor


def _past_notes(detail: SymbolDetail, options: ChartOptions, source: SymbolDetail) -> tuple[str, ...]:
    if options.past is None or not detail.forecasts or source is not detail:
        return ()
    return held_texts(detail.records, detail.forecasts[0].model, options.past)


class ChartMemo:
    """Keeps the newest charts, so that a tick which changes none of their facts costs nothing."""

    def __init__(self) -> None:
        self._facts: tuple[object, ...] = ()
        self._detail: tuple[SymbolDetail | None, Beyond] = (None, NOTHING)
        self._charts: SymbolCharts | None = None

    def charts(
        self, detail: SymbolDetail | None, options: ChartOptions, width: int, window: Window = AT_NEWEST,
        beyond: Beyond = NOTHING, alerts: tuple[Alert, ...] | None = None,
    ) -> SymbolCharts | None:
        """As `symbol_charts`; None also where there is no detail, and where one bar is all there is."""
        facts = (options, width, window, alerts)
        if detail is not self._detail[0] or beyond is not self._detail[1] or facts != self._facts:
            self._detail, self._facts = (detail, beyond), facts
            made = None
            if detail is not None and len(detail.bars) > 1:
                made = symbol_charts(detail, options, width, window, beyond, alerts)
            self._charts = made
        return self._charts


def no_chart(symbol: str, bars: Sequence[Bar]) -> str:
    """Why a memo has no charts of what has so few bars."""
    if not bars:
        return f"{symbol}: no bars yet"
    return f"{symbol}: 1 bar so far, {bars[0].session} closed at {fmt.price(bars[0].close)}; a chart needs 2"


def hit_rate_chart(detail: SymbolDetail) -> RateChart:
    """Rolling hit rate of the shown model, one session ahead."""
    points = detail.accuracy
    return RateChart(
        "Hits", points[-1].n if points else 0, detail.accuracy_origin, TimeAxis(tuple(p.session for p in points)),
        tuple(p.hit_rate for p in points), tuple((p.hit_low, p.hit_high) for p in points), 0.5,
    )


def _title(detail: SymbolDetail) -> str:
    mark = "~ synthetic" if detail.instrument.synthetic else ""
    return f"{detail.symbol}{mark}"


def _note(options: ChartOptions, source: SymbolDetail, size: int) -> str:
    """The timeframe, and what a candle is."""
    name = f"{STAND_IN.name} of daily bars for {options.name}" if _stands_in(options, source) else options.name
    kind = "candles" if options.candles else "close"
    together = f" of {size}" if size > 1 and options.candles else ""
    return f"{name} {kind}{together}"


def _stands_in(options: ChartOptions, source: SymbolDetail) -> bool:
    """Whether daily bars are shown for want of short ones."""
    return options.frame.short and not isinstance(source.bars[-1].session, datetime)
