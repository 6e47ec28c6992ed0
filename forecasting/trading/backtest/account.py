"""One account over one tape: orders made at a close are filled at each symbol's next open.

Fills are at the adjusted open, whatever their size, and cost a fixed share of their value per side. Cash earns nothing
and borrowing shares costs nothing; both are said wherever results are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from forecasting.domain.market import Symbol
from forecasting.features.panel import BoolArray, FloatArray
from forecasting.trading.backtest.strategies import Strategy
from forecasting.trading.backtest.tape import Tape

IntArray = npt.NDArray[np.int64]


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
    return simulate_each(tape, strategy, first=first, last=last, costs_bp=(cost_bp,))[0]


def simulate_each(
    tape: Tape, strategy: Strategy, *, first: int, last: int, costs_bp: Sequence[float]
) -> tuple[Run, ...]:
    """As `simulate`, once for each cost: what is decided does not depend on it, only what becomes of the account.

    Nine costs take hardly longer than one, since an array of nine does not.
    """
    if not 0 <= first < last < len(tape.sessions):
        raise ValueError(f"a backtest needs 0 <= first < last < {len(tape.sessions)}, got {first} and {last}")
    n_sessions, n_costs = last - first + 1, len(costs_bp)
    accounts = _Accounts(tape, np.array(costs_bp) / 1e4)
    returns, traded = np.zeros((n_costs, n_sessions)), np.zeros((n_costs, n_sessions))
    for i, t in enumerate(range(first, last + 1)):
        before = accounts.equity
        traded[:, i] = accounts.open(t)
        accounts.close(t)
        returns[:, i] = _ratio(accounts.equity - before, before)
        accounts.order(strategy.decide(tape.at_close(t)), t)
    sessions = tape.sessions[first : last + 1]
    return tuple(
        Run(strategy.name, sessions, returns[c], traded[c], cost_bp / 1e4, accounts.fills(c))
        for c, cost_bp in enumerate(costs_bp)
    )


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """`part` over `whole`, 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Executed:
    """What was filled at one open."""

    session: int             # index
    symbols: IntArray        # (K,) indices
    decided: IntArray        # (K,) session indices
    prices: FloatArray       # (K,)
    values: FloatArray       # (C, K)
    alive: BoolArray         # (C,) accounts with something to trade with


class _Accounts:
    """Cash, holdings at their value, and orders that wait for an open: one account per cost, the orders alike."""

    def __init__(self, tape: Tape, rates: FloatArray) -> None:
        n = len(tape.symbols)
        self._tape = tape
        self._rates = rates                         # (C,)
        self._cash = np.ones_like(rates)            # (C,)
        self._values = np.zeros((len(rates), n))    # (C, N)
        self._marks = np.full(n, np.nan)            # price at which all values were last reckoned
        self._orders = np.full(n, np.nan)           # target weights
        self._decided = np.zeros(n, dtype=np.int64)
        self._executed: list[_Executed] = []

    @property
    def equity(self) -> FloatArray:
        """Worth of everything, (C,); 0 once all is lost."""
        return np.asarray(np.maximum(self._cash + self._values.sum(axis=1), 0.0), dtype=np.float64)

    def open(self, t: int) -> FloatArray:
        """Reprice to the open of session `t` and fill what waits there; returns the value traded over equity, (C,)."""
        prices = self._tape.open[:, t]
        self._reprice(prices)
        equity = self.equity
        due = np.isfinite(prices) & np.isfinite(self._orders)
        if not due.any():
            return np.zeros_like(equity)
        trades = np.where(due, self._orders * equity[:, None] - self._values, 0.0)
        value = np.abs(trades).sum(axis=1)
        self._values = self._values + trades
        self._cash = self._cash - (trades.sum(axis=1) + self._rates * value)
        self._marks[due] = prices[due]
        self._orders[due] = np.nan
        at = np.flatnonzero(due)
        self._executed.append(_Executed(t, at, self._decided[at], prices[at], trades[:, at], equity > 0.0))
        return _ratio(value, equity)

    def close(self, t: int) -> None:
        """Reprice to the close of session `t`; an account worth nothing is closed for good."""
        self._reprice(self._tape.close[:, t])
        lost = self.equity <= 0.0
        self._cash[lost], self._values[lost] = 0.0, 0.0

    def order(self, weights: FloatArray, t: int) -> None:
        """Take orders made at the close of session `t`; they replace older ones that still wait."""
        new = np.isfinite(weights)
        self._orders = np.where(new, weights, self._orders)
        self._decided[new] = t

    def fills(self, account: int) -> tuple[Fill, ...]:
        """All that one account has traded."""
        tape = self._tape
        return tuple(
            Fill(tape.symbols[n], tape.sessions[decided], tape.sessions[done.session], float(price), float(value))
            for done in self._executed
            if done.alive[account]
            for n, decided, price, value in zip(
                done.symbols, done.decided, done.prices, done.values[account], strict=True
            )
        )

    def _reprice(self, prices: FloatArray) -> None:
        held = np.isfinite(prices) & self._values.any(axis=0)
        self._values[:, held] *= prices[held] / self._marks[held]
        self._marks[held] = prices[held]
