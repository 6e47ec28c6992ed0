"""`tapecast backtest`: what following the forecasts would have earned, as plain JSON values."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from forecasting.config import ModelSettings, Settings
from forecasting.data.store import Store
from forecasting.domain.forecast import HORIZONS
from forecasting.domain.market import BarSeries, Symbol, SymbolFailure
from forecasting.domain.sessions import SessionTable
from forecasting.errors import ConfigError, ModelError, NotEnoughHistory
from forecasting.evaluation.splits import Fold, WalkForward
from forecasting.features.panel import Panel
from forecasting.features.pipeline import FeatureSpec, build_panel
from forecasting.models.base import Predictions, Progress
from forecasting.models.registry import create
from forecasting.service.backend import OnStep, Step
from forecasting.service.build import one_shot
from forecasting.service.headless import Answer, daily_only, moment
from forecasting.service.opened import watchlist
from forecasting.service.places import place
from forecasting.trading.backtest import (
    BuyAndHold,
    Direction,
    Macd,
    Rsi,
    Strategy,
    Tape,
    VolatilityTarget,
    figures,
    simulate_each,
)
from forecasting.trading.backtest.strategies import TARGET_VOLATILITY
from forecasting.trading.backtest.tape import DIRECTION_HORIZON

DEFAULT_MODEL = "ensemble"
COSTS_BP = (5.0, 10.0, 20.0)
"""Costs per side at which every strategy's Sharpe ratio is given beside the one asked for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to backtest, as asked on the command line.

    Raises:
        ConfigError: If it asks for something there is not.
    """

    test_start: date
    test_end: date | None = None       # last session of the account; None: the newest there is
    train_start: date | None = None    # nothing before it is read; None: all there is
    cost_bp: float = 10.0              # per side
    model: str = DEFAULT_MODEL
    refit_every: int = 252             # sessions a fit is used for
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.cost_bp < 1e4:
            raise ConfigError(f"--cost-bp {self.cost_bp:g}: a cost is from 0 to below 10000 hundredths of a per cent")
        if self.test_end is not None and self.test_end <= self.test_start:
            raise ConfigError(f"--test-end {self.test_end} is not after --test-start {self.test_start}")
        if self.train_start is not None and self.train_start >= self.test_start:
            raise ConfigError(f"--train-start {self.train_start} is not before --test-start {self.test_start}")


def backtest(settings: Settings, question: Question, as_of: date | None, on_step: OnStep) -> Answer:
    """Run every strategy over the watchlist's bars (a folder's, where one is named).

    Raises:
        TapecastError: If there is nothing to train or to test on.
    """
    daily_only(settings, "backtest")
    try:
        create(question.model)
    except ModelError as error:
        raise ConfigError(f"--model: {error}") from error
    series, tables, failures = read_bars(settings, as_of, on_step, start=question.train_start)
    on_step(Step("features", f"features of {len(series)} symbols", None))
    panel = build_panel(series, FeatureSpec(settings.model.features), tables)
    first = bisect_left(panel.sessions, question.test_start)
    last = len(panel.sessions) - 1 if question.test_end is None else panel.index_of(question.test_end)
    folds = folds_of(panel, first, last, question.refit_every)
    # The count of trials outlives this run, also where its bars do not: it is what luck is reckoned from.
    with Store.open(place(settings, demo=False).store) as store:
        predicted = walk(panel, folds, question.model, question.seed, settings.model, store, on_step)
        trials = store.runs.trials()
    tape = Tape.of(series, panel, predicted, range(first, last + 1))
    rows = [_row(tape, number, question, first, last, trials) for number in range(len(strategies(question.model)))]
    value = {"protocol": _protocol(settings, panel, question, first, last, folds, trials), "strategies": rows}
    return Answer(value, tuple(f.message for f in failures), 1 if failures else 0)


def read_bars(
    settings: Settings, as_of: date | None, on_step: OnStep, *, start: date | None = None, also: Sequence[Symbol] = ()
) -> tuple[list[BarSeries], dict[str, SessionTable], tuple[SymbolFailure, ...]]:
    """Bars of all watched symbols from `start` on, timetables by exchange, and the symbols that could not be read.

    Symbols of `also` are read too, watched or not.
    """
    now = moment(as_of)
    failures = []
    # Recorded or simulated prices, and any look into the past, must not see what an earlier run has stored.
    with one_shot(settings, temporary=as_of is not None or settings.source.name != "yahoo") as backend:
        watched = watchlist(settings, backend.desk.store, demo=False).symbols or backend.catalogue(now)
        symbols = tuple(dict.fromkeys((*watched, *also)))
        for done, symbol in enumerate(symbols):
            on_step(Step("read", f"bars of {symbol}", done / len(symbols)))
            if (failure := backend.take_history(symbol, now, lambda _: None)) is not None:
                failures.append(failure)
        tables = {table.exchange: table for table in backend.desk.tables(symbols).values()}
        series = backend.desk.series(symbols)
    if start is not None:
        series = [replace(s, bars=tuple(b for b in s.bars if b.session >= start)) for s in series]
    return series, tables, tuple(failures)


def folds_of(panel: Panel, first: int, last: int, refit_every: int) -> list[Fold]:
    """The folds of a test span.

    Raises:
        NotEnoughHistory: If there is nothing to fit on, or to test.
    """
    if first <= max(HORIZONS) or last <= first:
        raise NotEnoughHistory(
            f"backtest: {first} sessions before the test and {max(last - first + 1, 0)} in it; needs more than "
            f"{max(HORIZONS)} and 1: move --test-start or --test-end, or load more history"
        )
    return list(WalkForward(train=first, test=refit_every, horizon=max(HORIZONS)).split(last + 1))


def walk(
    panel: Panel, folds: Sequence[Fold], model: str, seed: int, asked: ModelSettings, store: Store, on_step: OnStep
) -> Predictions:
    """Forecasts at every session of the test span, each by a fit that had seen nothing from its fold on.

    Every fit counts as a trial.
    """
    told = []
    for number, fold in enumerate(folds):
        seen = panel.sessions[fold.cut]

        def progress(fit: Progress, number: int = number, seen: date = seen) -> None:
            on_step(Step("fit", f"{model} to {seen}: {fit.message}", (number + fit.fraction) / len(folds)))

        store.runs.next_trial()
        fitted = create(model, asked).fit(panel, cut=fold.cut, seed=seed, on_progress=progress)
        told.append(fitted.predict(panel, fold.test))
    return Predictions(
        np.concatenate([t.log_returns for t in told], axis=1), np.concatenate([t.p_up for t in told], axis=1)
    )


def strategies(model: str) -> tuple[Strategy, ...]:
    """Fresh instances, the model's own first."""
    return (
        Direction(model), Direction(model, short=True), VolatilityTarget(model),
        BuyAndHold(), VolatilityTarget(), Rsi(), Rsi(short=True), Macd(), Macd(short=True),
    )


