"""More of the trade's indicators, by TA-Lib, on one symbol's adjusted bars: ATR, Bollinger, OBV, ADX, stochastic.

Where nothing has moved for a whole window an indicator is 0/0: it then stands at the middle of its range.

Sources: Wilder (1978), New Concepts in Technical Trading Systems (ATR, ADX); Bollinger (2001), Bollinger on Bollinger
Bands; Granville (1963), New Key to Stock Market Profits (OBV); Lane (1984), Stocks & Commodities 2(3) (stochastic).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import talib

from forecasting.features.panel import FloatArray

ATR_PERIOD = 14
ADX_PERIOD = 14
BOLLINGER_PERIOD = 20
BOLLINGER_WIDTH = 2.0         # standard deviations
STOCHASTIC_PERIODS = (14, 3, 3)
OBV_WINDOW = 22


class Technical(NamedTuple):
    """Each of shape (L,); NaN in warm-up."""

    atr: FloatArray              # average true range in price units, >= 0
    bollinger_place: FloatArray  # -1 at the lower band, 1 at the upper one
    bollinger_width: FloatArray  # from the lower to the upper band in price units, >= 0
    obv: FloatArray              # money on rising days less falling days, as a share of all; -1..1
    adx: FloatArray              # 0..1
    stochastic: FloatArray       # slow %K, -1..1
    stochastic_signal: FloatArray  # slow %D, -1..1


def technical(high: FloatArray, low: FloatArray, close: FloatArray, money: FloatArray) -> Technical:
    """The indicators of adjusted prices and money traded, shape (L,) each, without NaN."""
    upper, middle, lower = talib.BBANDS(
        close, timeperiod=BOLLINGER_PERIOD, nbdevup=BOLLINGER_WIDTH, nbdevdn=BOLLINGER_WIDTH
    )
    fast, slow, signal = STOCHASTIC_PERIODS
    k, d = talib.STOCH(high, low, close, fastk_period=fast, slowk_period=slow, slowd_period=signal)
    moved = talib.MAX(high, fast) > talib.MIN(low, fast)
    k, d = (np.where(np.isnan(x) | moved, x / 50.0 - 1.0, 0.0) for x in (k, d))
    # A hair's breadth between the bands is rounding, not movement.
    place = np.where(upper - lower > 1e-9 * middle, (close - middle) / np.maximum(upper - middle, 1e-300), 0.0)
    return Technical(
        atr=talib.ATR(high, low, close, timeperiod=ATR_PERIOD),
        bollinger_place=np.where(np.isnan(middle), np.nan, place),
        bollinger_width=upper - lower,
        obv=_on_balance(close, money),
        adx=talib.ADX(high, low, close, timeperiod=ADX_PERIOD) / 100.0,
        stochastic=k,
        stochastic_signal=d,
    )


def _on_balance(close: FloatArray, money: FloatArray) -> FloatArray:
    """The change of on-balance volume over a month, as a share of what was traded in it.

    The level of OBV means nothing: it depends on when the count began. Here it begins anew for each window, so that
    the same bars read the same after a longer history.
    """
    share = np.full_like(close, np.nan)
    if len(close) > OBV_WINDOW:
        signed = np.sign(np.diff(close)) * money[1:]
        windows = np.lib.stride_tricks.sliding_window_view
        net, total = (windows(x, OBV_WINDOW).sum(axis=1) for x in (signed, money[1:]))
        share[OBV_WINDOW:] = np.divide(net, total, out=np.zeros_like(net), where=total > 0.0)
    return share
