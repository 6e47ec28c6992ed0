"""A symbol's detail as charts that share one time axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from forecasting.domain.forecast import Origin
from forecasting.domain.snapshot import SymbolDetail
from tui.charts.accuracy import OutcomeChart, RateChart
from tui.charts.axis import PAST_SHARE, TimeAxis
from tui.charts.figure import label_width
from tui.charts.options import ChartOptions
from tui.charts.oscillators import MacdChart, RsiChart, VolumeChart
from tui.charts.price import Candle, Fan, PriceChart, candles_of, taken_together

T = TypeVar("T")

OUTCOMES = 60
"""Settled forecasts that one picture can hold apart."""


@dataclass(frozen=True, slots=True)
class SymbolCharts:
    """The charts of one symbol over one timeframe, column under column."""

    price: PriceChart
    volume: VolumeChart
    rsi: RsiChart
    macd: MacdChart
    candles: tuple[Candle, ...]
    dates: tuple[date, ...]


def symbol_charts(
    detail: SymbolDetail, options: ChartOptions, width: int, readout: int | None = None
) -> SymbolCharts | None:
    """The charts, as dense as `width` cells allow; None where there are no bars.

    Args:
        detail: What is shown.
        options: Timeframe and switches.
        width: Cells of the whole pane.
        readout: The cross-hair's bar, counted back from the newest (0); None for no cross-hair.
    """
    if not detail.bars:
        return None
    bars = detail.bars[-options.sessions :] if options.sessions else detail.bars
    rows = detail.indicators[-len(bars) :]
    fan = Fan.of(detail.forecasts[0]) if detail.forecasts and options.forecast else None
    horizons = len(detail.forecasts[0].log_returns) if detail.forecasts else 0
    columns = max(12, width - label_width(width) - 1)
    past = int(columns * PAST_SHARE) if horizons else columns
    size = math.ceil(len(bars) / (past if options.candles else 2 * past))
    candles = taken_together(candles_of(bars), size)
    dates = _newest_of_each([bar.session for bar in bars], size)
    pitch = float(past // len(dates)) if options.candles else (past - 1) / max(1, len(dates) - 1)
    place = None if readout is None else max(0, len(dates) - 1 - readout)
    axis = TimeAxis(dates, pitch, horizons, columns - 1, place)
    return SymbolCharts(
        price=PriceChart(_title(detail), axis, candles, options.candles, fan, _note(options, size)),
        volume=VolumeChart(axis, tuple(c.volume if c.close >= c.open else -c.volume for c in candles)),
        rsi=RsiChart(axis, _newest_of_each([row.rsi for row in rows], size)),
        macd=MacdChart(
            axis, _newest_of_each([row.macd for row in rows], size),
            _newest_of_each([row.macd_signal for row in rows], size),
            _newest_of_each([row.macd_hist for row in rows], size),
        ),
        candles=candles, dates=dates,
    )


class ChartMemo:
    """Keeps the newest charts, so that a tick which changes none of their facts costs nothing."""

    def __init__(self) -> None:
        self._facts: tuple[ChartOptions, int, int | None] | None = None
        self._detail: SymbolDetail | None = None
        self._charts: SymbolCharts | None = None

    def charts(
        self, detail: SymbolDetail | None, options: ChartOptions, width: int, readout: int | None = None
    ) -> SymbolCharts | None:
        """As `symbol_charts`; None also where there is no detail."""
        facts = (options, width, readout)
        if detail is not self._detail or facts != self._facts:
            self._detail, self._facts = detail, facts
            self._charts = None if detail is None else symbol_charts(detail, options, width, readout)
        return self._charts


def hit_rate_chart(detail: SymbolDetail) -> RateChart:
    """Rolling hit rate of the shown model, one session ahead."""
    points = detail.accuracy
    return RateChart(
        "Hits h=1", _accuracy_note(detail), TimeAxis(tuple(p.session for p in points)),
        tuple(p.hit_rate for p in points), tuple((p.hit_low, p.hit_high) for p in points), 0.5,
    )


def coverage_chart(detail: SymbolDetail) -> RateChart:
    """Rolling coverage of the 80 % band, one session ahead."""
    points = detail.accuracy
    return RateChart(
        "80% band h=1", _accuracy_note(detail), TimeAxis(tuple(p.session for p in points)),
        tuple(p.coverage_80 for p in points), (), 0.8,
    )


def outcome_chart(detail: SymbolDetail) -> OutcomeChart:
    """The newest settled forecasts."""
    outcomes = detail.outcomes[-OUTCOMES:]
    origin = "" if not outcomes else "backfill" if outcomes[-1].origin is Origin.BACKFILL else "live"
    return OutcomeChart(
        f"{origin} {outcomes[-1].model}" if outcomes else "", TimeAxis(tuple(o.target_session for o in outcomes)),
        tuple((o.low_80 * 100, o.high_80 * 100) for o in outcomes), tuple(o.actual * 100 for o in outcomes),
    )


def _accuracy_note(detail: SymbolDetail) -> str:
    return f"n={detail.accuracy[-1].n} {detail.accuracy_origin}" if detail.accuracy else ""


def _title(detail: SymbolDetail) -> str:
    mark = "~ synthetic" if detail.instrument.synthetic else ""
    return f"{detail.symbol}{mark}"


def _note(options: ChartOptions, size: int) -> str:
    kind = "candles" if options.candles else "close"
    return f"{options.name} {kind}" + (f" of {size}" if size > 1 and options.candles else "")


def _newest_of_each(values: Sequence[T], size: int) -> tuple[T, ...]:
    """The last value of each group of `size`, counted from the newest."""
    return tuple(values[::-1][::size][::-1])


