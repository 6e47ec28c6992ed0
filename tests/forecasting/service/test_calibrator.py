"""The ensemble in the tick: trained, calibrated, scored beside its part; and the tracker that outlives a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from forecasting.data.store import Store
from forecasting.domain.forecast import Forecast, LedgerEntry, Origin, Outcome
from forecasting.domain.market import Symbol
from forecasting.evaluation.calibration import Tracker
from forecasting.service.backend import Work
from forecasting.service.calibrator import Calibrator
from forecasting.service.local import LocalBackend
from tests.support.desk import backend, recorded, write_csv

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
START = date(2015, 8, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBackend]:
    folder = tmp_path_factory.mktemp("ensemble")
    write_csv(folder / "csv", recorded(SYMBOLS, date(2014, 1, 2), date(2015, 9, 30)))
    with backend(folder / "csv", folder / "data") as local:
        now = datetime(2015, 8, 3, 12, tzinfo=UTC)
        local.tick(SYMBOLS, now, lambda step: None)
        local.work(Work.TRAIN, SYMBOLS, now, lambda step: None)
        for session in local.desk.calendars.sessions("XNYS", START, date(2015, 8, 21)).sessions:
            local.tick(SYMBOLS, session.open - timedelta(hours=1), lambda step: None)
            local.tick(SYMBOLS, session.close, lambda step: None)
        yield local


def test_ensemble_and_its_part_speak_live_beside_the_baselines(trained: LocalBackend) -> None:
    latest = trained.desk.store.ledger.latest(SYMBOLS)[SYMBOLS[0]]
    assert set(latest) == {"ensemble", "lstm", "har-t", "ewma-t", "random-walk"}
    assert all(e.origin is Origin.LIVE for e in latest.values())
    records = {(r.model, r.horizon) for r in trained.desk.store.ledger.outcomes(SYMBOLS[0], origin=Origin.LIVE)}
    assert ("ensemble", 5) in records


def test_the_tracker_learns_from_live_outcomes_and_outlives_a_restart(trained: LocalBackend) -> None:
    store = trained.desk.store
    again = Calibrator(store)
    latest = store.ledger.latest([SYMBOLS[0]])[SYMBOLS[0]]["ensemble"].forecast
    wide = replace(latest, log_returns=tuple(tuple(2.0 * x for x in row) for row in latest.log_returns))
    assert again.issue([wide]) == trained.desk.calibrator.issue([wide])
    assert again.issue([wide]) != [wide]


def test_a_tracker_that_is_not_readable_is_learnt_anew(trained: LocalBackend) -> None:
    with Store.temporary() as store:
        store.runs.set_meta("tracker/ensemble", '{"start": [[1]], "learnt": {}}')
        forecast = trained.desk.store.ledger.latest([SYMBOLS[0]])[SYMBOLS[0]]["ensemble"].forecast
        assert Calibrator(store).issue([forecast]) == [forecast]


def test_backfill_and_other_models_teach_nothing(trained: LocalBackend) -> None:
    entry = trained.desk.store.ledger.latest([SYMBOLS[0]])[SYMBOLS[0]]["ensemble"]
    with Store.temporary() as store:
        store.runs.set_meta("tracker/ensemble", json.dumps(Tracker().to_dict()))
        calibrator = Calibrator(store)
        before = calibrator.issue([entry.forecast])
        calibrator.learn([(replace(entry, origin=Origin.BACKFILL), made(entry)), (entry, made(entry, model="lstm"))])
        assert calibrator.issue([entry.forecast]) == before
        calibrator.learn([(entry, made(entry))])
        after: list[Forecast] = calibrator.issue([entry.forecast])
    outer = [float(np.abs(f.log_returns[0][-1] - f.log_returns[0][10])) for f in (*before, *after)]
    assert outer[1] > outer[0]           # the outcome lay far above the band: that tail has grown


def made(entry: LedgerEntry, model: str = "ensemble") -> Outcome:
    forecast = entry.forecast
    return Outcome(
        entry_id=entry.id, symbol=forecast.symbol, model=model, origin=Origin.LIVE, horizon=1,
        as_of_session=forecast.as_of_session, target_session=forecast.target_sessions[0],
        settled_at=forecast.target_times[0], actual=0.5, median=0.0, low_80=-0.01, high_80=0.01, p_up=0.5, crps=0.5,
    )
