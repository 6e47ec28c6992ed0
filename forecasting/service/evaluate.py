"""`tapecast evaluate`: how good the models would have been, as plain JSON values."""

from __future__ import annotations

import math
import os
import time
from bisect import bisect_left
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

from forecasting.config import Settings
from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.domain.market import BarSeries, SymbolFailure
from forecasting.domain.report import Evaluation, Metric, ModelScore, MovementScore
from forecasting.domain.sessions import SessionTable
from forecasting.errors import ConfigError
from forecasting.evaluation import feng2019
from forecasting.evaluation.report import model_scores, ticker_scores
from forecasting.evaluation.tally import Tally
from forecasting.evaluation.walk_forward import BASELINE, CHOICES, MODELS, SLOW, Plan, walk_forward
from forecasting.features.panel import Panel
from forecasting.features.pipeline import FeatureSpec, build_panel
from forecasting.models.base import Progress
from forecasting.service.backend import OnStep, Step
from forecasting.service.build import one_shot
from forecasting.service.headless import Answer, daily_only, moment
from forecasting.service.opened import watchlist
from forecasting.service.trials import count_trials

_TRAINED = frozenset({"ensemble", "ensemble-raw", "lstm", "har"})      # models that learn from the whole panel
_CHILDREN = 2      # more would need the memory of as many fits at once
_RIVALS = {"garch_t": "garch-t", "har": "har"}      # as the answer's keys call them


@dataclass(frozen=True, slots=True)
class Question:
    """What to evaluate, as asked on the command line.

    Raises:
        ConfigError: If it asks for something there is not.
    """

    test_start: date
    test_end: date | None = None       # newest session an outcome may come from; None: the newest there is
    train_start: date | None = None    # nothing before it is read; None: all there is
    refit_every: int = 252
    horizons: tuple[int, ...] = (1, 5, 10)
    models: tuple[str, ...] | None = None      # None: all
    seeds: int | None = None

    def __post_init__(self) -> None:
        if odd := [m for m in self.models or () if m not in CHOICES]:
            raise ConfigError(f"--models: there is no {', '.join(odd)}; choose from {', '.join(CHOICES)}")
        if not self.horizons or (far := [h for h in self.horizons if h not in HORIZONS]):
            raise ConfigError(f"--horizons: {far or 'none'}; choose from {HORIZONS[0]} to {HORIZONS[-1]}")
        if self.refit_every < 1 or (self.seeds is not None and self.seeds < 1):
            raise ConfigError("--refit-every and --seeds are at least 1")
        if self.test_end is not None and self.test_end <= self.test_start:
            raise ConfigError(f"--test-end {self.test_end} is not after --test-start {self.test_start}")
        if self.train_start is not None and self.train_start >= self.test_start:
            raise ConfigError(f"--train-start {self.train_start} is not before --test-start {self.test_start}")


@dataclass(frozen=True, slots=True)
class MovementQuestion:
    """Feng et al.'s protocol, as asked on the command line.

    Raises:
        ConfigError: If it asks for something there is not.
    """

    train_start: date
    valid_start: date
    test_start: date
    test_end: date | None = None      # last session tested
    seq: int = 5
    seeds: int = 10

    def __post_init__(self) -> None:
        spans = [d for d in (self.train_start, self.valid_start, self.test_start, self.test_end) if d is not None]
        if spans != sorted(set(spans)):
            raise ConfigError("--train-start, --valid-start, --test-start and --test-end must follow each other")
        if self.seq < 1 or self.seeds < 1:
            raise ConfigError(f"--seq {self.seq} and --seeds {self.seeds}: both are at least 1")


def evaluate(settings: Settings, question: Question, as_of: date | None, on_step: OnStep) -> Answer:
    """Walk forward over the watchlist's bars (a folder's, where one is named).

    Raises:
        TapecastError: If there is nothing to evaluate.
    """
    began = time.perf_counter()
    panel, failures = read_panel(settings, as_of, on_step, start=question.train_start)
    read = time.perf_counter() - began
    plan = _plan(settings, panel, question)

    def progress(done: Progress) -> None:
        on_step(Step("evaluate", done.message, done.fraction))

    children = min(_CHILDREN, os.cpu_count() or 1) if SLOW & set(plan.models) else 1
    tally = walk_forward(panel, plan, progress, workers=children)
    evaluation = Evaluation(
        protocol=_protocol(settings, panel, plan, tally),
        scores=model_scores(tally, baseline=BASELINE),
        tickers=ticker_scores(tally),
        seconds={**tally.seconds, "read": read, "total": time.perf_counter() - began},
    )
    uncounted = count_trials(settings, len(plan.folds()) * len(_TRAINED & set(plan.models)))
    notes = (*(f.message for f in failures), *dict.fromkeys(tally.notes), *uncounted)
    return Answer(_plain(evaluation, plan.models), notes, 1 if failures else 0)