def _row(tape: Tape, number: int, question: Question, first: int, last: int, trials: int) -> dict[str, Any]:
    strategy, costs = strategies(question.model)[number], (question.cost_bp, *COSTS_BP)
    run, *others = simulate_each(tape, strategy, first=first, last=last, costs_bp=costs)
    points = zip(run.sessions, run.curve.tolist(), strict=True)
    return {
        "name": run.name,
        **asdict(figures(run, trials=trials)),
        "sharpe_by_cost_bp": {
            f"{cost:g}": figures(other, trials=trials).sharpe for cost, other in zip(COSTS_BP, others, strict=True)
        },
        "n_fills": len(run.fills),
        "curve": [[session.isoformat(), value] for session, value in points],
    }


def _protocol(
    settings: Settings, panel: Panel, question: Question, first: int, last: int, folds: Sequence[Fold], trials: int
) -> dict[str, Any]:
    """What a reader needs to run it again, and what the figures leave out."""
    return {
        "source": settings.source.name,
        "symbols": len(panel.symbols),
        "train_start": panel.sessions[0].isoformat(),
        "test_start": panel.sessions[first].isoformat(),
        "test_end": panel.sessions[last].isoformat(),
        "model": question.model,
        "seed": question.seed,
        "refit_every": question.refit_every,
        "fits_see_until": [panel.sessions[f.cut].isoformat() for f in folds],
        "cost_bp": question.cost_bp,
        "fills": "at each symbol's next adjusted open after the deciding close, any size",
        "capital": "an equal share for every symbol that trades; cash and borrowed shares cost and earn nothing",
        "direction": f"sign of p_up - 1/2 at {DIRECTION_HORIZON} sessions",
        "target_volatility": TARGET_VOLATILITY,
        "trials": trials,
        "deflated_sharpe": f"probability that the true Sharpe ratio is above 0, given that {trials} trials were made",
        "sharpe_se": "Lo 2002 with Mertens' skewness and kurtosis, per year",
        "turnover": "value bought and sold over equity, per year",
    }
