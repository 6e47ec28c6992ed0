"""`tapecast train`: fit the ensemble now, write its checkpoint, and say what it cost."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date
from typing import Any

from forecasting.config import Settings
from forecasting.errors import NotEnoughHistory
from forecasting.models import checkpoint
from forecasting.models.base import Fitted, OnProgress, Progress
from forecasting.models.parameters import Parameters
from forecasting.models.registry import create
from forecasting.service.backend import OnStep, Step
from forecasting.service.bench import ENSEMBLE
from forecasting.service.build import one_shot
from forecasting.service.headless import Answer, moment, watched
from forecasting.service.places import place
from forecasting.service.trials import count_trials


def train(settings: Settings, until: date | None, seeds: int | None, on_step: OnStep) -> Answer:
    """Fit the ensemble on everything the source knows up to `until`, and keep it where the app looks for it.

    Raises:
        TapecastError: If there is nothing to learn from, or the checkpoint cannot be written.
    """
    began = time.perf_counter()
    now = moment(until)
    with one_shot(settings, temporary=until is not None or settings.source.name != "yahoo") as backend:
        report = backend.tick(watched(settings, backend, now), now, on_step)
        desk = backend.desk
        symbols = tuple(desk.store.market.last_sessions())
        panel = desk.panel(symbols, desk.tables(symbols))
        if panel is None or len(panel.sessions) < 2:
            raise NotEnoughHistory(f"train: {report.source.name} has no bars until {now.date()}; widen the history")
        fitted = create(ENSEMBLE, settings.model, seeds=seeds).fit(
            panel, cut=panel.fit_to, seed=settings.model.seed, on_progress=_steps(on_step)
        )
    assert isinstance(fitted, checkpoint.Storable)
    uncounted = count_trials(settings)
    path = checkpoint.save(fitted, place(settings, demo=False).models, spec_hash=desk.bench.spec.hash)
    value = {"seconds": round(time.perf_counter() - began, 3), **_learned(fitted.parameters), "checkpoint": str(path),
             "interval": settings.source.interval.value,
             "models": [_model(fitted), *(_model(m) for m in _members(fitted))]}
    return Answer(value, (*(f.message for f in report.failures), *uncounted), 1 if report.failures else 0)


def _steps(on_step: OnStep) -> OnProgress:
    def progress(fit: Progress) -> None:
        on_step(Step("train", fit.message, fit.fraction))

    return progress


def _learned(parameters: Parameters) -> dict[str, Any]:
    """What the networks say of their training: epochs run in all, training rows, mean validation CRPS (scaled)."""
    told = [m["settings"] for m in parameters.settings["members"].values() if "epochs" in m["settings"]]
    scores = [t["validation"] for t in told if t["validation"] is not None]
    return {
        "epochs": sum(t["epochs"] for t in told),
        "n_train": max((t["n_train"] for t in told), default=0),
        "val_crps": sum(scores) / len(scores) if scores else None,
    }


def _members(fitted: Fitted) -> Iterable[Fitted]:
    members: dict[str, Fitted] = getattr(fitted, "members", {})
    return members.values()


def _model(fitted: Fitted) -> dict[str, Any]:
    return {"name": fitted.name, "model_id": fitted.model_id, "train_end": fitted.train_end.isoformat(),
            "data_hash": fitted.data_hash, "seed": fitted.seed}