def movement(settings: Settings, question: MovementQuestion, as_of: date | None, on_step: OnStep) -> Answer:
    """Rerun the published movement protocol on the watchlist's bars.

    Raises:
        TapecastError: If there is nothing to evaluate.
    """
    daily_only(settings, "--protocol feng2019")
    series, _, failures = _read_bars(settings, as_of, on_step)
    given = feng2019.samples(
        series, train_start=question.train_start, valid_start=question.valid_start, test_start=question.test_start,
        test_end=question.test_end, seq=question.seq,
    )
    scores = feng2019.run(
        given, seeds=question.seeds, on_progress=lambda p: on_step(Step("evaluate", p.message, p.fraction))
    )
    value = {"counts": given.counts, "rows": [_movement_row(s) for s in scores]}
    uncounted = count_trials(settings, question.seeds)
    return Answer(value, (*(f.message for f in failures), *uncounted), 1 if failures else 0)


def _movement_row(score: MovementScore) -> dict[str, Any]:
    return {
        "model": score.model,
        "seeds": score.seeds,
        "acc_mean": score.accuracy.value,
        "acc_sd": score.accuracy_sd,
        "mcc_mean": score.mcc.value,
        "mcc_sd": score.mcc_sd,
        "acc_low": score.accuracy.low,
        "acc_high": score.accuracy.high,
        "n": score.accuracy.n,
        "n_days": score.accuracy.n_days,
        "metrics": {"accuracy": _metric(score.accuracy), "mcc": _metric(score.mcc)},
    }


def read_panel(
    settings: Settings, as_of: date | None, on_step: OnStep, *, start: date | None = None
) -> tuple[Panel, tuple[SymbolFailure, ...]]:
    """The panel of all watched symbols from `start` on, and the symbols that could not be read.

    Raises:
        NotEnoughHistory: If there is not a single bar.
    """
    series, tables, failures = _read_bars(settings, as_of, on_step)
    if start is not None:
        first = settings.source.interval.first_key(start)
        series = [replace(s, bars=tuple(b for b in s.bars if b.session >= first)) for s in series]
    on_step(Step("features", f"features of {len(series)} symbols", None))
    return build_panel(series, _spec(settings), tables), failures


def _read_bars(
    settings: Settings, as_of: date | None, on_step: OnStep
) -> tuple[list[BarSeries], dict[str, SessionTable], tuple[SymbolFailure, ...]]:
    """Bars of all watched symbols, timetables by exchange, and the symbols that could not be read."""
    now = moment(as_of)
    failures = []
    # Recorded or simulated prices, and any look into the past, must not see what an earlier run has stored.
    with one_shot(settings, temporary=as_of is not None or settings.source.name != "yahoo") as backend:
        symbols = watchlist(settings, backend.desk.store, demo=False).symbols or backend.catalogue(now)
        for done, symbol in enumerate(symbols):
            on_step(Step("read", f"bars of {symbol}", done / len(symbols)))
            if (failure := backend.take_history(symbol, now, lambda _: None)) is not None:
                failures.append(failure)
        tables = {table.exchange: table for table in backend.desk.tables(symbols).values()}
        return backend.desk.series(symbols), tables, tuple(failures)


def _spec(settings: Settings) -> FeatureSpec:
    return FeatureSpec(settings.model.features, settings.source.interval)


def _plan(settings: Settings, panel: Panel, question: Question) -> Plan:
    interval, end = settings.source.interval, question.test_end
    last = len(panel.sessions) - 1 if end is None else panel.index_of(interval.last_key(end))
    return Plan(
        models=question.models or MODELS,
        first=bisect_left(panel.sessions, interval.first_key(question.test_start)),
        last=last,
        horizons=question.horizons,
        refit_every=question.refit_every,
        seeds=question.seeds or settings.model.seeds,
        asked=settings.model,
    )


