"""T19 and T20 through the backend: each training is counted, and an old model is named expired and falls silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.store.runs import Runs
from forecasting.domain.market import Symbol
from forecasting.service import bench
from forecasting.service.backend import TickReport, Work
from forecasting.service.local import LocalBackend
from forecasting.service.view import shown_forecast
from tests.support.desk import backend, recorded, write_csv
from tests.support.markets import at

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
TRAINED = at(date(2015, 6, 1), 12)
LATER = at(date(2015, 7, 15), 12)       # 44 days


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), recorded(SYMBOLS, date(2014, 1, 2), date(2015, 9, 30)))


@pytest.fixture
def local(folder: Path, tmp_path: Path) -> Iterator[LocalBackend]:
    with backend(folder, tmp_path) as made:
        yield made


def tick(local: LocalBackend, now: datetime) -> TickReport:
    return local.tick(SYMBOLS, now, lambda step: None)


def train(local: LocalBackend, now: datetime) -> int:
    """Tick, train, and by how much that raised the counter."""
    tick(local, now)
    before = local.desk.store.runs.trials()
    local.work(Work.TRAIN, SYMBOLS, now, lambda step: None)
    return local.desk.store.runs.trials() - before


@pytest.mark.honesty("T19")
def test_every_training_counts_and_the_count_outlives_the_process(
    local: LocalBackend, folder: Path, tmp_path: Path
) -> None:
    assert [train(local, TRAINED), train(local, TRAINED + timedelta(days=14)), train(local, LATER)] == [1, 1, 1]
    with backend(folder, tmp_path) as again:
        assert again.desk.store.runs.trials() == 3


@pytest.mark.honesty("T19", red=True)
def test_a_training_that_is_not_counted_is_found(local: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runs, "next_trial", lambda self: 1)
    assert train(local, TRAINED) == 0


def speakers(local: LocalBackend, session: date) -> set[str]:
    """Who has spoken about the session."""
    ledger = local.desk.store.ledger
    every = ledger.entries(range(1, ledger.count() + 1))
    return {e.forecast.model for e in every if e.forecast.as_of_session == session}


@pytest.mark.honesty("T20")
def test_an_ensemble_past_its_licence_is_named_expired_and_har_speaks_instead(local: LocalBackend) -> None:
    train(local, TRAINED)
    assert tick(local, TRAINED + timedelta(days=1)).closed_through == date(2015, 6, 1)
    assert speakers(local, date(2015, 6, 1)) >= {"ensemble", "lstm", "har-t"}

    report = tick(local, LATER)
    assert speakers(local, date(2015, 7, 14)) == {"har-t", "ewma-t", "random-walk"}
    notes = {status.name: status.note for status in report.models}
    assert notes["ensemble"] == notes["lstm"] == "expired: trained to 2015-05-28, licence 30 days"
    assert notes["har-t"] is None
    for by_model in local.desk.store.ledger.latest(SYMBOLS).values():
        shown = shown_forecast({name: e.forecast for name, e in by_model.items()})
        assert shown is not None
        assert shown.model == "har-t"
    assert Work.TRAIN in report.due


@pytest.mark.honesty("T20", red=True)
def test_a_licence_without_end_would_let_the_old_model_speak(
    local: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "LICENCE", timedelta(days=3650))
    train(local, TRAINED)
    tick(local, LATER)
    assert "ensemble" in speakers(local, date(2015, 7, 14))
