"""The app's engine over a backend in this process and a fake Yahoo: a fault is told at once and ends by itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.sources.yahoo import YahooSource
from forecasting.data.store import Store
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import RowState, Symbol
from forecasting.domain.snapshot import Health, Snapshot
from forecasting.domain.watchlist import WatchGroup
from forecasting.service.engine import Engine
from forecasting.service.local import LocalBackend
from forecasting.service.pace import Cadence
from forecasting.service.watchlist import Watchlist
from tests.support.desk import setup
from tests.support.engines import without_sinks
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed, weekday_bars
from tests.support.markets import CALENDARS
from tests.support.waiting import soon

LAST = date(2026, 3, 6)                                     # a Friday; New York closed at 21:00 UTC
EVENING = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")


class App:
    """An engine, its snapshots, the fake it asks, and the only clock there is."""

    def __init__(self, folder: Path, fake: FakeYahoo) -> None:
        made = replace(setup(folder, folder, source="yahoo"), csv_dir=None, history_years=1, backfill_sessions=0)
        self.fake, self.clock = fake, FrozenClock(EVENING)
        store = Store.open(made.store_path)
        backend = LocalBackend(made, Store.open(made.store_path))
        backend.desk.source = YahooSource(
            cache_dir=folder, clock=self.clock, wall=self.clock, calendars=CALENDARS, cap_s=0.2, per_second=1e3
        )
        self.engine = Engine(
            store=store,
            backend=backend,
            watchlist=Watchlist((WatchGroup("Core", (AAPL, MSFT)),), lambda groups: None),
            source_name="yahoo",
            cadence=Cadence(open_seconds=0.1, closed_seconds=0.1),
            alarms=without_sinks(store),
            clock=self.clock,
        )
        self.snapshots: list[Snapshot] = []
        self.engine.start(self.snapshots.append, lambda job: threading.Thread(target=job).start())

    async def until(self, said: Callable[[Snapshot], bool]) -> Snapshot:
        await soon(lambda: self.snapshots and said(self.snapshots[-1]))
        return self.snapshots[-1]


@pytest.fixture
async def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    symbols: dict[str, FakeSymbol] = {s: FakeSymbol(weekday_bars(LAST, 30)) for s in (AAPL, MSFT)}
    with FakeYahoo(symbols) as fake, routed(monkeypatch, fake):
        made = App(tmp_path, fake)
        yield made
        made.engine.stop()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("fault", ["429", "500", "reset", "html"])
async def test_a_fault_is_told_within_one_refresh_keeps_the_prices_and_ends_with_the_pause(
    app: App, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    well = await app.until(lambda s: s.source.health is Health.OK and all(r.last for r in s.rows))
    assert [(r.state, r.error) for r in well.rows] == [(RowState.CLOSED, None)] * 2

    app.fake.faults["*"] = fault
    asked = app.fake.total
    ill = await app.until(lambda s: s.source.health is Health.FAILED)
    assert ill.source.message.startswith("yahoo: ")
    assert [r.last for r in ill.rows] == [r.last for r in well.rows], "what was known stays, with its age"
    held = await app.until(lambda s: s.source.retry_at is not None)
    assert held.source.since == app.clock.now()
    seen = len(app.snapshots)
    await app.until(lambda s: len(app.snapshots) > seen + 4)
    assert app.fake.total - asked <= 4, "ticks go on, requests do not"

    app.fake.faults.clear()
    assert held.source.retry_at is not None
    assert held.source.retry_at - app.clock.now() <= timedelta(seconds=50)
    app.clock.set(held.source.retry_at)
    again = await app.until(lambda s: s.source.health is Health.OK)
    assert [r.error for r in again.rows] == [None, None]
    assert capfd.readouterr() == ("", "")