def _protocol(settings: Settings, panel: Panel, plan: Plan, tally: Tally) -> dict[str, Any]:
    """What a reader needs to run it again, and what was left out."""
    return {
        "source": settings.source.name,
        "interval": settings.source.interval.value,
        "symbols": len(panel.symbols),
        "train_start": panel.sessions[0].isoformat(),
        "test_start": panel.sessions[plan.first].isoformat(),
        "test_end": panel.sessions[plan.last].isoformat(),
        "issued": "on every session of the test span; outcomes are realised within it",
        "refit_every": plan.refit_every,
        "fits_see_until": [panel.sessions[f.cut].isoformat() for f in plan.folds()],
        "embargo": plan.embargo,
        "seeds": plan.seeds,
        "horizons": list(plan.horizons),
        "models": list(plan.models),
        "features": _spec(settings).hash,
        "settings": asdict(settings.model),
        "levels": list(LEVELS),
        "crps": "per cent of log return, from the quantiles at the levels, mean over all ticker-days",
        "skill": f"1 - crps / crps({BASELINE})",
        "ensemble": "calibrated online from realised outcomes, as it is issued; ensemble-raw is before that",
        "dm": "daily means over tickers, Newey-West lag max(2h, 10), Harvey-Leybourne-Newbold; negative is better",
        "intervals": "95 %, clustered by day",
        "left_out": {str(h): int(n) for h, n in zip(tally.horizons, tally.left_out, strict=True)},
        "without_forecast": {
            model: {str(h): int(n) for h, n in zip(tally.horizons, tally.missing[m], strict=True)}
            for m, model in enumerate(tally.models)
        },
    }


def _plain(evaluation: Evaluation, asked: Sequence[str]) -> dict[str, Any]:
    """The report as JSON values; of the models asked for only."""
    order = {model: i for i, model in enumerate(asked)}
    rows = sorted((s for s in evaluation.scores if s.model in order), key=lambda s: (s.horizon, order[s.model]))
    return {
        "protocol": dict(evaluation.protocol),
        "rows": [_row(score, order) for score in rows],
        "per_ticker": [
            {"symbol": t.symbol, "model": t.model, "horizon": t.horizon, "n": t.n,
             "coverage_80": t.coverage_80, "crps": t.crps}
            for t in evaluation.tickers
            if t.model in order
        ],
        "seconds": {name: round(seconds, 3) for name, seconds in evaluation.seconds.items()},
    }


def _row(score: ModelScore, asked: Container[str]) -> dict[str, Any]:
    against = {c.rival: c for c in score.against if c.rival in asked}
    metrics = {f.name: value for f in fields(score) if isinstance(value := getattr(score, f.name), Metric)}
    return {
        "model": score.model,
        "horizon": score.horizon,
        "n_forecasts": score.crps.n,
        "n_days": score.crps.n_days,
        "crps": score.crps.value,
        "skill_vs_ewma": score.crps.skill,
        "skill_low": _finite(score.crps.skill_low),
        "skill_high": _finite(score.crps.skill_high),
        **{f"dm_t_vs_{key}": against[m].t if m in against else None for key, m in _RIVALS.items()},
        "coverage_80": score.coverage_80.value,
        "coverage_95": score.coverage_95.value,
        "width_80": score.width_80.value,
        "interval_score_80": score.interval_score_80.value,
        "hit_rate": score.hit_rate.value,
        "hit_rate_low": score.hit_rate.low,
        "hit_rate_high": score.hit_rate.high,
        "rmse_skill": score.rmse.skill,
        "mae_skill": score.mae.skill,
        "skilled": score.skilled,
        "directional": score.directional,
        "pit": list(score.pit),
        "dm": {c.rival: {"t": c.t, "p_value": c.p_value, "n_days": c.n_days} for c in against.values()},
        "metrics": {name: _metric(metric) for name, metric in metrics.items()},
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {key: _finite(x) if isinstance(x, float) else x for key, x in asdict(metric).items()}


def _finite(x: float) -> float | None:
    """JSON has no infinity: an interval without an end has none."""
    return x if math.isfinite(x) else None
