"""Curves of the trade's indicators for charts, by TA-Lib, on one symbol's adjusted bars.

They are for looking at; models see the features of `technical`, which are free of the price's level.

Sources: Bollinger (2001), Bollinger on Bollinger Bands; Wilder (1978), New Concepts in Technical Trading Systems (ATR,
ADX); Granville (1963), New Key to Stock Market Profits (OBV); Lane (1984), Stocks & Commodities 2(3) (stochastic).
VWAP: sum of typical price x volume over sum of volume, since the session's open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import talib

from forecasting.domain.market import Bar
from forecasting.features.panel import FloatArray
from forecasting.features.technical import (
    ADX_PERIOD,
    ATR_PERIOD,
    BOLLINGER_PERIOD,
    BOLLINGER_WIDTH,
    STOCHASTIC_PERIODS,
)


@dataclass(frozen=True, slots=True, eq=False)
class _Prices:
    """Adjusted prices in the newest bar's money, and volumes as traded; shape (L,) each."""

    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    sessions: Sequence[date]      # each bar's session


def curves(bars: Sequence[Bar], key: str, session_of: Callable[[date], date]) -> tuple[FloatArray, ...]:
    """The curves of the indicator `key`, shape (L,) each; NaN in warm-up.

    Args:
        bars: Ascending.
        key: One of `domain.chart.INDICATORS`.
        session_of: From a bar's name to that of its session's first bar.

    Raises:
        KeyError: If there is no such indicator.
    """
    compute = _CURVES[key]
    if not bars:
        return ()
    return compute(_prices(bars, session_of))


def _prices(bars: Sequence[Bar], session_of: Callable[[date], date]) -> _Prices:
    table = np.array([(b.high, b.low, b.close, b.adj_close, b.volume) for b in bars], dtype=np.float64)
    high, low, close, adjusted, volume = np.ascontiguousarray(table.T)
    factor = adjusted / close / (adjusted[-1] / close[-1])
    return _Prices(high * factor, low * factor, close * factor, volume, [session_of(b.session) for b in bars])


def _stochastic(p: _Prices) -> tuple[FloatArray, ...]:
    fast, slow, signal = STOCHASTIC_PERIODS
    k, d = talib.STOCH(p.high, p.low, p.close, fastk_period=fast, slowk_period=slow, slowd_period=signal)
    return k, d


def _bollinger(p: _Prices) -> tuple[FloatArray, ...]:
    upper, middle, lower = talib.BBANDS(
        p.close, timeperiod=BOLLINGER_PERIOD, nbdevup=BOLLINGER_WIDTH, nbdevdn=BOLLINGER_WIDTH
    )
    return upper, middle, lower


def _vwap(p: _Prices) -> tuple[FloatArray, ...]:
    """NaN while nothing has been traded in a session."""
    starts = np.array([i == 0 or p.sessions[i] != p.sessions[i - 1] for i in range(len(p.close))])
    begins = np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))

    def since_open(values: FloatArray) -> FloatArray:
        total = np.cumsum(values)
        before = total[begins] - values[begins]
        summed: FloatArray = total - before
        return summed

    money, volume = since_open((p.high + p.low + p.close) / 3.0 * p.volume), since_open(p.volume)
    return (np.divide(money, volume, out=np.full_like(money, np.nan), where=volume > 0.0),)


def _average(kind: Callable[..., FloatArray], period: int) -> Callable[[_Prices], tuple[FloatArray, ...]]:
    return lambda p: (kind(p.close, timeperiod=period),)


_CURVES: dict[str, Callable[[_Prices], tuple[FloatArray, ...]]] = {
    "sma20": _average(talib.SMA, 20),
    "sma50": _average(talib.SMA, 50),
    "sma200": _average(talib.SMA, 200),
    "ema12": _average(talib.EMA, 12),
    "ema26": _average(talib.EMA, 26),
    "bollinger": _bollinger,
    "vwap": _vwap,
    "atr": lambda p: (talib.ATR(p.high, p.low, p.close, timeperiod=ATR_PERIOD),),
    "adx": lambda p: (talib.ADX(p.high, p.low, p.close, timeperiod=ADX_PERIOD),),
    "stochastic": _stochastic,
    "obv": lambda p: (talib.OBV(p.close, p.volume),),
}
