"""The journal's signals: one of each edge, whoever was there at its close."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.decision import Signal, SignalKind
from forecasting.domain.market import Symbol
from forecasting.errors import StoreUnwritable
from forecasting.service.kept_records import kept_signal_records
from forecasting.service.local import LocalBackend
from forecasting.service.records import update_signal_records
from tests.support.bars import make_series
from tests.support.desk import backend, recorded, write_csv
from tests.support.markets import at
from tests.support.store import weekdays

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
FIRST, LAST, MONDAY = date(2014, 1, 2), date(2015, 9, 30), date(2015, 6, 1)
DAYS = [MONDAY + timedelta(days=i) for i in range(31)]
BANDS = (SignalKind.BAND_BREACH, SignalKind.BAND_RUN_80, SignalKind.BAND_RUN_50)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("recorded"), recorded(SYMBOLS, FIRST, LAST))


def tick(local: LocalBackend, day: date) -> None:
    local.tick(SYMBOLS, at(day, 22), lambda step: None)


def told(local: LocalBackend) -> set[Signal]:
    return {scored.signal for scored in local.desk.store.signals.recent(10_000)}


def technical(found: set[Signal]) -> set[Signal]:
    return {signal for signal in found if signal.kind not in BANDS}


@pytest.fixture(scope="module")
def daily(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> set[Signal]:
    with backend(folder, tmp_path_factory.mktemp("daily")) as local:
        for day in DAYS:
            tick(local, day)
        return told(local)


def test_after_weeks_without_anybody_the_journal_has_the_signals_of_every_session(
    folder: Path, tmp_path: Path, daily: set[Signal]
) -> None:
    with backend(folder, tmp_path) as local:
        tick(local, DAYS[0])
        before = told(local)
        tick(local, DAYS[-1])
        found = told(local)
    assert technical(found) == technical(daily)
    assert len({signal.session for signal in technical(found) - before}) > 5
    spoken_of = DAYS[1]      # nobody made a forecast for any later one
    assert {s.session for s in found - technical(found) - before} <= {spoken_of}


def test_a_tick_that_was_killed_before_its_signals_were_on_record_leaves_none_out(
    folder: Path, tmp_path: Path, daily: set[Signal], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(signals: object) -> int:
        raise StoreUnwritable("the disk is full")

    with backend(folder, tmp_path) as local:
        for day in DAYS:
            with monkeypatch.context() as during:
                during.setattr(local.desk.store.signals, "append", full)
                with suppress(StoreUnwritable):      # its bars and forecasts are stored by then
                    tick(local, day)
            if day.weekday() != 1:      # and on some days nobody looks again
                tick(local, day)
        found = told(local)
    assert found == daily


def test_any_day_a_signal_has_to_beat_is_one_of_the_years_the_signals_are_of() -> None:
    with Store.temporary() as store:
        fell = [400.0 - i for i in range(200)]                       # before anybody signalled anything
        rose = [201.0 + i for i in range(60)]
        days = list(islice(weekdays(MONDAY), 260))
        store.market.put_bars(make_series("AAA", [*fell, *rose], sessions=days))
        at_the_rise = days[200]
        made = Signal(SYMBOLS[0], SignalKind.MACD_GOLDEN, at_the_rise, at(at_the_rise, 21), 201.0, 1, 5, "crossed")
        store.signals.append([made])
        store.signals.settle(1, math.log(206.0 / 201.0), at(days[206], 21))
        update_signal_records(store, SYMBOLS[:1])
        (record,) = kept_signal_records(store)
    assert record.naive_rate == 1.0
