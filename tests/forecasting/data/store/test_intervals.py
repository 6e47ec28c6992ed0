"""Facts of different intervals never meet: a file each, one watchlist for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.forecast import Origin
from forecasting.domain.interval import Interval
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import StoreError
from tests.support.ledger_rows import forecast, outcome

NVDA = Symbol("NVDA")
OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def quarters(count: int) -> BarSeries:
    keys = [OPEN + timedelta(minutes=15 * i) for i in range(count)]
    bars = tuple(Bar(key, 10.0 + i, 11.0 + i, 9.0 + i, 10.5 + i, 10.5 + i, 100.0) for i, key in enumerate(keys))
    return BarSeries(Instrument(NVDA, "Nvidia", "XNYS", "USD"), bars, Interval.QUARTER)


def test_bars_come_back_under_the_times_they_were_given(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db", interval=Interval.QUARTER) as store:
        assert store.market.put_bars(quarters(5)) == 5
        assert store.market.series(NVDA) == quarters(5)
        assert store.market.bars(NVDA, until=OPEN + timedelta(minutes=15)) == quarters(2).bars
        assert store.market.last_sessions() == {NVDA: OPEN + timedelta(minutes=60)}
        assert list(store.market.adjusted_closes(NVDA, since=OPEN + timedelta(minutes=45))) == [
            OPEN + timedelta(minutes=45), OPEN + timedelta(minutes=60)
        ]


def test_what_one_interval_stores_no_other_sees_but_the_watchlist_is_one(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path, interval=Interval.QUARTER) as quarter:
        quarter.market.put_bars(quarters(3))
        quarter.watchlist.save([WatchGroup("Core", (NVDA,))])
    for other in (Interval.DAY, Interval.FIVE, Interval.HOUR):
        with Store.open(path, interval=other) as store:
            assert (store.market.last_sessions(), store.watchlist.groups()) == ({}, (WatchGroup("Core", (NVDA,)),))
    assert sorted(p.name for p in tmp_path.glob("*.db")) == ["store-15m.db", "store-1h.db", "store-5m.db", "store.db"]


@pytest.mark.parametrize(("kept", "asked"), [(Interval.DAY, Interval.FIVE), (Interval.FIVE, Interval.DAY)])
def test_a_renamed_file_is_refused_in_one_line(tmp_path: Path, kept: Interval, asked: Interval) -> None:
    names = {Interval.DAY: "store.db", Interval.FIVE: "store-5m.db"}
    bars = quarters(1).bars if kept is Interval.FIVE else (replace(quarters(1).bars[0], session=date(2026, 1, 5)),)
    with Store.open(tmp_path / "store.db", interval=kept) as store:
        store.market.put_bars(replace(quarters(1), bars=bars, interval=kept))
    (tmp_path / names[kept]).rename(tmp_path / "moved.db")
    (tmp_path / "moved.db").rename(tmp_path / names[asked])
    with pytest.raises(StoreError, match=f"holds {kept} bars and was opened for {asked}; give the file its old name"):
        Store.open(tmp_path / "store.db", interval=asked)


@pytest.mark.parametrize("key", [date(2026, 1, 5), OPEN.replace(tzinfo=None)])
def test_a_bar_named_as_another_interval_would_is_refused(tmp_path: Path, key: date) -> None:
    with Store.open(tmp_path / "store.db", interval=Interval.QUARTER) as store:
        odd = replace(quarters(1), bars=(replace(quarters(1).bars[0], session=key),))
        with pytest.raises(ValueError, match=f"keeps '15m' bars, got a bar named {key}"):
            store.market.put_bars(odd)


def test_the_ledger_keeps_targets_of_a_quarter_and_its_chain_holds(tmp_path: Path) -> None:
    targets = tuple(OPEN + timedelta(minutes=15 * i) for i in range(1, 11))
    said = replace(
        forecast(), train_end=OPEN - timedelta(minutes=15), as_of_session=OPEN, as_of=targets[0],
        issued_at=targets[0], target_sessions=targets, target_times=tuple(t + timedelta(minutes=15) for t in targets),
    )
    with Store.open(tmp_path / "store.db", interval=Interval.QUARTER) as store:
        (entry,) = store.ledger.append([said], Origin.LIVE, at=targets[0])
        assert store.ledger.entry(entry.id).forecast.target_sessions == targets
        (due,) = store.ledger.unsettled(targets[0])
        assert (due.as_of_session, due.target_session, due.target_time) == (OPEN, targets[0], targets[1])
        came = replace(outcome(entry.id), as_of_session=OPEN, target_session=targets[0], settled_at=targets[1])
        (settled,) = store.ledger.settle([came])
        assert settled.target_session == targets[0]
        assert store.ledger.verify() == 1
