"""The features themselves, one function per group: bars in, named columns out.

All are causal and scale-free: multiplying a symbol's prices by a constant, or splitting its shares, changes nothing.
Variances enter as logarithms of trailing means (Corsi 2009, J. Financial Econometrics 7(2): the HAR cascade of day,
week, month, here with the quarter); returns and indicators are divided by the current EWMA standard deviation s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from forecasting.features.indicators import indicators
from forecasting.features.market import market_mean
from forecasting.features.matrix import BarMatrix
from forecasting.features.panel import FloatArray
from forecasting.features.rolling import trailing_means
from forecasting.features.technical import Technical, technical
from forecasting.features.volatility import ewma_sd, garman_klass, log_returns, long_run_sd

VARIANCE_WINDOWS = (1, 5, 22, 66)
NIGHT_WINDOWS = (5, 22)
MONTH = 22
WEEK = 5
# An unchanged price has variance zero and no logarithm: nothing counts as calmer than a tenth of s.
VARIANCE_FLOOR = 0.01

_HAR_COLUMNS = {
    "volatility": (
        *(f"log_gk_{w}" for w in VARIANCE_WINDOWS),
        *(f"log_r2_{w}" for w in VARIANCE_WINDOWS),
        "log_ewma",
        "log_long_sd",
        *(f"log_night_{w}" for w in NIGHT_WINDOWS),
    ),
    "returns": ("leverage_1", "leverage_5"),
    "volume": ("log_turnover",),
    "time": ("log_gap",),
}
"""By the group that has them."""

HAR_COLUMNS = tuple(column for columns in _HAR_COLUMNS.values() for column in columns)
"""The regressors of a pooled HAR model: 16, and a constant."""

MARKET_COLUMNS = ("market_gk_1", "market_gk_5", "market_gk_22", "market_leverage", "market_log_gk")
"""What the market adds to them. With a single symbol these repeat its own columns."""

Columns = dict[str, FloatArray]
"""Features by name, each of shape (N, L)."""


def har_columns(groups: Collection[str]) -> tuple[str, ...]:
    """What a HAR model with market block reads of a panel that has these groups: 21 columns of all of them."""
    own = tuple(column for group, columns in _HAR_COLUMNS.items() if group in groups for column in columns)
    return (*own, *MARKET_COLUMNS) if "market" in groups else own


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Bars with the two series that every group needs."""

    bars: BarMatrix
    returns: FloatArray      # (N, L) daily log returns
    scale: FloatArray        # (N, L) EWMA standard deviation s, > 0

    def log_variance(self, variance: FloatArray) -> FloatArray:
        """Logarithm of a daily variance (N, L), floored at a share of s^2."""
        logs: FloatArray = np.log(np.maximum(variance, VARIANCE_FLOOR * self.scale**2))
        return logs

    def in_scales(self, log_return: FloatArray, days: int) -> FloatArray:
        """A return over `days` in units of what s makes usual for so many days."""
        scaled: FloatArray = log_return / (self.scale * np.sqrt(days))
        return scaled


def prepare(bars: BarMatrix) -> Prepared:
    """Add returns and scale to the bars."""
    returns = log_returns(bars.close)
    return Prepared(bars, returns, ewma_sd(returns))


def volatility(data: Prepared) -> Columns:
    """Range and squared-return variances by window, EWMA and long-run level, and the nights'."""
    night = np.full_like(data.returns, np.nan)
    night[:, 1:] = np.log(data.bars.open[:, 1:] / data.bars.close[:, :-1])
    range_means = trailing_means(_daily_range(data), VARIANCE_WINDOWS)
    square_means = trailing_means(data.returns**2, VARIANCE_WINDOWS)
    night_means = trailing_means(night**2, NIGHT_WINDOWS)
    return {
        **{f"log_gk_{w}": data.log_variance(v) for w, v in zip(VARIANCE_WINDOWS, range_means, strict=True)},
        **{f"log_r2_{w}": data.log_variance(v) for w, v in zip(VARIANCE_WINDOWS, square_means, strict=True)},
        "log_ewma": np.log(data.scale),
        "log_long_sd": np.log(long_run_sd(data.returns)),
        **{f"log_night_{w}": data.log_variance(v) for w, v in zip(NIGHT_WINDOWS, night_means, strict=True)},
    }


