"""What a market showed, session by session: prices to fill at, and what each close made known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np

from forecasting.domain.forecast import LEVELS
from forecasting.domain.market import BarSeries, Symbol
from forecasting.features.indicators import indicators
from forecasting.features.matrix import bar_matrix
from forecasting.features.panel import BoolArray, FloatArray, Panel
from forecasting.models.base import Predictions

DIRECTION_HORIZON = 5
"""Sessions ahead at which a direction is read off a forecast: the one the screen shows."""

_LOW, _HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
_NORMAL_80 = 2.5631031310892007      # width of a standard normal's 80 % band


def next_sigma(quantiles: FloatArray) -> FloatArray:
    """Standard deviations (..,) of the next session's return, from its quantiles (.., Q)."""
    return np.asarray((quantiles[..., _HIGH] - quantiles[..., _LOW]) / _NORMAL_80, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Close:
    """All that one session's close made known about N symbols: copies, so that nothing else hangs on to them."""

    session: date
    traded: BoolArray         # (N,)
    scale: FloatArray         # (N,) EWMA(.94) standard deviation of daily returns; NaN where unknown, as below
    rsi: FloatArray           # (N,) 0..100
    macd_gap: FloatArray      # (N,) MACD line less signal line
    sigma: FloatArray         # (N,) the model's standard deviation of the next session's return
    p_up: FloatArray          # (N,) the model's probability of a rise over DIRECTION_HORIZON sessions


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """N symbols by T sessions. Prices are adjusted, so dividends are reinvested; NaN where a symbol did not trade."""

    symbols: tuple[Symbol, ...]
    sessions: tuple[date, ...]
    open: FloatArray          # (N, T)
    close: FloatArray         # (N, T)
    scale: FloatArray         # (N, T) these as in `Close`
    rsi: FloatArray
    macd_gap: FloatArray
    sigma: FloatArray
    p_up: FloatArray

    @classmethod
    def of(cls, series: Sequence[BarSeries], panel: Panel, predicted: Predictions, at: Sequence[int]) -> Self:
        """The tape of `series`, whose panel is `panel`, with forecasts made at the session indices `at`."""
        sigma, p_up = np.full(panel.scale.shape, np.nan), np.full(panel.scale.shape, np.nan)
        sigma[:, list(at)] = next_sigma(predicted.log_returns[:, :, 0])
        p_up[:, list(at)] = predicted.p_up[:, :, DIRECTION_HORIZON - 1]
        return cls.told(series, panel, sigma, p_up)

    @classmethod
    def told(cls, series: Sequence[BarSeries], panel: Panel, sigma: FloatArray, p_up: FloatArray) -> Self:
        """The tape of `series`, whose panel is `panel`, with what a model has told of it: (N, T) as in `Close`."""
        bars = bar_matrix(series)
        rsi, gap = np.full_like(bars.close, np.nan), np.full_like(bars.close, np.nan)
        for i, n in enumerate(bars.filled.sum(axis=1)):
            values = indicators(bars.close[i, :n])
            rsi[i, :n], gap[i, :n] = values.rsi, values.macd_hist
        opens, closes, rsis, gaps = (bars.on_sessions(x) for x in (bars.open, bars.close, rsi, gap))
        return cls(panel.symbols, panel.sessions, opens, closes, panel.scale, rsis, gaps, sigma, p_up)

    def only(self, symbols: Collection[Symbol]) -> Self:
        """These symbols alone, in the sessions in which any of them traded."""
        rows = np.flatnonzero([symbol in symbols for symbol in self.symbols])
        columns = np.flatnonzero(np.isfinite(self.close[rows]).any(axis=0))
        arrays = (self.open, self.close, self.scale, self.rsi, self.macd_gap, self.sigma, self.p_up)
        return type(self)(
            tuple(self.symbols[n] for n in rows), tuple(self.sessions[t] for t in columns),
            *(array[np.ix_(rows, columns)] for array in arrays),
        )

    def at_close(self, t: int) -> Close:
        """What session index `t` made known."""
        columns = (self.scale, self.rsi, self.macd_gap, self.sigma, self.p_up)
        return Close(self.sessions[t], np.isfinite(self.close[:, t]), *(x[:, t].copy() for x in columns))
