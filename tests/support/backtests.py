"""A backtest's answer for the screen's tests: seeded returns, costs taken off them; to be looked at, not believed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from statistics import fmean, stdev

from forecasting.domain.backtest import (
    BUY_AND_HOLD,
    COSTS_BP,
    Account,
    AskBacktest,
    BacktestReport,
    Figures,
    Forecasts,
    StrategyRun,
)
from forecasting.service.backend import OnStep, Step
from tests.support.fake_engine import bars

N_DAYS = 252


@lru_cache(maxsize=8)
def report(question: AskBacktest, trials: int = 34) -> BacktestReport:
    """All strategies over a year of sessions."""
    days = tuple(bar.session for bar in bars("NVDA")[-N_DAYS - 1 :])
    model = question.model or "ensemble"
    held = returns(BUY_AND_HOLD)
    walked = question.source is Forecasts.WALKED
    return BacktestReport(
        symbols=tuple(s for s in question.symbols if s != "BADSYM"),
        missing=tuple(s for s in question.symbols if s == "BADSYM"), model=model, source=question.source,
        first=days[0], last=days[-1], sessions_live=0 if walked else 12, sessions_backfill=0 if walked else N_DAYS - 12,
        fits_see_until=(days[0],) if walked else (), trials=trials, days=days,
        strategies=tuple(strategy(name, turnover, held, model) for name, turnover in (
            (f"{model} direction long/flat", 0.25), (f"{model} direction long/short", 0.5),
            (f"{model} vol-target long", 0.04), (BUY_AND_HOLD, 0.0), ("vol-target buy-and-hold", 0.03),
            ("rsi long/flat", 0.06), ("rsi long/short", 0.12), ("macd long/flat", 0.11), ("macd long/short", 0.2),
        )),
    )


def answering(question: AskBacktest, on_step: OnStep) -> BacktestReport:
    """For `FakeEngine.answers`: at once."""
    on_step(Step("read", "bars and forecasts", None))
    return report(question)


def failing(error: Exception) -> Callable[[AskBacktest, OnStep], BacktestReport]:
    """For `FakeEngine.answers`: never."""
    def answer(question: AskBacktest, on_step: OnStep) -> BacktestReport:
        raise error

    return answer


def never_traded(run: StrategyRun) -> StrategyRun:
    """The same without an opinion."""
    idle = tuple(account((0.0,) * N_DAYS, 0.0, (0.0,) * N_DAYS) for _ in COSTS_BP)
    return replace(run, n_fills=0, accounts=idle)


def returns(name: str) -> tuple[float, ...]:
    """Of one day each, before costs."""
    rng = random.Random(name)
    drift = {BUY_AND_HOLD: 0.0007}.get(name, 0.0004)
    return tuple(rng.gauss(drift, 0.013) for _ in range(N_DAYS))


def strategy(name: str, traded: float, held: tuple[float, ...], model: str) -> StrategyRun:
    """At every cost; `traded` is the value bought and sold each day over equity."""
    gross = returns(name)
    accounts = tuple(account(tuple(r - traded * cost / 1e4 for r in gross), traded, held) for cost in COSTS_BP)
    return StrategyRun(name, name.startswith(model), 1 if name == BUY_AND_HOLD else round(traded * N_DAYS), accounts)


def account(net: tuple[float, ...], traded: float, held: tuple[float, ...]) -> Account:
    """Figures by their plainest formulas."""
    equity = tuple(accumulate((1.0 + r for r in net), lambda a, b: a * b, initial=1.0))
    fallen = tuple(1.0 - now / peak for now, peak in zip(equity, accumulate(equity, max), strict=True))
    spread = stdev(net)
    ratio = None if spread == 0.0 else fmean(net) / spread * math.sqrt(252)
    moved, up = sum(r != 0.0 for r in net), sum(r > 0.0 for r in net)
    half = 0.98 / math.sqrt(max(moved, 1))
    rate = up / moved if moved else None
    figures = Figures(
        sharpe=ratio, sharpe_se=None if ratio is None else 1.0, deflated_sharpe=None if ratio is None else 0.41,
        max_drawdown=max(fallen), turnover=traded * 252, total_return=equity[-1] - 1.0,
        break_even_bp=34.0 if traded else None, n_days=len(net), annual_return=equity[-1] - 1.0, n_moved=moved,
        up_days=rate, up_days_low=None if rate is None else rate - half,
        up_days_high=None if rate is None else rate + half,
    )
    difference = [a - b for a, b in zip(net, held, strict=True)]
    apart = any(difference)
    return Account(
        figures, fmean(difference) * 252 if apart else None, stdev(difference) * math.sqrt(252) if apart else None,
        equity, fallen,
    )
