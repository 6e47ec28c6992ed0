"""Walk-forward: fit on what was known, forecast the sessions that follow, add up how it went.

Every model is scored on the same rows, a row being one symbol on one issue day at one horizon: where one model has no
forecast the row is left out for all of them, and counted. Which rows are scored depends on forecasts being there and
on outcomes being known, never on what they were.

The sessions of one fold are forecast a few at a time, and of each forecast only what is scored is kept, so that memory
grows with the panel and not with the number of models. Models that take long run in child processes; the panel lies in
files that all of them map into memory. One thing must go in order: the tracker that calibrates the ensemble goes on
from fold to fold, as it does from refit to refit when live, so the ensemble's forecasts wait until every fold is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.config import ModelSettings
from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.calibration import Tracker, Walk, run_in
from forecasting.evaluation.children import in_children
from forecasting.evaluation.naive import RULES
from forecasting.evaluation.splits import Fold, WalkForward
from forecasting.evaluation.tally import Summaries, Tally, summarise
from forecasting.features.panel import FloatArray, Panel
from forecasting.models.base import Fitted, OnProgress, Predictions, Progress
from forecasting.models.quantiles import predictions
from forecasting.models.registry import USUAL, create

MODELS: tuple[str, ...] = ("ensemble", "lstm", "har", "garch-t", "ewma-t", "ewma", "random-walk")
"""What is evaluated unless less is asked for; `CHOICES` has more: the ensemble before calibration, and naive rules."""

CHOICES = (*MODELS, "ensemble-raw", "rolling-60", "drift")

BASELINE = "ewma"
"""What skill is measured against, EWMA(.94) normal: always run, shown where asked for."""

_REGISTERED = {"har": "har-t", "ensemble-raw": "ensemble"}     # what the command line calls otherwise
_MEMBERS = {"lstm": "lstm-0", "har": "har-t", "ensemble-raw": None}
"""Scored from the ensemble's fit: members of it, and itself (None) before calibration."""

_CALIBRATED = "ensemble"      # as issued live: its bands follow what became of earlier ones
_WORK = {"ensemble": 30.0, "ensemble-raw": 30.0, "lstm": 8.0, "garch-t": 4.0}    # of a fit; others 1
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
    seeds: int | None = None              # networks in the ensemble; None: as many as `asked` says
    asked: ModelSettings = USUAL          # what networks are like, and what models read

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
    """One fit and its forecasts of one fold."""

    models: tuple[str, ...]      # what is fitted, and members of it that are scored on their own
    fold: Fold
    horizons: tuple[int, ...]
    seeds: int | None
    asked: ModelSettings = USUAL
    processes: int = 1           # that the fit may use
    runs_in: bool = False        # whether the tracker begins with this fit


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    said: dict[str, Summaries]
    seconds: dict[str, float]
    note: str | None = None      # why there is no forecast
    raw: npt.NDArray[np.float32] | None = None      # the ensemble's quantiles before calibration, (N, K, H, Q)
    tracker: Tracker | None = None                  # run in on this fit


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
    jobs = _jobs(plan, folds, models, workers)
    tally = Tally.empty(models, panel.symbols, panel.sessions[plan.first : plan.last], plan.horizons)
    naive = {name: rule(panel) for name, rule in RULES.items()}
    said: dict[Fold, dict[str, Summaries]] = {f: {} for f in folds}
    raw: dict[Fold, npt.NDArray[np.float32]] = {}
    tracker: Tracker | None = None

    def add(fold: Fold, news: dict[str, Summaries]) -> None:
        said[fold].update(news)
        if len(said[fold]) == len(models):
            rows = slice(fold.test.start, fold.test.stop)
            claims = {name: claim[:, rows] for name, claim in naive.items()}
            tally.add(rows.start - plan.first, said.pop(fold), _outcomes(panel, fold, plan), claims)

    total, finished = sum(map(_work, jobs)), 0.0
    spread = workers > 1 and len(folds) > 1
    for job, done in in_children(_run, panel, jobs, workers) if spread else ((j, _run(panel, j)) for j in jobs):
        add(job.fold, done.said)
        for model, seconds in done.seconds.items():
            tally.seconds[model] += seconds
        if done.note is not None:
            tally.notes.append(done.note)
        if done.raw is not None:
            raw[job.fold], tracker = done.raw, done.tracker or tracker
        finished += _work(job)
        if on_progress is not None:
            on_progress(Progress(finished / total, f"{job.models[0]} fitted to {panel.sessions[job.fold.cut]}"))
    began, walk = time.perf_counter(), Walk(panel, tracker)
    for fold in sorted(raw, key=lambda fold: fold.cut):
        add(fold, {_CALIBRATED: _calibrated(panel, walk, fold, raw.pop(fold), plan.horizons)})
    if _CALIBRATED in models:
        tally.seconds[_CALIBRATED] += time.perf_counter() - began
    return tally


