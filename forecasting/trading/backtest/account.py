"""One account over one tape: orders made at a close are filled at each symbol's next open.

Fills are at the adjusted open, whatever their size, and cost a fixed share of their value per side. Cash earns nothing
and borrowing shares costs nothing; both are said wherever results are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from forecasting.domain.market import Symbol
from forecasting.features.panel import FloatArray
from forecasting.trading.backtest.strategies import Strategy
from forecasting.trading.backtest.tape import Tape


@dataclass(frozen=True, slots=True)
class Fill:
    """One order, executed."""

    symbol: Symbol
    decided: date        # session at whose close the order was made
    session: date        # session at whose open it was filled: always later
    price: float         # adjusted open
    value: float         # bought (+) or sold (-), in shares of the starting equity


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What came of one strategy. Arrays have one entry per session; the first is the session of the first decision."""

    name: str
    sessions: tuple[date, ...]      # (K,)
    returns: FloatArray             # (K,) of equity, net of costs; 0 in the first session
    traded: FloatArray              # (K,) value bought and sold over equity
    cost: float                     # per side, a share of the value traded
    fills: tuple[Fill, ...]

    @property
    def curve(self) -> FloatArray:
        """Equity at each close, (K,), from 1."""
        return np.asarray(np.cumprod(1.0 + self.returns), dtype=np.float64)


def simulate(tape: Tape, strategy: Strategy, *, first: int, last: int, cost_bp: float) -> Run:
    """Run `strategy`, which decides for the first time at the close of session index `first`, until that of `last`.

    Args:
        tape: What there was to see and to trade.
        strategy: A fresh instance; asked once per session.
        first: Session index.
        last: Session index, included.
        cost_bp: Per side, in hundredths of a per cent of the value traded.

    Raises:
        ValueError: If `last` is not after `first`.
    """
    if not 0 <= first < last < len(tape.sessions):
        raise ValueError(f"a backtest needs 0 <= first < last < {len(tape.sessions)}, got {first} and {last}")
    rate, n_sessions = cost_bp / 1e4, last - first + 1
    account = _Account(tape, rate)
    returns, traded = np.zeros(n_sessions), np.zeros(n_sessions)
    for i, t in enumerate(range(first, last + 1)):
        before = account.equity
        traded[i] = account.open(t)
        account.close(t)
        returns[i] = account.equity / before - 1.0 if before > 0.0 else 0.0
        account.order(strategy.decide(tape.at_close(t)), t)
    return Run(strategy.name, tape.sessions[first : last + 1], returns, traded, rate, tuple(account.fills))


class _Account:
    """Cash, holdings at their value, and orders that wait for an open."""

    def __init__(self, tape: Tape, rate: float) -> None:
        n = len(tape.symbols)
        self._tape = tape
        self._rate = rate
        self._cash = 1.0
        self._values = np.zeros(n)
        self._marks = np.full(n, np.nan)       # price at which each value was last reckoned
        self._orders = np.full(n, np.nan)      # target weights
        self._decided = np.zeros(n, dtype=np.int64)
        self.fills: list[Fill] = []

    @property
    def equity(self) -> float:
        """Worth of everything; 0 once all is lost."""
        return max(float(self._cash + self._values.sum()), 0.0)

    def open(self, t: int) -> float:
        """Reprice to the open of session `t` and fill what waits there; returns the value traded over equity."""
        prices = self._tape.open[:, t]
        self._reprice(prices)
        equity = self.equity
        due = np.isfinite(prices) & np.isfinite(self._orders)
        if equity <= 0.0 or not due.any():
            return 0.0
        trades = np.where(due, self._orders * equity - self._values, 0.0)
        value = float(np.abs(trades).sum())
        self._values = self._values + trades
        self._cash -= float(trades.sum()) + self._rate * value
        self._marks[due] = prices[due]
        self._orders[due] = np.nan
        self.fills += [
            Fill(
                self._tape.symbols[n], self._tape.sessions[self._decided[n]], self._tape.sessions[t],
                float(prices[n]), float(trades[n]),
            )
            for n in np.flatnonzero(due)
        ]
        return value / equity

    def close(self, t: int) -> None:
        """Reprice to the close of session `t`; an account worth nothing is closed for good."""
        self._reprice(self._tape.close[:, t])
        if self.equity <= 0.0:
            self._cash, self._values = 0.0, np.zeros_like(self._values)

    def order(self, weights: FloatArray, t: int) -> None:
        """Take orders made at the close of session `t`; they replace older ones that still wait."""
        new = np.isfinite(weights)
        self._orders = np.where(new, weights, self._orders)
        self._decided[new] = t

    def _reprice(self, prices: FloatArray) -> None:
        held = np.isfinite(prices) & (self._values != 0.0)
        self._values[held] *= prices[held] / self._marks[held]
        self._marks[held] = prices[held]
