"""What following the forecasts would have earned, for the screen: from recorded forecasts, or from fits made anew.

Figures are those of `tapecast backtest`: the same strategies, tape, account and statistics. Recorded forecasts need no
fit, so they are quick and are what the screen has shown all along; a run over them counts as one trial, since whoever
looks at ten symbols and keeps the best has tried ten times. Of forecasts walked anew each fit counts, as there. Another
cost, or another strategy of the same run, is no trial more: all of them are in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from forecasting.domain.backtest import (
    COSTS_BP,
    WALKED,
    Account,
    AskBacktest,
    BacktestReport,
    Forecasts,
    StrategyRun,
)
from forecasting.domain.forecast import BASELINE, MODELS, Origin
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Symbol
from forecasting.errors import ConfigError, NotEnoughHistory
from forecasting.features.panel import Panel
from forecasting.features.pipeline import MEMORY, build_panel
from forecasting.service.backend import OnStep, Step
from forecasting.service.backtest import folds_of, strategies, walk
from forecasting.service.desk import Desk
from forecasting.trading.backtest import BuyAndHold, Run, Tape, drawdowns, excess, figures, simulate_each
from forecasting.trading.backtest.tape import DIRECTION_HORIZON, next_sigma

POINTS = 240            # of a curve: more than the columns of most terminals
REFIT_EVERY = 252       # sessions a walked fit is used for, as `tapecast backtest` does unless told otherwise
LEARN_FROM = 504        # sessions before the first walked fit's test
_WALK_SHARE = 0.9       # of the progress, where there are fits to make


@dataclass(frozen=True, slots=True)
class _Told:
    """What there is to follow, and since when."""

    tape: Tape
    model: str
    first: int                          # session index of the first decision
    live: int = 0                       # sessions with a live forecast
    backfill: int = 0
    fits_see_until: tuple[date, ...] = ()


def answer(desk: Desk, question: AskBacktest, now: datetime, on_step: OnStep) -> BacktestReport:
    """Run every strategy at every cost.

    Raises:
        ConfigError: If the store's bars are not daily.
        NotEnoughHistory: If there is nothing to follow; the message says what to do.
    """
    if desk.interval is not Interval.DAY:
        raise ConfigError(f"backtest: it is about daily bars, these are of {desk.interval}; start without --interval")
    on_step(Step("read", "bars and forecasts", None))
    told = _recorded(desk, question) if question.source is Forecasts.RECORDED else _walked(desk, question, on_step)
    tape, first, last = told.tape, told.first, len(told.tape.sessions) - 1
    kept = [int(k) for k in np.unique(np.linspace(0, last - first, POINTS).round())]
    done = 0.0 if question.source is Forecasts.RECORDED else _WALK_SHARE
    trials = desk.store.runs.trials()
    held = simulate_each(tape, BuyAndHold(), first=first, last=last, costs_bp=COSTS_BP)
    found = []
    followed = strategies(told.model)
    for number, strategy in enumerate(followed):
        on_step(Step("follow", strategy.name, done + (1.0 - done) * number / len(followed)))
        runs = simulate_each(tape, strategy, first=first, last=last, costs_bp=COSTS_BP)
        accounts = tuple(_account(run, hold, trials, kept) for run, hold in zip(runs, held, strict=True))
        forecasts = strategy.name.startswith(told.model)
        found.append(StrategyRun(strategy.name, forecasts, len(runs[0].fills), accounts))
    return BacktestReport(
        symbols=tape.symbols, missing=tuple(s for s in question.symbols if s not in tape.symbols), model=told.model,
        source=question.source, first=tape.sessions[first], last=tape.sessions[last], sessions_live=told.live,
        sessions_backfill=told.backfill, fits_see_until=told.fits_see_until, trials=trials,
        days=tuple(tape.sessions[first + k] for k in kept), strategies=tuple(found),
    )


def _account(run: Run, held: Run, trials: int, kept: Sequence[int]) -> Account:
    gained, error = excess(run.returns[1:], held.returns[1:])
    lost = drawdowns(run.curve)
    worst = [lost[before + 1 : at + 1].max() for before, at in zip((-1, *kept[:-1]), kept, strict=True)]
    return Account(
        figures(run, trials=trials), gained, error,
        tuple(round(float(run.curve[at]), 6) for at in kept), tuple(round(float(value), 6) for value in worst),
    )


def _series(desk: Desk, symbols: Sequence[Symbol], limit: int | None) -> tuple[list[BarSeries], Panel]:
    series = desk.series(symbols, limit=limit)
    if not series:
        names = ", ".join(symbols[:3]) + (", .." if len(symbols) > 3 else "")
        raise NotEnoughHistory(f"backtest: no bars of {names or 'any symbol'} are stored yet; refresh, then run again")
    tables = {table.exchange: table for table in desk.tables([s.symbol for s in series]).values()}
    return series, build_panel(series, desk.bench.spec, tables)


def _recorded(desk: Desk, question: AskBacktest) -> _Told:
    """What the ledger holds."""
    span = question.sessions
    series, panel = _series(desk, question.symbols, None if span is None else span + MEMORY)
    since = panel.sessions[0] if span is None else panel.sessions[max(len(panel.sessions) - 1 - span, 0)]
    asked = [name for name in MODELS if name != BASELINE] if question.model is None else [question.model]
    for model in asked:
        said = {symbol: desk.store.ledger.opinions(symbol, model, DIRECTION_HORIZON, since) for symbol in panel.symbols}
        if any(said.values()):
            break
    else:
        raise NotEnoughHistory(
            f"backtest: no forecasts of {' or '.join(asked)} are on record since {since}; the backfill makes them "
            "after a refresh, or have a model fitted anew"
        )
    place = {session: t for t, session in enumerate(panel.sessions)}
    sigma, p_up = np.full(panel.scale.shape, np.nan), np.full(panel.scale.shape, np.nan)
    origins: dict[int, Origin] = {}
    for n, symbol in enumerate(panel.symbols):
        for session, origin, p, quantiles in said[symbol]:
            if (t := place.get(session)) is not None:
                sigma[n, t], p_up[n, t] = next_sigma(np.array(quantiles)), p
                origins[t] = Origin.LIVE if Origin.LIVE in (origin, origins.get(t)) else origin
    first = min(origins, default=len(panel.sessions))
    if first >= len(panel.sessions) - 1:
        raise NotEnoughHistory(
            f"backtest: {model} has forecasts of {len(origins)} sessions on record, needs 2; wait for the next close, "
            "or have a model fitted anew"
        )
    desk.store.runs.next_trial()
    live = sum(origin is Origin.LIVE for origin in origins.values())
    return _Told(Tape.told(series, panel, sigma, p_up), model, first, live, len(origins) - live)


def _walked(desk: Desk, question: AskBacktest, on_step: OnStep) -> _Told:
    """What fits made now would have said, none of which has seen the sessions it speaks of."""
    model = question.model or WALKED[0]
    if model not in WALKED:
        raise ConfigError(f"backtest: {model} cannot be fitted anew here; choose from {', '.join(WALKED)}")
    series, panel = _series(desk, tuple(dict.fromkeys((*question.learn_from, *question.symbols))), None)
    last = len(panel.sessions) - 1
    first = max(LEARN_FROM, 0 if question.sessions is None else last - question.sessions)
    if first >= last:
        raise NotEnoughHistory(
            f"backtest: {last + 1} sessions are stored, a model fitted anew needs {LEARN_FROM} to learn from and 2 to "
            "be tested on; follow the recorded forecasts instead"
        )

    def walking(step: Step) -> None:
        on_step(replace(step, fraction=None if step.fraction is None else step.fraction * _WALK_SHARE))

    folds = folds_of(panel, first, last, REFIT_EVERY)
    predicted = walk(panel, folds, model, 0, desk.bench.asked, desk.store, walking)
    whole = Tape.of(series, panel, predicted, range(first, last + 1))
    tape = whole.only(question.symbols)
    start = next(t for t, session in enumerate(tape.sessions) if session >= panel.sessions[first])
    return _Told(tape, model, start, fits_see_until=tuple(panel.sessions[fold.cut] for fold in folds))
