"""What a chart of 10,000 bars costs: from a symbol's detail to styled text in the Chart view's pane at 120x35.

The values are made in the app's loop (`values`), the picture in a thread (`picture`), anew every time; the price chart
of half a year's 126 bars stands beside it. Goal: at most 60 ms together.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from forecasting.domain.snapshot import SymbolDetail
from tests.support.bench_figures import Figures, milliseconds, percentile
from tests.support.fake_engine import bars, detail, indicators
from tests.support.tui import COLOURS
from tui.charts.figure import build
from tui.charts.of_symbol import SymbolCharts, symbol_charts
from tui.charts.options import TIMEFRAMES, USUAL, ChartOptions
from tui.format import UNICODE

BARS = 10_000
WIDTH, HEIGHT = 118, 20
ALL, HALF_A_YEAR = len(TIMEFRAMES) - 1, USUAL

T = TypeVar("T")


def run(runs: int = 15) -> Figures:
    """Make each chart `runs` times."""
    found: dict[str, float | int | str | None] = {"runs": runs, "bars": BARS}
    long, short = _detail(BARS), _detail(126)
    for candles in (False, True):
        kind = "candles" if candles else "line"
        found |= _measured(f"{kind}_", long, ChartOptions(timeframe=ALL, candles=candles), runs)
        found |= _measured(f"{kind}_126_bars_", short, ChartOptions(timeframe=HALF_A_YEAR, candles=candles), runs)
    return found


def _detail(count: int) -> SymbolDetail:
    known = detail("NVDA")
    assert known is not None
    series = bars("NVDA", count)
    return replace(known, bars=series, indicators=indicators(series))


def _measured(prefix: str, of: SymbolDetail, options: ChartOptions, runs: int) -> dict[str, float]:
    values, picture = [], []
    for _ in range(runs + 1):
        seconds, charts = _timed(partial(symbol_charts, of, options, WIDTH))
        values.append(seconds)
        picture.append(_timed(partial(_picture, charts))[0])
    together = [a + b for a, b in zip(values[1:], picture[1:], strict=True)]     # the first imports plotext
    return {
        f"{prefix}values_p50_ms": milliseconds(percentile(values[1:], 0.5)),
        f"{prefix}picture_p50_ms": milliseconds(percentile(picture[1:], 0.5)),
        f"{prefix}p50_ms": milliseconds(percentile(together, 0.5)),
        f"{prefix}max_ms": milliseconds(max(together)),
    }


def _picture(charts: SymbolCharts | None) -> None:
    assert charts is not None
    build(charts.price, WIDTH, HEIGHT, COLOURS, UNICODE)


def _timed(job: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = job()
    return time.perf_counter() - began, result
