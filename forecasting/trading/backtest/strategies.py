"""Rules from a close to target weights.

Capital is split evenly over the symbols that trade; a position of 1 in a symbol is its whole share, -1 is that short. A
rule orders only what has changed: NaN leaves a holding alone. Each instance serves one run, since it remembers.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from forecasting.features.panel import FloatArray
from forecasting.trading.backtest.tape import Close

TARGET_VOLATILITY = 0.20
"""Per year and symbol, what a volatility-targeted position aims at; it is never more than the symbol's whole share."""

REBALANCE = 0.10
"""Relative change of a volatility-targeted position below which trading costs more than it mends."""

SESSIONS_PER_YEAR = 252

RSI_LOW, RSI_HIGH = 30.0, 70.0


class Strategy(Protocol):
    """A rule that is told one close after another."""

    name: str

    def decide(self, close: Close) -> FloatArray:
        """Target weights, (N,) in shares of all equity, to be filled at each symbol's next open; NaN: leave alone."""
        ...


class _Positions:
    """The positions last ordered, to order only what has changed."""

    def __init__(self, *, tolerance: float = 0.0) -> None:
        self._tolerance = tolerance
        self._last: FloatArray | None = None

    def orders(self, wanted: FloatArray, close: Close) -> FloatArray:
        """Target weights where the position `wanted`, (N,), is known and new; NaN elsewhere."""
        if self._last is None:
            self._last = np.zeros_like(wanted)
        new = close.traded & (np.abs(wanted - self._last) > self._tolerance * np.abs(self._last))
        self._last = np.where(new, wanted, self._last)
        return np.where(new, wanted / max(int(close.traded.sum()), 1), np.nan)


class BuyAndHold:
    """Buy an equal share of everything that trades on the first session and leave it."""

    def __init__(self) -> None:
        self.name = "buy-and-hold"
        self._bought = False

    def decide(self, close: Close) -> FloatArray:
        """See `Strategy.decide`."""
        share = 1.0 / max(int(close.traded.sum()), 1)
        orders = np.where(close.traded & (not self._bought), share, np.nan)
        self._bought = True
        return orders


class Direction:
    """Long where the model says up, flat (or short) where it says down; a model without an opinion does nothing."""

    def __init__(self, model: str, *, short: bool = False) -> None:
        self.name = f"{model} direction {_side(short)}"
        self._floor = -1.0 if short else 0.0
        self._positions = _Positions()

    def decide(self, close: Close) -> FloatArray:
        """See `Strategy.decide`."""
        return self._positions.orders(np.maximum(np.sign(close.p_up - 0.5), self._floor), close)


class VolatilityTarget:
    """Long everything, each as much as its volatility allows: by the model's sigma, or by the EWMA's without one."""

    def __init__(self, model: str | None = None) -> None:
        self.name = "vol-target buy-and-hold" if model is None else f"{model} vol-target long"
        self._by_model = model is not None
        self._positions = _Positions(tolerance=REBALANCE)

    def decide(self, close: Close) -> FloatArray:
        """See `Strategy.decide`."""
        daily = close.sigma if self._by_model else close.scale
        wanted = np.minimum(TARGET_VOLATILITY / (daily * np.sqrt(SESSIONS_PER_YEAR)), 1.0)
        return self._positions.orders(wanted, close)


class Rsi:
    """Long once RSI(14) falls below 30 until it rises above 70, then flat (or short) until it falls below 30 again."""

    def __init__(self, *, short: bool = False) -> None:
        self.name = f"rsi {_side(short)}"
        self._exit = -1.0 if short else 0.0
        self._positions = _Positions()

    def decide(self, close: Close) -> FloatArray:
        """See `Strategy.decide`."""
        wanted = np.where(close.rsi < RSI_LOW, 1.0, np.where(close.rsi > RSI_HIGH, self._exit, np.nan))
        return self._positions.orders(wanted, close)


class Macd:
    """Long while the MACD line stands above its signal line, flat (or short) while below."""

    def __init__(self, *, short: bool = False) -> None:
        self.name = f"macd {_side(short)}"
        self._floor = -1.0 if short else 0.0
        self._positions = _Positions()

    def decide(self, close: Close) -> FloatArray:
        """See `Strategy.decide`."""
        return self._positions.orders(np.maximum(np.sign(close.macd_gap), self._floor), close)


def _side(short: bool) -> str:
    return "long/short" if short else "long/flat"
