"""Ticks over bars of five minutes: forecast as each slot closes, live while that is worth it, settled at their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forecasting.data.store import Store
from forecasting.domain.forecast import Origin
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.service.local import LocalBackend
from tests.support.desk import setup

OPEN = datetime(2025, 3, 7, 14, 30, tzinfo=UTC)      # a Friday, before the change of clocks
SIM = tuple(Symbol(f"SIM-00{i}") for i in (1, 2, 3))


def ticks(folder: Path, *moments: datetime) -> Store:
    """The store after a tick of a simulated market at each of the moments."""
    made = replace(setup(folder, folder, "simulated"), interval=Interval.FIVE, csv_dir=None, history_years=1)
    store = Store.open(made.store_path, interval=made.interval)
    backend = LocalBackend(made, store)
    for now in moments:
        backend.tick(SIM, now, lambda step: None)
    return store


def test_each_closed_slot_is_forecast_once_and_settled_when_its_target_has_closed(tmp_path: Path) -> None:
    begin = OPEN + timedelta(minutes=65, seconds=5)
    moments = [begin + timedelta(seconds=s) for s in (0, 20, 300, 600)]
    with ticks(tmp_path, *moments) as store:
        live = [e.forecast for e in store.ledger.entries(range(1, 100)) if e.origin is Origin.LIVE]
        as_of = Counter(f.as_of for f in live if f.model == "har-t")
        assert as_of == {OPEN + timedelta(minutes=m): 3 for m in (65, 70, 75)}     # three symbols, once each
        assert all(f.issued_at - f.as_of == timedelta(seconds=5) for f in live)
        settled = store.ledger.outcomes(model="har-t", horizon=1, origin=Origin.LIVE)
        assert Counter(o.target_session for o in settled) == {OPEN + timedelta(minutes=m): 3 for m in (65, 70)}
        closes = {b.session: b.close for b in store.market.bars(SIM[0])}
        assert store.ledger.verify() == len(live)
        assert max(closes) == OPEN + timedelta(minutes=70)      # the bar of 15:40 to 15:45 is the newest closed


def test_after_the_last_slot_of_friday_the_first_of_monday_is_the_target(tmp_path: Path) -> None:
    with ticks(tmp_path, datetime(2025, 3, 7, 21, 0, 5, tzinfo=UTC)) as store:
        entry = store.ledger.latest(SIM)[SIM[0]]["har-t"]
        assert entry.origin is Origin.LIVE
        assert entry.forecast.target_sessions[0] == datetime(2025, 3, 10, 13, 30, tzinfo=UTC)      # clocks have changed
        assert entry.forecast.target_times[-1] == datetime(2025, 3, 10, 14, 20, tzinfo=UTC)


def test_a_forecast_in_the_second_half_of_its_target_is_no_live_one(tmp_path: Path) -> None:
    late = OPEN + timedelta(minutes=67, seconds=31)
    with ticks(tmp_path, late) as store:
        assert {e.origin for e in store.ledger.latest(SIM)[SIM[0]].values()} == {Origin.BACKFILL}


def test_in_the_first_half_it_is_one(tmp_path: Path) -> None:
    closed = OPEN + timedelta(minutes=65)
    with ticks(tmp_path, closed + timedelta(seconds=149)) as store:
        assert {e.origin for e in store.ledger.latest(SIM)[SIM[0]].values()} == {Origin.LIVE}
