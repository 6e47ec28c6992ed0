"""How the models stand, what a band is made of, and a training that is stopped: on a recorded market."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from forecasting.config import ModelSettings
from forecasting.domain.market import Symbol
from forecasting.errors import NotEnoughHistory, QuestionWithdrawn
from forecasting.service import wire
from forecasting.service.backend import Step, Work
from forecasting.service.band import answer_band
from forecasting.service.client import WorkerClient
from forecasting.service.local import LocalBackend
from forecasting.service.model_answers import answer_models
from forecasting.service.model_board import AskBand, AskModels, Band, ModelBoard
from tests.support.desk import TINY, backend, recorded, setup, write_csv
from tests.support.markets import CALENDARS
from tests.support.waiting import PATIENCE_S, until

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
BEGIN = date(2015, 6, 1)
NOW = CALENDARS.sessions("XNYS", BEGIN, BEGIN).sessions[0].close + timedelta(minutes=1)


def silent(step: Step) -> None:
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("recorded"), recorded(SYMBOLS, date(2014, 1, 2), date(2015, 6, 30)))


@pytest.fixture(scope="module")
def local(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBackend]:
    """An evening with two tiny networks at work."""
    with backend(folder, tmp_path_factory.mktemp("store"), model=replace(TINY, seeds=2)) as made:
        made.tick(SYMBOLS, NOW, silent)
        made.work(Work.TRAIN, SYMBOLS, NOW, silent)
        made.tick(SYMBOLS, NOW, silent)
        yield made


@pytest.fixture(scope="module")
def board(local: LocalBackend) -> ModelBoard:
    return answer_models(local.desk, AskModels(), NOW, silent)


def test_the_champion_is_told_with_its_span_its_rows_and_its_members_weights(board: ModelBoard) -> None:
    champion = board.versions[0]
    assert (champion.name, champion.role, champion.train_end) == ("ensemble", "champion", date(2015, 5, 29))
    assert champion.train_start is not None
    assert date(2014, 1, 2) < champion.train_start < date(2014, 6, 1)      # features warm up
    assert [(m.label, m.weight) for m in champion.members] == [("har-t", 0.5), ("lstm-0", 0.25), ("lstm-1", 0.25)]
    assert champion.members[1].rows == champion.members[2].rows
    assert [e.epoch for e in champion.members[1].losses] == [0, 1]
    assert champion.members[1].losses[1].measure == "CRPS"


def test_a_backfill_whose_networks_are_fitted_says_of_whom_it_writes_and_claims_no_share(
    folder: Path, tmp_path: Path
) -> None:
    steps: list[Step] = []
    with backend(folder, tmp_path, model=TINY) as made:
        made.desk.backfill_sessions = 20
        made.tick(SYMBOLS, NOW, silent)
        made.work(Work.TRAIN, SYMBOLS, NOW, silent)
        made.work(Work.BACKFILL, SYMBOLS, NOW, steps.append)
    unshared = [step.message for step in steps if step.fraction is None]
    at = unshared.index("backfill ensemble over 20 sessions")
    assert unshared[at : at + 2] == ["backfill ensemble over 20 sessions", "backfill lstm over 20 sessions"]
    assert unshared[-1].startswith("settling")


def test_what_stands_in_memory_alone_is_told_too_and_every_run(board: ModelBoard) -> None:
    assert {v.name for v in board.versions[1:]} == {"lstm", "har-t", "ewma-t", "random-walk"}
    assert [(run.kind, run.ok) for run in board.runs] == [("train", True)]
    assert board.trials == 1


def test_calibration_that_has_met_no_outcome_yet_has_no_common_factor(board: ModelBoard) -> None:
    assert [c.horizon for c in board.calibration] == [1, 5, 10]
    assert all(c.common == 1.0 and c.narrowest <= c.middle <= c.widest for c in board.calibration)
    assert (board.calibrated_symbols, board.watched, board.alarms) == (2, 0, ())


def test_a_band_is_its_baseline_its_blocks_and_a_gap_and_nothing_else(local: LocalBackend) -> None:
    band = answer_band(local.desk, AskBand(SYMBOLS[0], SYMBOLS), NOW, silent)
    assert [(p.name, p.weight) for p in band.parts] == [("ensemble", 1.0), ("har-t", 0.5), ("networks", 0.5)]
    for part in band.parts:
        assert part.baseline + sum(v for _, v in part.blocks) + part.gap == pytest.approx(part.log_sigma, abs=1e-12)
    assert band.parts[1].gap == 0.0
    assert abs(band.parts[0].gap) < 0.02


def test_what_was_issued_is_the_model_times_what_calibration_did(local: LocalBackend) -> None:
    band = answer_band(local.desk, AskBand(SYMBOLS[0], SYMBOLS), NOW, silent)
    assert band.issued is not None
    assert band.widened is not None
    width = 2.5631031310892007 * math.exp(band.parts[0].log_sigma)
    assert band.issued[1] - band.issued[0] == pytest.approx(width * band.widened)
    assert 0.4 < band.widened < 2.5


def test_a_symbol_without_bars_has_no_band(local: LocalBackend) -> None:
    with pytest.raises(NotEnoughHistory, match="ZZZ: no bars are stored"):
        answer_band(local.desk, AskBand(Symbol("ZZZ"), SYMBOLS), NOW, silent)


def test_a_process_without_models_of_its_own_tells_the_same_from_the_files(local: LocalBackend, folder: Path) -> None:
    """A view beside a daemon: its worker has trained nothing."""
    path = local.desk.store.path.parent
    with backend(folder, path, model=replace(TINY, seeds=2)) as other:
        told = answer_models(other.desk, AskModels(), NOW, silent)
        mine = answer_band(other.desk, AskBand(SYMBOLS[1], SYMBOLS), NOW, silent)
    assert told.versions[0] == answer_models(local.desk, AskModels(), NOW, silent).versions[0]
    assert mine == answer_band(local.desk, AskBand(SYMBOLS[1], SYMBOLS), NOW, silent)


def test_answers_cross_the_pipe_unchanged(local: LocalBackend, board: ModelBoard) -> None:
    band = answer_band(local.desk, AskBand(SYMBOLS[0], SYMBOLS), NOW, silent)
    assert wire.unpack(ModelBoard, wire.pack(board)) == board
    assert wire.unpack(Band, wire.pack(band)) == band


def test_a_training_that_is_stopped_leaves_the_model_at_work_there(folder: Path, tmp_path: Path) -> None:
    def stop(step: Step) -> None:
        if step.epoch is not None:
            raise QuestionWithdrawn("taken back")

    with backend(folder, tmp_path, model=TINY) as local:
        local.tick(SYMBOLS, NOW, silent)
        local.work(Work.TRAIN, SYMBOLS, NOW, silent)
        champion, files = local.desk.bench.champion, sorted((tmp_path / "models").iterdir())
        with pytest.raises(QuestionWithdrawn):
            local.work(Work.TRAIN, SYMBOLS, NOW, stop)
        assert local.desk.bench.champion is champion
        assert local.desk.bench.challenger is None
        assert sorted((tmp_path / "models").iterdir()) == files      # neither a checkpoint nor half of one
        runs = answer_models(local.desk, AskModels(), NOW, silent).runs
    assert (runs[0].ok, runs[0].message) == (False, "cancelled")


def test_a_training_in_a_worker_process_stops_between_two_epochs(folder: Path, tmp_path: Path) -> None:
    client = WorkerClient(
        setup(folder, tmp_path, model=ModelSettings(seeds=1, epochs=500, patience=500)),
        log_path=tmp_path / "worker.log",
    )
    client.tick(SYMBOLS, NOW, silent)
    steps: list[Step] = []
    came: list[Exception] = []

    def run() -> None:
        try:
            client.work(Work.TRAIN, SYMBOLS, NOW, steps.append)
        except QuestionWithdrawn as error:
            came.append(error)

    training = threading.Thread(target=run)
    training.start()
    until(lambda: any(step.epoch is not None for step in steps), 2 * PATIENCE_S)     # torch's thread gives way to all
    client.cancel(Work.TRAIN)
    training.join(PATIENCE_S)
    assert came
    assert max(step.fraction or 0.0 for step in steps) < 0.9
    report = client.tick(SYMBOLS, NOW + timedelta(minutes=1), silent)
    assert [m.name for m in report.models] == ["har-t", "ewma-t", "random-walk"]
    assert Work.TRAIN not in report.due      # one attempt a session
    client.close()


def test_the_next_fits_are_told_by_the_calendar(local: LocalBackend) -> None:
    """Quick models serve five sessions here, and so does the ensemble; all have seen the session before the newest."""
    report = local.tick(SYMBOLS, NOW + timedelta(minutes=2), silent)
    sessions = CALENDARS.sessions("XNYS", BEGIN, BEGIN + timedelta(days=20)).sessions
    assert report.closed_through == sessions[0].session
    assert report.next_due == ((Work.REFIT, sessions[5].close), (Work.TRAIN, sessions[5].close))
