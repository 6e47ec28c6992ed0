"""T17: the track record is read from the append-only, hash-chained ledger, and nothing is forecast again for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from forecasting.domain.forecast import Origin, TrackRecord
from forecasting.domain.market import Symbol
from forecasting.errors import LedgerError
from forecasting.models.ensemble import FittedEnsemble
from forecasting.models.ewma_t import FittedEwmaT
from forecasting.models.garch import FittedGarchT
from forecasting.models.har import FittedHarT
from forecasting.models.naive import FittedNaive
from forecasting.models.network import FittedNetwork
from forecasting.service.local import LocalBackend
from forecasting.service.records import update_records
from forecasting.service.settle import settle_forecasts
from tests.support.desk import backend, recorded, write_csv
from tests.support.markets import CALENDARS, at

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
FIRST, END = date(2015, 6, 1), date(2015, 6, 24)


class Repredicted(Exception):
    """A model was asked again."""


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalBackend]:
    """Two weeks of live forecasts, settled as they matured; the bars of five more sessions wait in the source."""
    folder = write_csv(tmp_path / "csv", recorded(SYMBOLS, date(2014, 1, 2), END))
    with backend(folder, tmp_path / "data") as made:
        for session in CALENDARS.sessions("XNYS", FIRST, date(2015, 6, 16)).sessions:
            made.tick(SYMBOLS, at(session.session, 12), lambda step: None)
        yield made


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a model that is asked for a forecast raises."""
    def refuse(self: object, panel: object, at: object) -> None:
        raise Repredicted(type(self).__name__)

    for kind in (FittedEnsemble, FittedNetwork, FittedHarT, FittedGarchT, FittedEwmaT, FittedNaive):
        monkeypatch.setattr(kind, "predict", refuse)


@pytest.mark.honesty("T17")
def test_outcomes_are_settled_and_records_computed_without_any_model(
    local: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch)
    store, now = local.desk.store, at(END, 12)
    for symbol in SYMBOLS:
        assert local.take_history(symbol, now, lambda step: None) is None
    assert settle_forecasts(local.desk) > 0
    records = {(r.symbol, r.model, r.horizon): r for r in update_records(store, SYMBOLS) if r.origin is Origin.LIVE}
    assert store.ledger.verify() == 12 * len(SYMBOLS) * 3       # sessions, tickers, models
    for symbol in SYMBOLS:
        assert records[symbol, "har-t", 5].n == 12
        assert_by_hand(local, records[symbol, "har-t", 5], symbol)


def test_a_replay_that_goes_on_before_its_newest_bars_settles_only_what_has_closed(local: LocalBackend) -> None:
    for symbol in SYMBOLS:
        assert local.take_history(symbol, at(END, 12), lambda step: None) is None
    settled = []
    for now in (at(date(2015, 6, 17), 0), at(date(2015, 6, 18), 0), at(END, 12)):
        local.catalogue(now)      # sets the clock
        settled.append(settle_forecasts(local.desk))
    # Two tickers, three models: 16 June ends one horizon of each of ten sessions, 17 June one of nine, as the newest
    # forecasts were made at the close of the 15th.
    assert settled[:2] == [2 * 3 * 10, 2 * 3 * 9]
    assert settled[2] > 0
    assert local.desk.store.ledger.verify() == 12 * len(SYMBOLS) * 3


def assert_by_hand(local: LocalBackend, told: TrackRecord, symbol: Symbol) -> None:
    """Coverage and error again, from what the ledger says and what the closes were."""
    closes = local.desk.store.market.adjusted_closes(symbol)
    inside, errors = [], []
    for outcome in local.desk.store.ledger.outcomes(symbol, told.model, told.horizon, Origin.LIVE):
        said = local.desk.store.ledger.entry(outcome.entry_id).forecast
        ratio = closes[said.target_sessions[told.horizon - 1]] / closes[said.as_of_session]
        low, median, high = (said.price(told.horizon, level) / said.last_close for level in (0.1, 0.5, 0.9))
        inside.append(low <= ratio <= high)
        errors.append(abs(outcome.actual - outcome.median))
        assert median == 1.0
    assert told.coverage_80 == pytest.approx(sum(inside) / len(inside))
    assert told.mae == pytest.approx(sum(errors) / len(errors))


@pytest.mark.honesty("T17", red=True)
def test_a_model_that_is_asked_again_is_caught(local: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid(monkeypatch)
    with pytest.raises(Repredicted):
        local.tick(SYMBOLS, at(END, 12), lambda step: None)     # forecasts the new bars: what a record must never do


@pytest.mark.honesty("T17", red=True)
@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE outcomes SET actual = -actual WHERE id = 2",
        "UPDATE forecasts SET body = replace(body, 'har-t', 'ensemble') WHERE id = 1",
        "DELETE FROM outcomes WHERE id = (SELECT max(id) FROM outcomes)",
    ],
)
def test_a_record_that_was_helped_along_does_not_verify(local: LocalBackend, edit: str) -> None:
    store = local.desk.store
    with closing(sqlite3.connect(store.path)) as raw:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(edit)
        for trigger in ("forecasts_stay", "outcomes_stay", "outcomes_last", "forecasts_last"):
            raw.execute(f"DROP TRIGGER {trigger}")
        with raw:
            raw.execute(edit)
    with pytest.raises(LedgerError):
        store.ledger.verify()
