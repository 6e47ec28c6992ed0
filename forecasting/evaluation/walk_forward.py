"""Walk-forward: fit on what was known, forecast the sessions that follow, add up how it went.

Every model is scored on the same rows, a row being one symbol on one issue day at one horizon: where one model has no
forecast the row is left out for all of them, and counted. Which rows are scored depends on forecasts being there and
on outcomes being known, never on what they were.

The sessions of one fold are forecast a few at a time, and of each forecast only what is scored is kept, so that memory
grows with the panel and not with the number of models. Models that take long run in child processes; the panel lies in
files that all of them map into memory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.children import in_children
from forecasting.evaluation.splits import Fold, WalkForward
from forecasting.evaluation.tally import Summaries, Tally, summarise
from forecasting.features.panel import FloatArray, Panel
from forecasting.models.base import OnProgress, Progress
from forecasting.models.registry import create

MODELS: tuple[str, ...] = ("ensemble", "lstm", "har", "garch-t", "ewma-t", "ewma", "random-walk")
"""What is evaluated unless less is asked for; `CHOICES` has two more naive rules."""

CHOICES = (*MODELS, "rolling-60", "drift")

BASELINE = "ewma"
"""What skill is measured against, EWMA(.94) normal: always run, shown where asked for."""

_REGISTERED = {"har": "har-t"}      # what the command line calls otherwise
_WORK = {"ensemble": 30.0, "lstm": 8.0, "garch-t": 4.0}     # of a fit and its forecasts; 1 for the others
SLOW = frozenset(_WORK)
"""Models worth a child process."""

_QUANTILES_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to evaluate. `first` and `last` are session indices of the panel."""

    models: tuple[str, ...]
    first: int                            # first session a forecast is issued at
    last: int                             # newest session an outcome may come from
    horizons: tuple[int, ...] = (1, 5, 10)
    refit_every: int = 252                # sessions
    embargo: int = 0                      # sessions between what a fit has seen and its first forecast
    seeds: int | None = None              # networks in the ensemble; None: as many as it has by default

    def folds(self) -> tuple[Fold, ...]:
        """Fits and what they forecast.

        Raises:
            NotEnoughHistory: If nothing is left to train or to test on.
        """
        idle = max(self.horizons) + self.embargo
        if self.first <= idle or self.last <= self.first:
            raise NotEnoughHistory(
                f"evaluate: {max(self.first, 0)} sessions before the test and {max(self.last - self.first + 1, 0)} in "
                f"it; needs more than {idle} and 1: move --test-start or --test-end, or load more history"
            )
        # What is issued at `last` has no outcome in the test span.
        return tuple(WalkForward(self.first, self.refit_every, max(self.horizons), self.embargo).split(self.last))


@dataclass(frozen=True, slots=True)
class _Job:
    """One model's fit and forecasts of one fold."""

    model: str
    fold: Fold
    horizons: tuple[int, ...]
    seeds: int | None


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    said: Summaries
    seconds: float
    note: str | None      # why there is no forecast


def walk_forward(panel: Panel, plan: Plan, on_progress: OnProgress | None = None, *, workers: int = 1) -> Tally:
    """Evaluate `plan` on `panel`.

    Args:
        panel: Bars until `plan.last` or later.
        plan: What to evaluate.
        on_progress: Told after each fit. May raise to cancel.
        workers: Child processes; 1 keeps everything in this process.

    Raises:
        NotEnoughHistory: If there is nothing to train or to test on.
        WorkerCrashed: If a child process ended.
    """
    folds = plan.folds()
    models = tuple(dict.fromkeys((*plan.models, BASELINE)))
    # The longest first, so that no child is left alone with one at the end of a fold.
    jobs = [_Job(m, f, plan.horizons, plan.seeds) for f in folds for m in sorted(models, key=_work, reverse=True)]
    tally = Tally.empty(models, panel.symbols, panel.sessions[plan.first : plan.last], plan.horizons)
    said: dict[Fold, dict[str, Summaries]] = {f: {} for f in folds}
    total, finished = sum(_work(j.model) for j in jobs), 0.0
    results = in_children(_run, panel, jobs, workers) if workers > 1 else ((j, _run(panel, j)) for j in jobs)
    for job, done in results:
        said[job.fold][job.model] = done.said
        tally.seconds[job.model] += done.seconds
        if done.note is not None:
            tally.notes.append(done.note)
        if len(said[job.fold]) == len(models):
            tally.add(job.fold.test.start - plan.first, said.pop(job.fold), _outcomes(panel, job.fold, plan))
        finished += _work(job.model)
        if on_progress is not None:
            on_progress(Progress(finished / total, f"{job.model} fitted to {panel.sessions[job.fold.cut]}"))
    return tally


def _work(model: str) -> float:
    return _WORK.get(model, 1.0)


def _outcomes(panel: Panel, fold: Fold, plan: Plan) -> FloatArray:
    """Outcomes of the fold's rows, shape (N, K, H); NaN where not realised by the end of the test span."""
    places = [HORIZONS.index(h) for h in plan.horizons]
    rows = slice(fold.test.start, fold.test.stop)
    known = panel.target_ends[:, rows][..., places] <= plan.last
    return np.where(known, panel.targets[:, rows][..., places], np.nan)


def _run(panel: Panel, job: _Job) -> _Done:
    """Fit, forecast, and keep what is scored."""
    began = time.perf_counter()
    places = [HORIZONS.index(h) for h in job.horizons]
    try:
        model = create(_REGISTERED.get(job.model, job.model), seeds=job.seeds)
        fitted = model.fit(panel, cut=job.fold.cut)
    except NotEnoughHistory as error:
        shape = (len(panel.symbols), len(job.fold.test), len(places))
        nothing = np.full((*shape, len(LEVELS)), np.nan)
        return _Done(summarise(nothing, np.full(shape, np.nan), np.full(shape, np.nan)), 0.0, str(error))
    step = max(1, _QUANTILES_AT_ONCE // (len(panel.symbols) * len(HORIZONS) * len(LEVELS)))
    parts = []
    for start in job.fold.test[::step]:
        at = range(start, min(start + step, job.fold.test.stop))
        said = fitted.predict(panel, at)
        actual = panel.targets[:, at.start : at.stop][..., places]
        parts.append(summarise(said.log_returns[:, :, places], said.p_up[:, :, places], actual))
    joined = {name: np.concatenate([p[name] for p in parts], axis=1) for name in parts[0]}
    return _Done(joined, time.perf_counter() - began, None)
