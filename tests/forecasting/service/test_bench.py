"""Who may speak: licences (T20) and the count of trials (T19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from forecasting.config.loading import parse
from forecasting.domain.market import Symbol
from forecasting.features.panel import Panel
from forecasting.features.pipeline import build_panel
from forecasting.models.base import Predictions
from forecasting.models.ensemble import FittedEnsemble
from forecasting.service.backend import Work
from forecasting.service.bench import LICENCE, Bench
from tests.support.desk import SMALL, backend, recorded, write_csv

TRAINED = date(2015, 6, 30)


@dataclass
class Fit:
    """A fitted model that only has a name and a date."""

    name: str
    train_end: date = TRAINED
    model_id: str = "abc"
    data_hash: str = "def"
    seed: int = 0

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        return Predictions(np.zeros((0, 0, 0, 0)), np.zeros((0, 0, 0)))


def bench(folder: Path, *fits: Fit) -> Bench:
    made = Bench(folder, SMALL, refit_sessions=5, retrain_sessions=5)
    for fit in fits:
        made._put(fit)
    return made


def test_a_model_past_its_licence_is_named_expired_and_the_next_best_speaks(tmp_path: Path) -> None:
    late = TRAINED + LICENCE + timedelta(days=1)
    models = bench(tmp_path, Fit("har-t"), Fit("ewma-t", late - timedelta(days=2)))
    assert [f.name for f in models.at_work(late - timedelta(days=1))] == ["har-t", "ewma-t"]
    assert [f.name for f in models.at_work(late)] == ["ewma-t"]
    notes = {s.name: s.note for s in models.statuses(late)}
    assert notes == {"har-t": f"expired: trained to {TRAINED}, licence 30 days", "ewma-t": None}


def test_a_model_does_not_speak_about_a_session_it_has_been_trained_on(tmp_path: Path) -> None:
    assert bench(tmp_path, Fit("har-t")).at_work(TRAINED) == ()


def test_one_attempt_to_train_per_session_and_sooner_under_an_alarm(tmp_path: Path) -> None:
    models = bench(tmp_path)
    assert models.train_due(TRAINED, None)
    assert not models.train_due(TRAINED, 5)
    assert models.train_due(TRAINED, 6)
    assert models.train_due(TRAINED, 2, alarmed=True)
    assert not models.train_due(TRAINED, 1, alarmed=True)


def test_a_weeks_fit_goes_on_from_the_last_ones_weights_also_after_a_restart_and_a_months_starts_anew(
    tmp_path: Path,
) -> None:
    panel = build_panel(recorded(("AAA", "BBB"), date(2014, 1, 2), date(2015, 6, 30)))

    def trained(models: Bench, day: date) -> FittedEnsemble:
        cut = panel.index_of(day)
        fitted = models.train(panel, cut, panel.sessions[cut + 1])
        models.take_over()
        assert isinstance(fitted, FittedEnsemble)
        return fitted

    def warm_from(fitted: FittedEnsemble) -> str | None:
        found: str | None = fitted.members["lstm-0"].parameters.settings["warm_from"]
        return found

    first = bench(tmp_path)
    cold, warm = trained(first, date(2015, 5, 1)), trained(first, date(2015, 5, 8))
    assert (warm_from(cold), warm_from(warm)) == (None, cold.members["lstm-0"].model_id)
    again = bench(tmp_path)
    assert again.load(date(2015, 5, 11), warm.model_id) is not None
    assert warm_from(trained(again, date(2015, 5, 15))) == warm.members["lstm-0"].model_id
    assert warm_from(trained(again, date(2015, 6, 2))) is None


def test_what_config_toml_asks_for_is_what_speaks_and_another_wish_makes_another_model(tmp_path: Path) -> None:
    symbols, now = (Symbol("AAA"), Symbol("BBB")), datetime(2015, 6, 1, 12, tzinfo=UTC)
    folder = write_csv(tmp_path / "csv", recorded(symbols, date(2014, 1, 2), date(2015, 6, 30)))

    def champion(toml: str) -> tuple[str, Mapping[str, Any], tuple[str, ...]]:
        settings = parse(f"[model]\nseeds = 1\nepochs = 1\nhidden = 4\n{toml}", tmp_path / "config.toml")
        with backend(folder, tmp_path / "data", model=settings.model) as local:
            local.tick(symbols, now, lambda step: None)
            local.work(Work.TRAIN, symbols, now, lambda step: None)
            fitted = local.desk.bench.champion
            assert isinstance(fitted, FittedEnsemble)
            network = next(m for label, m in fitted.members.items() if label != "har-t")
            return fitted.model_id, network.parameters.settings, local.desk.bench.notes()

    usual, settings, _ = champion("")
    assert (settings["lookback"], settings["body"]["kind"], settings["scaling"]) == (88, "lstm", "z-score")
    assert champion("")[0] == usual      # loaded
    other, settings, notes = champion("lookback = 60\nbody = 'transformer'\nnormalisation = 'log-return'")
    assert other != usual
    assert (settings["lookback"], settings["body"]["kind"], settings["scaling"]) == (60, "transformer", "log-return")
    assert notes == ()                   # what was wrong with old files is past once there is a new one
    assert champion("features = ['volatility', 'time']")[1]["columns"][-1] == "month_end"


def test_every_training_raises_the_persisted_trial_counter(tmp_path: Path) -> None:
    symbols = (Symbol("AAA"), Symbol("BBB"))
    folder = write_csv(tmp_path / "csv", recorded(symbols, date(2014, 1, 2), date(2015, 6, 30)))
    now = datetime(2015, 6, 1, 12, tzinfo=UTC)
    with backend(folder, tmp_path / "data") as local:
        local.tick(symbols, now, lambda step: None)
        before = local.desk.store.runs.trials()
        local.work(Work.TRAIN, symbols, now, lambda step: None)
        assert local.desk.store.runs.trials() == before + 1
    with backend(folder, tmp_path / "data") as again:
        assert again.desk.store.runs.trials() == before + 1
        again.tick(symbols, now, lambda step: None)
        again.work(Work.TRAIN, symbols, now, lambda step: None)       # this week's checkpoint is loaded, not fitted
        assert again.desk.store.runs.trials() == before + 1
