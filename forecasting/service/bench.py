"""The models at work, and when they are due for a new fit.

Random walk, EWMA-t and HAR-t are fitted together in about a second and kept in memory; the LSTM takes longer and is
kept on disk as well. A fit sees sessions up to the one before the newest, so that `train_end < as_of` holds from its
first forecast on.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from pathlib import Path

from forecasting.domain.forecast import MODELS
from forecasting.errors import CheckpointError, NotEnoughHistory
from forecasting.features.panel import Panel
from forecasting.features.pipeline import DEFAULT_SPEC, FeatureSpec
from forecasting.models import checkpoint
from forecasting.models.base import Fitted, OnProgress
from forecasting.models.registry import create
from forecasting.service.backend import ModelStatus

log = logging.getLogger(__name__)

NETWORK = "lstm"
QUICK = tuple(name for name in MODELS if name != NETWORK)
LICENCE = timedelta(days=30)
"""How long a fit may be used; after that it is named expired and the next best model speaks."""


class Bench:
    """Fitted models by name. Each is replaced whole, never changed: ticks and long jobs share them across threads."""

    def __init__(self, models_dir: Path, *, seed: int, refit_sessions: int, retrain_sessions: int) -> None:
        self.spec: FeatureSpec = DEFAULT_SPEC
        self._dir = models_dir
        self._seed = seed
        self._refit_sessions = refit_sessions
        self._retrain_sessions = retrain_sessions
        self._fitted: dict[str, Fitted] = {}
        self._notes: dict[str, str] = {}
        self._tried: date | None = None      # newest session at the last attempt to train: one attempt a session

    def at_work(self, as_of: date) -> tuple[Fitted, ...]:
        """The models that may speak about `as_of`, best expected first: fitted before it and within their licence."""
        return tuple(
            fitted
            for name in MODELS
            if (fitted := self._fitted.get(name)) and fitted.train_end < as_of <= fitted.train_end + LICENCE
        )

    def statuses(self, as_of: date | None) -> tuple[ModelStatus, ...]:
        """All fitted models, with a note where one may not speak."""
        return tuple(
            ModelStatus(name, fitted.model_id, fitted.train_end, self._note(fitted, as_of))
            for name in MODELS
            if (fitted := self._fitted.get(name))
        )

    def notes(self) -> tuple[str, ...]:
        """Why a model is missing, one line each."""
        return tuple(self._notes.values())

    def refit_due(self, sessions_since: int | None) -> bool:
        """Whether the quick models want a fit; `sessions_since` counts from their train_end to the newest bar's."""
        return sessions_since is None or sessions_since > self._refit_sessions

    def train_due(self, newest: date, sessions_since: int | None) -> bool:
        """Whether the LSTM wants a fit; one attempt per session."""
        if self._tried == newest:
            return False
        return sessions_since is None or sessions_since > self._retrain_sessions

    def train_end(self, name: str) -> date | None:
        """What the model called `name` has seen last; None if there is none."""
        fitted = self._fitted.get(name)
        return fitted.train_end if fitted else None

    def fit_quick(self, panel: Panel, cut: int) -> None:
        """Fit random walk, EWMA-t and HAR-t on sessions 0..cut; those that cannot be are named in `notes`."""
        for name in QUICK:
            if (fitted := self._fit(name, panel, cut)) is not None:
                self._fitted[name] = fitted

    def fit_past(self, name: str, panel: Panel, cut: int, on_progress: OnProgress | None = None) -> Fitted | None:
        """A fit as it would have been at session `cut`, for walk-forward use; None if history did not allow it."""
        try:
            return create(name).fit(panel, cut=cut, seed=self._seed, on_progress=on_progress)
        except NotEnoughHistory as error:
            log.info("%s at %s: %s", name, panel.sessions[cut], error)
            return None

    def train(self, panel: Panel, cut: int, newest: date, on_progress: OnProgress | None = None) -> Fitted | None:
        """Fit the LSTM on sessions 0..cut and write its checkpoint; None, with a note, if history does not allow it."""
        self._tried = newest
        fitted = self._fit(NETWORK, panel, cut, on_progress)
        if fitted is not None:
            if isinstance(fitted, checkpoint.Storable):
                checkpoint.save(fitted, self._dir, spec_hash=self.spec.hash)
            self._fitted[NETWORK] = fitted
        return fitted

    def load(self, newest: date, oldest: date) -> Fitted | None:
        """The newest LSTM checkpoint trained from `oldest` to before `newest`; a bad file is named, not raised."""
        for path in sorted(self._dir.glob(f"{NETWORK}-*.safetensors"), key=lambda p: p.stat().st_mtime, reverse=True):
            try:
                fitted = checkpoint.load(path, spec_hash=self.spec.hash)
            except CheckpointError as error:
                self._notes[path.name] = str(error)
                continue
            if oldest <= fitted.train_end < newest:
                self._fitted[NETWORK] = fitted
                return fitted
        return None

    def _fit(self, name: str, panel: Panel, cut: int, on_progress: OnProgress | None = None) -> Fitted | None:
        try:
            fitted = create(name).fit(panel, cut=cut, seed=self._seed, on_progress=on_progress)
        except NotEnoughHistory as error:
            self._notes[name] = str(error)
            return None
        self._notes.pop(name, None)
        return fitted

    def _note(self, fitted: Fitted, as_of: date | None) -> str | None:
        if as_of is not None and as_of > fitted.train_end + LICENCE:
            return f"expired: trained to {fitted.train_end}, licence {LICENCE.days} days"
        return None