def _jobs(plan: Plan, folds: Sequence[Fold], models: Sequence[str], workers: int) -> list[_Job]:
    """The newest fold first, and the longest fit of each: whoever is left alone at the end has little to do."""
    units: list[tuple[str, ...]] = [(m,) for m in models]
    if "ensemble" in models:
        members = [m for m in _MEMBERS if m != "lstm" or plan.asked.body == m]
        together = ("ensemble", *(m for m in models if m in members))
        units = [together, *((m,) for m in models if m not in together)]
    alone = workers if len(folds) == 1 else 1       # a single fold is spread within its fits instead
    jobs = [
        _Job(unit, fold, plan.horizons, plan.seeds, plan.asked, alone, runs_in=fold is folds[0])
        for fold in reversed(folds) for unit in units
    ]
    return sorted(jobs, key=lambda job: (job.fold.cut, _work(job)), reverse=True)


def _work(job: _Job) -> float:
    return _WORK.get(job.models[0], 1.0) * job.fold.cut


def _outcomes(panel: Panel, fold: Fold, plan: Plan) -> FloatArray:
    """Outcomes of the fold's rows, shape (N, K, H); NaN where not realised by the end of the test span."""
    places = [HORIZONS.index(h) for h in plan.horizons]
    rows = slice(fold.test.start, fold.test.stop)
    known = panel.target_ends[:, rows][..., places] <= plan.last
    return np.where(known, panel.targets[:, rows][..., places], np.nan)


def _run(panel: Panel, job: _Job) -> _Done:
    """Fit, forecast, and keep what is scored."""
    began = time.perf_counter()
    name = job.models[0]
    try:
        model = create(_REGISTERED.get(name, name), asked=job.asked, seeds=job.seeds, processes=job.processes)
        fitted = model.fit(panel, cut=job.fold.cut)
    except NotEnoughHistory as error:
        shape = (len(panel.symbols), len(job.fold.test), len(job.horizons))
        nothing = summarise(np.full((*shape, len(LEVELS)), np.nan), np.full(shape, np.nan), np.full(shape, np.nan))
        return _Done(dict.fromkeys(job.models, nothing), {}, str(error))
    speakers = {name: fitted, **{m: _member(fitted, m) for m in job.models[1:]}}
    seconds = {name: time.perf_counter() - began}
    said, raw, tracker = {}, None, None
    for model_name, speaker in speakers.items():
        began = time.perf_counter()
        if model_name == _CALIBRATED:
            pieces = [speaker.predict(panel, at).log_returns for at in _a_few(panel, job.fold.test)]
            raw = np.concatenate([p.astype(np.float32) for p in pieces], axis=1)
            tracker = run_in(speaker, panel) if job.runs_in else None
        else:
            said[model_name] = _forecasts(panel, speaker, job)
        seconds[model_name] = seconds.get(model_name, 0.0) + time.perf_counter() - began
    return _Done(said, seconds, raw=raw, tracker=tracker)


def _member(fitted: Fitted, name: str) -> Fitted:
    """What the model `name` would have been, fitted alone, out of a fitted ensemble."""
    from forecasting.models.ensemble import FittedEnsemble  # the network library, loaded by now

    assert isinstance(fitted, FittedEnsemble)
    label = _MEMBERS[name]
    return fitted if label is None else fitted.members[label]


def _forecasts(panel: Panel, fitted: Fitted, job: _Job) -> Summaries:
    """What is scored of one model's forecasts of the fold."""
    told = ((at, fitted.predict(panel, at)) for at in _a_few(panel, job.fold.test))
    return _joined([_scored(panel, at, predicted, job.horizons) for at, predicted in told])


def _calibrated(
    panel: Panel, walk: Walk, fold: Fold, raw: npt.NDArray[np.float32], horizons: Sequence[int]
) -> Summaries:
    """What is scored of the ensemble's forecasts of the fold, as `walk` issues them."""
    parts = []
    for at in _a_few(panel, fold.test):
        said = raw[:, at[0] - fold.test.start : at[-1] + 1 - fold.test.start].astype(np.float64)
        parts.append(_scored(panel, at, walk.issue(predictions(said), at), horizons))
    return _joined(parts)


def _scored(panel: Panel, at: Sequence[int], told: Predictions, horizons: Sequence[int]) -> Summaries:
    """What is kept of forecasts at consecutive sessions."""
    places = [HORIZONS.index(h) for h in horizons]
    actual = panel.targets[:, at[0] : at[-1] + 1][..., places]
    return summarise(told.log_returns[:, :, places], told.p_up[:, :, places], actual)


def _joined(parts: Sequence[Summaries]) -> Summaries:
    return {name: np.concatenate([p[name] for p in parts], axis=1) for name in parts[0]}


def _a_few(panel: Panel, sessions: Sequence[int]) -> Iterator[Sequence[int]]:
    """The sessions in pieces whose forecasts fit into memory."""
    step = max(1, _QUANTILES_AT_ONCE // (len(panel.symbols) * len(HORIZONS) * len(LEVELS)))
    return (sessions[i : i + step] for i in range(0, len(sessions), step))
