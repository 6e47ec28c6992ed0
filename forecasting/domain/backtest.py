"""What following the forecasts would have earned: the question, and the answer with all the doubt that belongs to it.

One run holds every strategy at every cost of a grid, so that looking at another cost or strategy is not another run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from forecasting.domain.market import Symbol
from forecasting.domain.question import Question

COSTS_BP: tuple[float, ...] = (0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0)
"""Costs per side at which every strategy is run, in hundredths of a per cent of the value traded."""

DEFAULT_COST_BP = 10.0

WALKED = ("har-t", "ensemble")
"""Models that can be fitted anew for a backtest."""


class Forecasts(StrEnum):
    """Whose word is followed."""

    RECORDED = "recorded"      # the ledger's: live where there are live ones, else backfill
    WALKED = "walked"          # those of fits made for this run, as `tapecast backtest` makes them


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run comes to. None where nothing was traded or nothing moved."""

    sharpe: float | None              # per year, against cash at zero
    sharpe_se: float | None
    deflated_sharpe: float | None     # probability, in [0, 1]
    max_drawdown: float               # largest loss from a peak, in [0, 1]
    turnover: float                   # value traded over equity, per year; both sides count
    total_return: float
    break_even_bp: float | None       # cost per side at which the mean daily return would be zero
    n_days: int                       # sessions with a return
    annual_return: float              # compound, per year of 252 sessions; -1 where all is lost
    n_moved: int                      # sessions in which equity changed
    up_days: float | None             # share of those in which it rose
    up_days_low: float | None         # 95 % Wilson interval
    up_days_high: float | None


@dataclass(frozen=True, slots=True)
class Account:
    """One strategy at one cost."""

    figures: Figures
    excess: float | None              # mean daily return less buy-and-hold's, times 252; None where they are the same
    excess_se: float | None
    equity: tuple[float, ...]         # (P,) at the close of each of the report's `days`, from 1
    drawdown: tuple[float, ...]       # (P,) largest loss from the peak until then since the day before, in [0, 1]


@dataclass(frozen=True, slots=True)
class StrategyRun:
    """One strategy."""

    name: str
    forecasts: bool                   # whether it follows forecasts
    n_fills: int
    accounts: tuple[Account, ...]     # one per COSTS_BP


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """One run: all strategies over the same symbols and sessions."""

    symbols: tuple[Symbol, ...]       # that were traded
    missing: tuple[Symbol, ...]       # asked for, without bars or forecasts
    model: str
    source: Forecasts
    first: date                       # session of the first decision
    last: date
    sessions_live: int                # with a live forecast of any symbol; recorded forecasts only, as the next
    sessions_backfill: int            # with backfilled ones alone
    fits_see_until: tuple[date, ...]  # walked forecasts only
    trials: int                       # runs and trainings counted so far, this one included
    days: tuple[date, ...]            # (P,) at which the curves are told; the first is `first`, the last `last`
    strategies: tuple[StrategyRun, ...]     # buy-and-hold among them

    @property
    def hold(self) -> StrategyRun:
        """Buy-and-hold, which the others are measured by."""
        return next(run for run in self.strategies if run.name == BUY_AND_HOLD)


BUY_AND_HOLD = "buy-and-hold"


@dataclass(frozen=True, slots=True)
class AskBacktest(Question[BacktestReport]):
    """Run every strategy over the newest sessions."""

    symbols: tuple[Symbol, ...]       # traded, with an equal share of the capital each
    learn_from: tuple[Symbol, ...]    # the panel of fits made anew
    source: Forecasts
    model: str | None                 # None: the best that has recorded forecasts
    sessions: int | None              # newest so many; None: all there are forecasts for
