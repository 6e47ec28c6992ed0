"""The tracker that calibrates what the ensemble says, kept in the store: it learns from live outcomes as they settle.

Only the ensemble's bands are moved; its parts and the baselines stay as fitted, so that the ledger shows what the
calibration is worth.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence

from forecasting.data.store import Store
from forecasting.domain.forecast import Forecast, LedgerEntry, Origin, Outcome
from forecasting.errors import CheckpointError
from forecasting.evaluation.calibration import Tracker, calibrated, follow, run_in
from forecasting.features.panel import Panel
from forecasting.models.base import Fitted, Predictions
from forecasting.service.bench import ENSEMBLE

log = logging.getLogger(__name__)

_KEY = f"tracker/{ENSEMBLE}"


class Calibrator:
    """Applies, teaches and keeps the tracker."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tracker = _kept(store)

    @property
    def tracker(self) -> Tracker | None:
        """What has been learnt so far; None before the first fit."""
        return self._tracker

    def run_in(self, fitted: Fitted, panel: Panel) -> None:
        """Start the tracker on the newest training sessions of a fit, unless one has been learning already."""
        if self._tracker is None and fitted.name == ENSEMBLE:
            self._tracker = run_in(fitted, panel)
            self._keep()

    def issue(self, forecasts: Iterable[Forecast]) -> list[Forecast]:
        """The forecasts as they are to be recorded."""
        tracker = self._tracker
        return [f if tracker is None or f.model != ENSEMBLE else calibrated(f, tracker) for f in forecasts]

    def learn(self, settled: Iterable[tuple[LedgerEntry, Outcome]]) -> None:
        """Learn from live outcomes, in the order they are given; others are passed over."""
        if self._tracker is None:
            return
        mine = [(e, o) for e, o in settled if e.origin is Origin.LIVE and o.model == ENSEMBLE]
        for entry, outcome in mine:
            issued = entry.forecast.log_returns[outcome.horizon - 1]
            self._tracker.settle(outcome.symbol, outcome.horizon, issued, outcome.actual)
        if mine:
            self._keep()

    def _keep(self) -> None:
        if self._tracker is not None:
            self._store.runs.set_meta(_KEY, json.dumps(self._tracker.to_dict()))


def _kept(store: Store) -> Tracker | None:
    text = store.runs.get_meta(_KEY)
    if text is None:
        return None
    try:
        return Tracker.from_dict(json.loads(text))
    except (CheckpointError, ValueError) as error:
        log.warning("calibration state in the store is not readable and is learnt anew: %s", error)
        return None


class FollowedFit:
    """A fit whose past forecasts are those a tracker would have issued that ran along with them."""

    def __init__(self, fitted: Fitted) -> None:
        self._fitted = fitted
        self.name, self.model_id, self.train_end = fitted.name, fitted.model_id, fitted.train_end
        self.data_hash, self.seed = fitted.data_hash, fitted.seed

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """See `Fitted.predict`; the sessions must lie after `train_end`."""
        issued, _ = follow(self._fitted, panel, self._fitted.predict(panel, at), at)
        return issued
