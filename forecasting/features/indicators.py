"""RSI(14) and MACD(12, 26, 9) on adjusted closes, by TA-Lib.

Importing TA-Lib imports pandas: this module belongs to the worker process.

RSI: Wilder (1978), New Concepts in Technical Trading Systems: averages of gains and of losses, started from the plain
mean of the first 14 changes, then smoothed with weight 1/14. Where nothing has moved, gains and losses are both zero
and RSI is 0/0; TA-Lib says 0 there, which would ring the oversold bell for a price that stands still, so here it is
the neutral 50.

MACD: Appel (1979). Each exponential average starts from a plain mean: the slow one over bars 0..25, the fast one over
bars 14..25 so that both start together, the signal line over the first nine MACD values; so all three begin at bar 33.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import talib

from forecasting.domain.market import BarSeries, IndicatorRow
from forecasting.features.panel import FloatArray

RSI_PERIOD = 14
MACD_PERIODS = (12, 26, 9)


class Indicators(NamedTuple):
    """RSI and MACD of one symbol, each of shape (L,); NaN in warm-up."""

    rsi: FloatArray           # 0..100
    macd: FloatArray          # in price units, like the next two
    macd_signal: FloatArray
    macd_hist: FloatArray


def indicators(closes: FloatArray) -> Indicators:
    """RSI and MACD of adjusted closes, shape (L,), without NaN."""
    fast, slow, signal = MACD_PERIODS
    return Indicators(_rsi(closes), *talib.MACD(closes, fastperiod=fast, slowperiod=slow, signalperiod=signal))


def indicator_rows(series: BarSeries) -> tuple[IndicatorRow, ...]:
    """RSI and MACD for each bar of `series`, for the screen and the command line; None in warm-up."""
    values = indicators(np.array([b.adj_close for b in series.bars], dtype=np.float64))
    columns = [[v if v == v else None for v in column.tolist()] for column in values]   # NaN is not itself
    return tuple(
        IndicatorRow(bar.session, bar.close, *row) for bar, *row in zip(series.bars, *columns, strict=True)
    )


def _rsi(closes: FloatArray) -> FloatArray:
    rsi: FloatArray = talib.RSI(closes, timeperiod=RSI_PERIOD)
    # Turned upside down, RSI becomes 100 - RSI; only where there is neither gain nor loss are both zero.
    still = (rsi == 0.0) & (talib.RSI(-closes, timeperiod=RSI_PERIOD) == 0.0)
    return np.where(still, 50.0, rsi)
