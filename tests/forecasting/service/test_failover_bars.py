"""Bars of two sources in one store: only where they agree, always named, and gone when the first one is back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from forecasting.data.sources.failover import FailoverSource
from forecasting.data.store import Store
from forecasting.domain.market import BarSeries, Symbol
from forecasting.domain.snapshot import Health
from forecasting.service.backend import TickReport
from forecasting.service.local import LocalBackend
from forecasting.service.provenance import bar_sources
from forecasting.service.snapshots import SnapshotReader, Status
from tests.support.desk import recorded, setup, write_csv
from tests.support.switched import Switched

AAA = Symbol("AAA")
FIRST, LAST = date(2014, 9, 2), date(2015, 6, 30)
MONDAY, TUESDAY, WEDNESDAY = (date(2015, 6, day) for day in (1, 2, 3))


def scaled(series: BarSeries, factor: float) -> BarSeries:
    """The same bars with every price times `factor`."""
    def bar_times(bar: object) -> object:
        names = ("open", "high", "low", "close", "adj_close")
        return replace(bar, **{name: getattr(bar, name) * factor for name in names})    # type: ignore[type-var]

    return replace(series, bars=tuple(map(bar_times, series.bars)))    # type: ignore[arg-type]


class Case:
    """Two sources whose prices differ by a factor."""

    def __init__(self, folder: Path, store: Store, factor: float) -> None:
        series = recorded([AAA], FIRST, LAST)
        self.local = LocalBackend(setup(write_csv(folder / "a", series), folder), store)
        self.store, clock = store, self.local._clock
        self.yahoo = Switched("yahoo", folder / "a", clock)
        self.csv = Switched("csv", write_csv(folder / "b", [scaled(s, factor) for s in series]), clock)
        self.local.desk.source = FailoverSource((self.yahoo, self.csv), clock)

    def tick(self, day: date, hour: int = 21) -> TickReport:
        return self.local.tick([AAA], datetime(day.year, day.month, day.day, hour, tzinfo=UTC), lambda step: None)

    @property
    def newest(self) -> date:
        return self.store.market.last_sessions([AAA])[AAA]

    @property
    def told(self) -> str:
        return bar_sources(self.store)[AAA]


@pytest.fixture
def case(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    with Store.open(tmp_path / "store.db") as store:
        yield Case(tmp_path, store, request.param)


@pytest.mark.parametrize("case", [1.004], indirect=True)
def test_bars_that_agree_follow_and_are_named_until_the_first_source_is_back(case: Case) -> None:
    case.tick(MONDAY)
    assert (case.told, case.newest) == ("yahoo", MONDAY)
    before = case.store.market.bars(AAA)
    case.yahoo.down = True
    report = case.tick(TUESDAY)
    assert (report.source.substitute, report.new_bars) == ("csv", (AAA,))
    assert (case.told, case.newest) == ("yahoo, csv since 2015-06-02", TUESDAY)
    assert case.store.market.bars(AAA)[:-1] == before          # what was the first one's stays untouched
    case.tick(WEDNESDAY)
    assert (case.told, case.newest) == ("yahoo, csv since 2015-06-02", WEDNESDAY)
    status = Status(report.at, (), (AAA,), report.source, (), report, (), None)
    (row,) = SnapshotReader(case.store).read(1, status).rows
    assert row.bars_source == "yahoo, csv since 2015-06-02"
    assert (row.source, row.error) == ("csv", None)

    case.yahoo.down = False
    case.tick(WEDNESDAY, 22)
    assert case.told == "yahoo"
    whole = case.yahoo.history(AAA)
    assert isinstance(whole, BarSeries)
    assert case.store.market.bars(AAA) == whole.bars


@pytest.mark.parametrize("case", [1.006], indirect=True)
def test_bars_that_differ_are_refused_with_the_figures(case: Case) -> None:
    case.tick(MONDAY)
    before = case.store.market.bars(AAA)
    case.yahoo.down = True
    report = case.tick(TUESDAY)
    (failure,) = report.failures
    assert failure.kind == "sources-differ"
    assert "csv's adjusted close is" in failure.message
    assert "0.6% apart, at most 0.5%" in failure.message
    assert case.store.market.bars(AAA) == before
    asked = len(case.csv.asked)
    again = case.local.tick([AAA], datetime(2015, 6, 2, 21, 0, 30, tzinfo=UTC), lambda step: None)
    assert [f.message for f in again.failures] == [failure.message]      # also while it is not asked again
    assert len(case.csv.asked) == asked + 1
    case.yahoo.down = False
    case.local.tick([AAA], datetime(2015, 6, 2, 21, 0, 45, tzinfo=UTC), lambda step: None)
    assert (case.told, case.newest) == ("yahoo", TUESDAY)


@pytest.mark.parametrize("case", [0.5], indirect=True)
def test_a_history_that_began_with_the_second_source_is_replaced_whole(case: Case) -> None:
    case.yahoo.down = True
    assert case.tick(MONDAY).source.health is Health.LATE
    assert case.told == "csv"
    case.tick(TUESDAY)
    assert (case.told, case.newest) == ("csv", TUESDAY)
    halved = case.store.market.bars(AAA)[-1].close
    case.yahoo.down = False
    report = case.tick(TUESDAY, 22)
    assert report.source.message == "back after 25 h"
    assert case.told == "yahoo"
    assert case.store.market.bars(AAA)[-1].close == pytest.approx(2 * halved)


@pytest.mark.parametrize("case", [1.0], indirect=True)
def test_two_histories_without_common_sessions_cannot_be_compared(case: Case, tmp_path: Path) -> None:
    case.tick(MONDAY)
    case.yahoo.down = True
    lines = (tmp_path / "b/AAA.csv").read_text().splitlines()
    later = [line for line in lines[1:] if line[:10] > "2015-06-01"]
    (tmp_path / "b/AAA.csv").write_text("\n".join([lines[0], *later]))
    (failure,) = case.tick(TUESDAY).failures
    assert "0 sessions in common, 3 are needed to compare" in failure.message
    assert case.newest == MONDAY
