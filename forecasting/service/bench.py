"""The models at work, and when they are due for a new fit.

Random walk, EWMA-t and HAR-t are fitted together in about a second and kept in memory. The ensemble takes longer and is
kept on disk as well; its first network speaks for itself beside it, as `lstm`. A week's new fit goes on from the last
one's weights (warm), a month's starts anew (cold), and either is at first only the challenger of the ensemble at work:
see `shadow`. A fit sees sessions up to the one before each symbol's newest (`Panel.fit_to`), so that
`train_end < as_of` holds from its first forecast on.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.config import ModelSettings
from forecasting.domain.forecast import MODELS
from forecasting.domain.interval import Interval
from forecasting.errors import CheckpointError, NotEnoughHistory
from forecasting.features.panel import Panel
from forecasting.features.pipeline import FeatureSpec
from forecasting.models import checkpoint
from forecasting.models.base import Fitted, OnProgress
from forecasting.models.har import HarT
from forecasting.models.registry import create
from forecasting.service.backend import CHALLENGER, ModelStatus

if TYPE_CHECKING:
    from forecasting.models.network import FittedNetwork

log = logging.getLogger(__name__)

ENSEMBLE = "ensemble"
QUICK = ("har-t", "ewma-t", "random-walk")
CHECKPOINTS_KEPT = 8
LICENCE = timedelta(days=30)
"""How long a fit may be used; after that it is named expired and the next best model speaks."""


class Bench:
    """Fitted models by name. Each is replaced whole, never changed: ticks and long jobs share them across threads."""

    def __init__(
        self, models_dir: Path, asked: ModelSettings, *, refit_sessions: int, retrain_sessions: int,
        interval: Interval = Interval.DAY,
    ) -> None:
        self.spec = FeatureSpec(asked.features, interval)
        self.asked = asked
        self._dir = models_dir
        self._refit_sessions = refit_sessions
        self._retrain_sessions = retrain_sessions
        self._fitted: dict[str, Fitted] = {}
        self._notes: dict[str, str] = {}
        self._challenger: Fitted | None = None
        self._shadow = ""                    # how it does
        self._tried: date | None = None      # newest session at the last attempt to train: one attempt a session

    def at_work(self, as_of: date) -> tuple[Fitted, ...]:
        """The models that may speak about `as_of`, best expected first: fitted before it and within their licence."""
        return tuple(
            fitted
            for name in MODELS
            if (fitted := self._fitted.get(name)) and _may_speak(fitted, as_of)
        )

    @property
    def champion(self) -> Fitted | None:
        """The ensemble at work, if there is one, its licence over or not."""
        return self._fitted.get(ENSEMBLE)

    @property
    def challenger(self) -> Fitted | None:
        """The ensemble in shadow, if there is one."""
        return self._challenger

    def watch_challenger(self, note: str) -> None:
        """Say how the challenger does, for `statuses`."""
        self._shadow = note

    def take_over(self) -> None:
        """The challenger becomes the champion."""
        if self._challenger is not None:
            self._put(self._challenger)
        self._challenger = None

    def dismiss(self) -> None:
        """The challenger was no better: it is forgotten, on disk too."""
        if self._challenger is not None:
            self._path(self._challenger).unlink(missing_ok=True)
        self._challenger = None

    def statuses(self, as_of: date | None) -> tuple[ModelStatus, ...]:
        """All fitted models, with a note where one may not speak; the challenger last."""
        at_work = tuple(
            ModelStatus(name, fitted.model_id, fitted.train_end, self._note(fitted, as_of))
            for name in MODELS
            if (fitted := self._fitted.get(name))
        )
        new = self._challenger
        return at_work if new is None else (
            *at_work, ModelStatus(CHALLENGER, new.model_id, new.train_end, self._shadow)
        )

    def notes(self) -> tuple[str, ...]:
        """Why a model is missing, one line each."""
        return tuple(self._notes.values())

    def refit_due(self, sessions_since: int | None) -> bool:
        """Whether the quick models want a fit; `sessions_since` counts from their train_end to the newest bar's."""
        return sessions_since is None or sessions_since > self._refit_sessions

    def train_due(self, newest: date, sessions_since: int | None, *, alarmed: bool = False) -> bool:
        """Whether the ensemble wants a fit: by the calendar, under an alarm sooner, with a challenger waiting never.

        There is one attempt per session.
        """
        if self._tried == newest or self._challenger is not None:
            return False
        return sessions_since is None or sessions_since > self.train_patience(alarmed=alarmed)

    @property
    def refit_patience(self) -> int:
        """Sessions since their train_end that the quick models may serve for."""
        return self._refit_sessions

    def train_patience(self, *, alarmed: bool) -> int:
        """The same of the ensemble."""
        return max(self._retrain_sessions // 3, 1) if alarmed else self._retrain_sessions

    def train_end(self, name: str) -> date | None:
        """What the model called `name` has seen last; None if there is none."""
        fitted = self._fitted.get(name)
        return fitted.train_end if fitted else None

    def fit_quick(self, panel: Panel, cut: int) -> None:
        """Fit random walk, EWMA-t and HAR-t on sessions 0..cut; those that cannot be are named in `notes`."""
        for name in QUICK:
            if (fitted := self._fit(name, panel, cut)) is not None:
                self._put(fitted)

    def fit_past(self, name: str, panel: Panel, cut: int, on_progress: OnProgress | None = None) -> tuple[Fitted, ...]:
        """A fit as it would have been at session `cut`, with its parts; empty if history did not allow it."""
        try:
            fitted = create(name, self.asked).fit(panel, cut=cut, seed=self.asked.seed, on_progress=on_progress)
        except NotEnoughHistory as error:
            log.info("%s at %s: %s", name, panel.sessions[cut], error)
            return ()
        return fitted, *_parts(fitted)

    def train(
        self, panel: Panel, cut: int, newest: date, on_progress: OnProgress | None = None, *, anew: bool = False
    ) -> Fitted | None:
        """Fit the ensemble on sessions 0..cut and write its checkpoint; None, with a note, if there is too little.

        It becomes the challenger of a champion that may speak about `newest`; else, and made `anew` for an alarm, it is
        the champion at once.
        """
        self._tried = newest
        before = self.champion
        previous = before if not anew and _is_young(before, panel.sessions[cut]) else None
        fitted = self._fit(ENSEMBLE, panel, cut, on_progress, previous)
        if fitted is None:
            return None
        if anew or before is None or not _may_speak(before, newest):
            self._put(fitted)
            self._challenger = None
        else:
            self._challenger = fitted
        self._notes = {name: note for name, note in self._notes.items() if name in MODELS}   # not of files any more
        if isinstance(fitted, checkpoint.Storable):
            checkpoint.save(fitted, self._dir, spec_hash=self.spec.hash)
            self._prune()
        return fitted

    def load(self, newest: date, champion: str | None) -> Fitted | None:
        """The ensembles on disk that may speak about `newest` take their places; a bad file is named, not raised.

        Args:
            newest: The newest session.
            champion: Model id of the one to be at work; if it is not there, the newest is. What was trained on more
                than it has seen becomes its challenger.

        Returns:
            The champion, or None.
        """
        found = [fitted for path in self.checkpoints() if (fitted := self._read(path)) and _may_speak(fitted, newest)]
        if not found:
            return None
        chosen = next((f for f in found if f.model_id == champion), found[0])
        self._put(chosen)
        self._challenger = next((f for f in found if f.train_end > chosen.train_end), None)
        return chosen

    def kept(self, model_id: str | None, as_of: date) -> Fitted | None:
        """The ensemble on disk with this id, if it may speak about `as_of`; nobody's place changes."""
        path = self._dir / checkpoint.file_name(ENSEMBLE, model_id or "")
        fitted = self._read(path) if path.exists() else None
        return fitted if fitted is not None and _may_speak(fitted, as_of) else None

    def _read(self, path: Path) -> Fitted | None:
        from forecasting.models.recipe import network_settings

        try:
            return checkpoint.load(path, spec_hash=self.spec.hash, recipe=network_settings(self.asked).hash)
        except CheckpointError as error:
            self._notes[path.name] = str(error)
            return None

    def checkpoints(self) -> list[Path]:
        """The ensembles on disk, newest first."""
        return sorted(self._dir.glob(f"{ENSEMBLE}-*.safetensors"), key=lambda p: p.stat().st_mtime, reverse=True)

    def _path(self, fitted: Fitted) -> Path:
        return self._dir / checkpoint.file_name(fitted.name, fitted.model_id)

    def _prune(self) -> None:
        needed = {self._path(f) for f in (self.champion, self._challenger) if f is not None}
        for old in self.checkpoints()[CHECKPOINTS_KEPT:]:
            if old not in needed:
                old.unlink(missing_ok=True)

    def _put(self, fitted: Fitted) -> None:
        self._fitted = {**self._fitted, **{one.name: one for one in (fitted, *_parts(fitted))}}

    def _fit(
        self, name: str, panel: Panel, cut: int, on_progress: OnProgress | None = None, previous: Fitted | None = None
    ) -> Fitted | None:
        try:
            model = create(name, self.asked, seeds=_networks_in(previous), previous=previous)
            fitted = model.fit(panel, cut=cut, seed=self.asked.seed, on_progress=on_progress)
        except NotEnoughHistory as error:
            self._notes[name] = str(error)
            return None
        self._notes.pop(name, None)
        return fitted

    def _note(self, fitted: Fitted, as_of: date | None) -> str | None:
        if as_of is not None and as_of > fitted.train_end + LICENCE:
            return f"expired: trained to {fitted.train_end}, licence {LICENCE.days} days"
        return None


def _may_speak(fitted: Fitted, as_of: date) -> bool:
    return fitted.train_end < as_of <= fitted.train_end + LICENCE


# Torch comes with the ensemble's module: it is imported where there is an ensemble, and not before.


def first_network(fitted: Fitted) -> FittedNetwork | None:
    """The first network of an ensemble; None of another model."""
    from forecasting.models.network import FittedNetwork

    return next((m for m in _members(fitted) if isinstance(m, FittedNetwork)), None)


def _parts(fitted: Fitted) -> tuple[Fitted, ...]:
    """Members that speak for themselves beside their ensemble: the first LSTM; none of another model."""
    return tuple(m for m in _members(fitted) if m.name == "lstm")[:1]


def _networks_in(fitted: Fitted | None) -> int | None:
    """How many networks an ensemble has; None of anything else."""
    return None if fitted is None else sum(m.name != HarT.name for m in _members(fitted)) or None


def _is_young(fitted: Fitted | None, today: date) -> bool:
    """Whether an ensemble's weights began their way so lately that a fit may go on from them."""
    if fitted is None:
        return False
    from forecasting.models.ensemble import FittedEnsemble

    return isinstance(fitted, FittedEnsemble) and today <= fitted.begun + LICENCE


def _members(fitted: Fitted) -> tuple[Fitted, ...]:
    if fitted.name != ENSEMBLE:
        return ()
    from forecasting.models.ensemble import FittedEnsemble

    return tuple(fitted.members.values()) if isinstance(fitted, FittedEnsemble) else ()
