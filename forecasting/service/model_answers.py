"""Answers how the models stand, from checkpoints and store: any process can, whoever's engine is at work."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from forecasting.data.store import Store
from forecasting.domain.forecast import LEVELS, Origin
from forecasting.domain.interval import parse_key
from forecasting.domain.training import Epoch
from forecasting.errors import CheckpointError
from forecasting.evaluation.drift import WIDENING, Response
from forecasting.models import checkpoint
from forecasting.service import shadow
from forecasting.service.backend import CHALLENGER, OnStep, Step, Work
from forecasting.service.bench import ENSEMBLE, LICENCE
from forecasting.service.calibrator import Calibrator
from forecasting.service.desk import Desk
from forecasting.service.model_board import (
    AskModels,
    CalibrationStatus,
    MemberStatus,
    ModelBoard,
    PastRun,
    Version,
)
from forecasting.service.records import RECORD_HORIZONS
from forecasting.service.watch import look

RUNS = 40
_LOW, _HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
_LOWEST, _HIGHEST = LEVELS.index(0.025), LEVELS.index(0.975)


def answer_models(desk: Desk, question: AskModels, now: datetime, on_step: OnStep) -> ModelBoard:
    """Everything the Models view shows but what a snapshot has."""
    on_step(Step("models", "reading checkpoints", None))
    store = desk.store
    response = look(store, desk.inputs)
    calibration, symbols = _calibration(desk.calibrator)
    return ModelBoard(
        versions=(*_ensembles(desk, now), *_others(desk)),
        calibration=calibration,
        calibrated_symbols=symbols,
        alarms=response.reasons,
        answers=tuple(_answers(response)),
        watched=len({o.target_session for o in store.ledger.outcomes(model=ENSEMBLE, horizon=1, origin=Origin.LIVE)}),
        runs=_runs(store),
        trials=store.runs.trials(),
    )


def _ensembles(desk: Desk, now: datetime) -> Iterator[Version]:
    """Those on disk: champion, challenger, then former ones, the newest first."""
    kept = [(path, manifest) for path in desk.bench.checkpoints() if (manifest := _manifest(path)) is not None]
    champion = shadow.champion_id(desk.store) or next((m["model_id"] for _, m in kept), None)
    ends = {m["model_id"]: parse_key(m["train_end"]) for _, m in kept}
    newer = [i for i, end in ends.items() if champion in ends and i != champion and end > ends[champion]]
    challenger = desk.bench.challenger.model_id if desk.bench.challenger is not None else next(iter(newer), None)
    roles = {champion: "champion", challenger: "challenger"}
    for path, manifest in sorted(kept, key=lambda one: roles.get(one[1]["model_id"], "former")):
        role = roles.get(manifest["model_id"], "former")
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        note = str(shadow.compare_id(desk.store, manifest["model_id"])) if role == "challenger" else ""
        if role == "champion" and now.date() > ends[manifest["model_id"]] + LICENCE:
            note = f"expired: a fit may be used for {LICENCE.days} days"
        yield _version(manifest, role, made, note)


def _manifest(path: Path) -> Mapping[str, Any] | None:
    try:
        return checkpoint.manifest(path)
    except CheckpointError:
        return None      # the bench's notes name it


def _version(manifest: Mapping[str, Any], role: str, made: datetime, note: str) -> Version:
    settings = manifest["settings"]
    members = tuple(
        _member(label, settings["weights"][label], kept) for label, kept in settings.get("members", {}).items()
    )
    starts = [kept["settings"].get("train_start") for kept in settings.get("members", {}).values()]
    start = next((parse_key(s) for s in starts if s), None)
    return Version(
        manifest["name"], manifest["model_id"], role, parse_key(manifest["train_end"]), made, start, note, members
    )


def _member(label: str, weight: float, kept: Mapping[str, Any]) -> MemberStatus:
    told = kept["settings"]
    losses = tuple(
        Epoch(label, n, told["training"]["max_epochs"], told["measure"], training, validation)
        for n, (training, validation) in enumerate(told.get("losses", ()))
    )
    return MemberStatus(
        label, weight, kept["seed"], told.get("n_train"), told.get("epoch"), told.get("warm_from"), losses
    )


def _others(desk: Desk) -> Iterator[Version]:
    """What lives in this process's memory alone: the quick models."""
    for status in desk.bench.statuses(None):
        if status.name not in (ENSEMBLE, CHALLENGER):
            yield Version(status.name, status.model_id, "at work", status.train_end, note=status.note or "")


def _calibration(calibrator: Calibrator) -> tuple[tuple[CalibrationStatus, ...], int]:
    tracker = calibrator.tracker
    if tracker is None or not tracker.learnt:
        return (), 0
    own = np.stack([tracker.common + learnt for learnt in tracker.learnt.values()])        # (N, H, Q)
    rows = []
    for horizon in RECORD_HORIZONS:
        h = horizon - 1
        widths = np.exp(0.5 * (own[:, h, _LOW] + own[:, h, _HIGH]))
        rows.append(
            CalibrationStatus(
                horizon, math.exp(0.5 * float(tracker.common[h, _LOW] + tracker.common[h, _HIGH])),
                float(np.median(widths)), float(widths.min()), float(widths.max()),
                float(np.median(np.exp(own[:, h, _HIGHEST] - own[:, h, _LOWEST]))),
            )
        )
    return tuple(rows), len(own)


def _answers(response: Response) -> Iterator[str]:
    if response.widen != 1.0:
        yield f"the ensemble's bands are issued {WIDENING:g} times as wide"
    if response.fall_back:
        yield "the next best model speaks in its place until a refit"
    if response.refit:
        yield "a refit is due sooner, and takes over at once"


def _runs(store: Store) -> tuple[PastRun, ...]:
    return tuple(
        PastRun(run.kind, run.started_at, run.finished_at, run.ok, run.message or "")
        for run in store.runs.recent((*(w.value for w in Work), CHALLENGER), limit=RUNS)
    )
