"""What charts show beyond a symbol's detail, brought onto its candles: past forecasts, further indicators, marks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from forecasting.domain.chart import INDICATOR_BY_KEY, IndicatorKind
from forecasting.domain.decision import Alert
from forecasting.domain.market import Bar, IndicatorRow, Instrument, Symbol
from forecasting.domain.snapshot import SymbolDetail
from forecasting.service.charting import ChartAnswer, Curve, PastForecast, ShortBars
from tui.charts.curves import Drawn
from tui.charts.past import PastBand, past_band
from tui.charts.price import Candle, Mark
from tui.charts.values import Values

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Beyond:
    """What charts show beyond a symbol's detail, where a person asked for it and it has come."""

    symbol: Symbol | None = None
    horizon: int | None = None              # of `past`, in bars
    past: tuple[PastForecast, ...] = ()     # ascending by target; of one target the live one comes last
    curves: tuple[Curve, ...] = ()          # over the bars of `short`, where there are any
    last: date | None = None                # the newest bar of the curves
    short: SymbolDetail | None = None       # of bars shorter than a session
    note: str = ""                          # why something that was asked for is not here


NOTHING = Beyond()


def beyond_of(answer: ChartAnswer, instrument: Instrument) -> Beyond:
    """The worker's answer as charts take it."""
    short = None if answer.short is None else _detail_of(answer.short, instrument)
    return Beyond(answer.symbol, answer.horizon, answer.past, answer.curves, answer.last, short, answer.note)


def _detail_of(short: ShortBars, instrument: Instrument) -> SymbolDetail:
    """Short bars as a symbol's detail that says nothing else."""
    bars = map(Bar, short.keys, short.open, short.high, short.low, short.close, short.adj_close, short.volume)
    rows = map(
        IndicatorRow, short.keys, short.close, short.rsi, short.macd, short.macd_signal, short.macd_hist
    )
    return SymbolDetail(
        instrument.symbol, instrument, tuple(bars), tuple(rows), (), None, (), "", (), (), ()
    )


def past_on(
    beyond: Beyond, horizon: int | None, dates: Sequence[date], candles: Sequence[Candle]
) -> tuple[PastBand | None, ...]:
    """For each candle the band that had been issued for its newest bar."""
    if horizon is None or horizon != beyond.horizon or not beyond.past:
        return ()
    found = {forecast.target: forecast for forecast in beyond.past}
    return tuple(
        past_band(forecast, horizon, candle.close) if (forecast := found.get(day)) is not None else None
        for day, candle in zip(dates, candles, strict=True)
    )


def curves_on(
    beyond: Beyond, keys: Sequence[date], wanted: Sequence[str], span: range, size: int
) -> tuple[tuple[Drawn, ...], list[tuple[IndicatorKind, tuple[Drawn, ...]]]]:
    """The curves that are switched on: those over the prices, and those with panes of their own."""
    over: list[Drawn] = []
    panes: list[tuple[IndicatorKind, tuple[Drawn, ...]]] = []
    if beyond.last is None or isinstance(beyond.last, datetime) != isinstance(keys[-1], datetime):
        return (), panes
    stop = bisect_right(keys, beyond.last)
    for kind in (INDICATOR_BY_KEY[key] for key in wanted):
        drawn = tuple(
            Drawn(c.name, newest_of_each(_lined_up(c.values, stop, span), size))
            for c in beyond.curves if c.key == kind.key
        )
        if kind.pane and drawn:
            panes.append((kind, drawn))
        else:
            over += drawn
    return tuple(over), panes


def _lined_up(values: Values, stop: int, span: range) -> list[float | None]:
    """Values whose newest is that of bar `stop` - 1, for the bars of `span`."""
    first = stop - len(values)
    return [values[i - first] if 0 <= i - first < len(values) else None for i in span]


def marks_on(
    detail: SymbolDetail, alerts: Sequence[Alert], dates: Sequence[date], first: date
) -> tuple[Mark, ...]:
    """Signals and alerts on the candles they belong to."""
    found = {(s.signal.session, s.signal.direction, False) for s in detail.signals}
    for alert in alerts:
        if alert.symbol == detail.symbol:
            moment = alert.data_time
            found.add((moment if isinstance(dates[-1], datetime) else moment.date(), 0, True))
    return tuple(
        Mark(place, direction, alert)
        for key, direction, alert in sorted(found)
        if isinstance(key, datetime) == isinstance(dates[-1], datetime)
        and first <= key and (place := _candle_of(key, dates, alert=alert)) is not None
    )


def _candle_of(key: date, dates: Sequence[date], *, alert: bool) -> int | None:
    """The candle that holds the bar named `key`; a moment belongs to the bar that has begun before it."""
    if alert and isinstance(key, datetime):
        place = bisect_right(dates, key) - 1
        return place if place >= 0 else None
    place = bisect_left(dates, key)
    return place if place < len(dates) else None


def newest_of_each(values: Sequence[T], size: int) -> tuple[T, ...]:
    """The last value of each group of `size`, counted from the newest."""
    return tuple(values[::-1][::size][::-1])