def returns(data: Prepared) -> Columns:
    """Today's return, the month's, and falls alone (Corsi & Renò 2012, JBES 30(3): leverage by horizon)."""
    day, week, month = (
        data.in_scales(w * mean, w)
        for w, mean in zip((1, WEEK, MONTH), trailing_means(data.returns, (1, WEEK, MONTH)), strict=True)
    )
    return {
        "return_1": day,
        "return_22": month,
        "leverage_1": np.minimum(day, 0.0),
        "leverage_5": np.minimum(week, 0.0),
    }


def volume(data: Prepared) -> Columns:
    """Log of the money traded against its mean over a month; 0 where the volume is unknown (0 in the bar).

    Money, not shares: a split changes the price and the number of shares, never their product.
    """
    known = data.bars.volume > 0.0
    money = np.where(known, data.bars.volume * data.bars.traded_close, 1.0)
    log_money = np.where(known, np.log(money), 0.0)
    total, share = (trailing_means(x, (MONTH,))[0] for x in (log_money, known.astype(np.float64)))
    excess = np.where(known, log_money - total / np.maximum(share, 1.0 / MONTH), 0.0)
    return {"log_turnover": np.where(data.bars.filled & np.isfinite(total), excess, np.nan)}


def momentum(data: Prepared) -> Columns:
    """RSI centred to -1..1; MACD line, signal and histogram as a share of the price, in units of s."""
    names = ("rsi", "macd", "macd_signal", "macd_hist")
    columns = {name: np.full_like(data.scale, np.nan) for name in names}
    for i, n_bars in enumerate(data.bars.filled.sum(axis=1)):
        values = indicators(data.bars.close[i, :n_bars])
        unit = data.bars.close[i, :n_bars] * data.scale[i, :n_bars]
        columns["rsi"][i, :n_bars] = values.rsi / 50.0 - 1.0
        for name in names[1:]:
            columns[name][i, :n_bars] = getattr(values, name) / unit
    return columns


def technicals(data: Prepared) -> Columns:
    """ATR and Bollinger's band width as logarithms in units of s; the place in the bands, OBV, ADX, stochastic."""
    columns = {name: np.full_like(data.scale, np.nan) for name in Technical._fields}
    money = np.nan_to_num(data.bars.volume * data.bars.traded_close)
    for i, n_bars in enumerate(data.bars.filled.sum(axis=1)):
        own = (i, slice(n_bars))
        if n_bars > 1:      # TA-Lib refuses fewer
            values = technical(data.bars.high[own], data.bars.low[own], data.bars.close[own], money[own])
            for name, column in values._asdict().items():
                columns[name][own] = column
    unit = data.bars.close * data.scale
    for name in ("atr", "bollinger_width"):
        columns[f"log_{name}"] = np.log(np.maximum(columns.pop(name) / unit, np.sqrt(VARIANCE_FLOOR)))
    return columns


def market(data: Prepared) -> Columns:
    """The market's range variances against its members' scales, its fall today, and its level; on the session axis.

    The only group that returns shape (N, T), since members are compared session by session.
    """
    windows = (1, WEEK, MONTH)
    logs = [data.log_variance(v) for v in trailing_means(_daily_range(data), windows)]

    def mean(values: FloatArray) -> FloatArray:
        return market_mean(data.bars.on_sessions(values), data.bars.exchanges)

    return {
        **{f"market_gk_{w}": mean(x - 2.0 * np.log(data.scale)) for w, x in zip(windows, logs, strict=True)},
        "market_leverage": np.minimum(mean(data.returns / data.scale), 0.0),
        "market_log_gk": mean(logs[0]),
    }


BAR_GROUPS: dict[str, Callable[[Prepared], Columns]] = {
    "volatility": volatility,
    "returns": returns,
    "volume": volume,
    "indicators": momentum,
    "technical": technicals,
}
"""Groups that need one symbol's bars only."""


def _daily_range(data: Prepared) -> FloatArray:
    return garman_klass(data.bars.open, data.bars.high, data.bars.low, data.bars.close)
