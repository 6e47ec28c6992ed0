"""One engine at work and others that look on: views, wishes, edits, and who takes over."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.market import Instrument, Quote, Symbol
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError, StoreError
from forecasting.service.backend import OnStep, TickReport, Work, WorkReport
from forecasting.service.columns import ColumnChoice
from forecasting.service.engine import Engine
from forecasting.service.heartbeat import newest_beat
from forecasting.service.lock import EngineLock
from forecasting.service.onlooker import Onlooker
from forecasting.service.opened import Opened
from forecasting.service.pace import Cadence
from forecasting.service.remembered import Remembered
from forecasting.service.standby import Standby
from forecasting.service.watchlist import Watchlist
from tests.support.engines import without_sinks
from tests.support.waiting import soon

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")


class Backend:
    """Brings a quote of every symbol with each tick."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ticks: list[tuple[Symbol, ...]] = []
        self.base = 100.0

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        self.ticks.append(tuple(symbols))
        self.store.market.put_instruments([Instrument(s, s, "24/7", "USD") for s in symbols])
        price = self.base + len(self.ticks)
        self.store.market.put_quotes([Quote(s, price, now, 100.0, "USD", "test") for s in symbols])
        return TickReport(now, None, (), (), 0, 0, 0, SourceHealth("test", Health.OK, "ok"), (), (), ("a note",))

    def work(self, work: Work, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> WorkReport:
        raise NotImplementedError

    def close(self) -> None:
        pass


def watchlist_of(store: Store) -> Watchlist:
    """The store's lists, or one with Apple on it."""
    groups = store.watchlist.groups() or (WatchGroup("Core", (AAPL,)),)
    return Watchlist(groups, store.watchlist.save, store.watchlist.groups)


class Front:
    """One process's front end, as far as it matters here."""

    def __init__(self, folder: Path, kind: str, *, seconds: float = 60.0, late: bool = False) -> None:
        self.backends: list[Backend] = []
        path = folder / "store.db"
        opened = [Opened(store := Store.open(path), watchlist_of(store), ColumnChoice(["last"]))] if late else []
        remembered = Remembered(opened[0], "test", None) if late else None

        def fresh() -> Opened:
            return opened.pop() if opened else Opened(store := Store.open(path), watchlist_of(store), ColumnChoice())

        def lead() -> tuple[Engine, Store]:
            store, lists, columns = fresh()
            self.backends.append(Backend(store))
            return Engine(
                store=store, backend=self.backends[-1], watchlist=lists, columns=columns, source_name="test",
                cadence=Cadence(seconds, seconds), alarms=without_sinks(store),
            ), store

        def look_on() -> Onlooker:
            store, lists, columns = fresh()
            return Onlooker(store, lists, self.lock.holder, display_currency=None, log_path=None, columns=columns)

        self.lead = lead
        self.lock = EngineLock(folder / "engine.lock", kind)
        self.standby = Standby(self.lock, lead=lead, look_on=look_on, kind=kind, remembered=remembered)
        self.snapshots: list[Snapshot] = []

    def start(self) -> None:
        self.standby.start(self.snapshots.append, lambda job: threading.Thread(target=job).start())

    @property
    def ticks(self) -> list[tuple[Symbol, ...]]:
        return [tick for backend in self.backends for tick in backend.ticks]


@pytest.fixture
async def fronts(tmp_path: Path) -> AsyncIterator[tuple[Front, Front]]:
    """A daemon at work and an app that looks on."""
    daemon = Front(tmp_path, "daemon")
    daemon.start()
    app = Front(tmp_path, "app")
    app.start()
    await soon(lambda: len(daemon.ticks) > 0)
    yield daemon, app
    for front in (app, daemon):
        front.standby.stop()
    await asyncio.sleep(0.05)


async def test_the_second_shows_what_the_first_does_and_does_nothing_itself(fronts: tuple[Front, Front]) -> None:
    daemon, app = fronts
    await soon(lambda: any(s.rows and s.rows[0].last == 101.0 for s in app.snapshots))
    await soon(lambda: any(s.source.name == "test" and "a note" in s.notices for s in app.snapshots))

    assert (daemon.standby.leads, app.standby.leads, app.ticks) == (True, False, [])
    assert "the daemon (process " in app.snapshots[-1].notices[0]
    assert [s.version for s in app.snapshots] == sorted({s.version for s in app.snapshots})


async def test_before_its_start_an_app_shows_what_the_store_remembers_and_makes_no_engine(tmp_path: Path) -> None:
    earlier = Front(tmp_path, "app")
    earlier.start()
    await soon(lambda: any(s.rows and s.rows[0].last == 101.0 for s in earlier.snapshots))
    earlier.standby.stop()

    app = Front(tmp_path, "app", late=True)
    shown = app.standby.snapshot()
    assert [(r.symbol, r.last) for r in shown.rows] == [(AAPL, 101.0)]
    assert (shown.source.name, shown.source.message) == ("test", "not asked yet")
    assert (app.standby.leads, app.standby.paused, app.standby.columns.keys, app.backends) == (
        True, False, ("last",), [])

    app.start()
    await soon(lambda: any(s.source.message == "ok" for s in app.snapshots))
    assert (len(app.backends), app.standby.columns.keys) == (1, ("last",))
    assert min(s.version for s in app.snapshots) > shown.version
    app.standby.stop()
    await asyncio.sleep(0.05)


async def test_before_its_start_an_app_beside_a_daemon_shows_the_store_and_then_looks_on(tmp_path: Path) -> None:
    daemon = Front(tmp_path, "daemon")
    daemon.start()
    await soon(lambda: len(daemon.ticks) > 0)
    app = Front(tmp_path, "app", late=True)
    assert app.standby.snapshot().source.message == "not asked yet"
    app.start()
    await soon(lambda: any("the daemon (process " in " ".join(s.notices) for s in app.snapshots))
    assert (app.standby.leads, app.backends) == (False, [])
    for front in (app, daemon):
        front.standby.stop()
    await asyncio.sleep(0.05)


async def test_a_key_before_the_start_makes_the_engine_that_the_start_takes(tmp_path: Path) -> None:
    app = Front(tmp_path, "app", late=True)
    app.standby.lists.add("Core", "msft")
    assert len(app.backends) == 1
    app.start()
    await soon(lambda: (AAPL, MSFT) in app.ticks)
    assert len(app.backends) == 1
    app.standby.stop()
    await asyncio.sleep(0.05)


async def test_an_engine_that_cannot_be_made_after_the_first_paint_is_told_there(tmp_path: Path) -> None:
    app = Front(tmp_path, "app", late=True)

    def broken() -> tuple[Engine, Store]:
        raise ConfigError("[model] members: asked for -3")

    app.standby._lead = broken
    app.start()
    await soon(lambda: bool(app.snapshots))
    source = app.snapshots[-1].source
    assert (source.name, source.health) == ("engine", Health.FAILED)
    assert source.message == "[model] members: asked for -3; q ends, and what is stored is safe"
    app.standby.stop()


def test_an_app_that_ends_before_its_start_gives_back_store_and_lock(tmp_path: Path) -> None:
    app = Front(tmp_path, "app", late=True)
    app.standby.stop()
    app.standby.stop()
    again = Front(tmp_path, "app", late=True)
    assert again.standby.leads
    assert len(again.standby.snapshot().rows) == 1
    again.standby.stop()


async def test_a_refresh_asked_of_a_view_is_done_by_the_engine_at_work(fronts: tuple[Front, Front]) -> None:
    daemon, app = fronts
    before = len(daemon.ticks)
    app.standby.refresh()
    await soon(lambda: len(daemon.ticks) > before)


async def test_a_list_edited_in_a_view_is_watched_by_the_engine_at_work(fronts: tuple[Front, Front]) -> None:
    daemon, app = fronts
    app.standby.lists.add("Core", "msft")
    await soon(lambda: daemon.ticks[-1] == (AAPL, MSFT))
    app.standby.lists.undo()
    await soon(lambda: daemon.ticks[-1] == (AAPL,))


def held(snapshots: Sequence[Snapshot]) -> float | None:
    """How many Apples are held in the newest of them."""
    row = snapshots[-1].row(AAPL) if snapshots else None
    return None if row is None or row.position is None else row.position.quantity


async def test_what_is_held_is_written_down_on_either_side_priced_on_both_and_outlives_one(
    fronts: tuple[Front, Front]
) -> None:
    daemon, app = fronts
    app.standby.holdings.edit(AAPL, alias="", tags="core", note="", lots="2020-01-02 10 @ 50")
    assert held([app.standby.snapshot()]) == 10.0
    app.standby.refresh()
    await soon(lambda: held(daemon.snapshots) == 10.0)
    daemon.standby.holdings.add(AAPL, "2020-01-03 -4 @ 60")
    await soon(lambda: held(app.snapshots) == 6.0)
    daemon.standby.stop()
    await soon(lambda: app.standby.leads)
    assert held([app.standby.snapshot()]) == 6.0


async def test_an_alert_of_a_rule_added_in_a_view_is_seen_and_acknowledged_there(fronts: tuple[Front, Front]) -> None:
    daemon, app = fronts
    app.standby.alerts.add("last > 102.5", symbols=[AAPL])
    for price in (102.0, 103.0):      # the rule's baseline, then beyond
        daemon.standby.refresh()
        await soon(lambda price=price: daemon.standby.snapshot().rows[0].last == price)  # type: ignore[misc]
    await soon(lambda: app.snapshots[-1].alerts_unseen == 1)
    app.standby.alerts.acknowledge()
    await soon(lambda: daemon.standby.snapshot().alerts_unseen == app.snapshots[-1].alerts_unseen == 0)


async def test_what_only_the_engine_at_work_can_do_is_refused_by_a_view(fronts: tuple[Front, Front]) -> None:
    view = fronts[1].standby
    for ask in (partial(view.pause, True), partial(view.jump, 1), partial(view.change_speed, 1)):
        with pytest.raises(ConfigError, match=r"only the daemon \(process \d+\) can"):
            ask()


async def test_a_view_takes_over_when_the_engine_at_work_ends(fronts: tuple[Front, Front]) -> None:
    daemon, app = fronts
    daemon.standby.stop()
    await soon(lambda: len(app.ticks) > 0)
    await soon(lambda: app.snapshots[-1].notices == ("a note",))

    assert app.standby.leads
    assert [s.version for s in app.snapshots] == sorted({s.version for s in app.snapshots})


async def test_an_engine_that_is_made_anew_stays_paused(fronts: tuple[Front, Front]) -> None:
    daemon, _ = fronts
    daemon.standby.pause(True)
    daemon.standby.renew(daemon.lead)
    assert len(daemon.backends) == 2
    assert daemon.standby.paused


async def test_what_could_be_undone_before_an_engine_was_made_anew_can_be_after_it(fronts: tuple[Front, Front]) -> None:
    front = fronts[0].standby
    front.lists.add("Core", "MSFT")
    front.renew(fronts[0].lead)
    assert list(front.lists.symbols) == [AAPL, MSFT]
    assert front.lists.undo() == "added MSFT to Core"
    assert list(front.lists.symbols) == [AAPL]


async def test_alerts_at_the_first_look_of_an_engine_made_anew_are_not_late(fronts: tuple[Front, Front]) -> None:
    daemon, _ = fronts
    await soon(lambda: daemon.standby.snapshot().data_time is not None)
    daemon.standby.alerts.add("last > 1000", symbols=[AAPL])
    daemon.standby.refresh()
    await soon(lambda: len(daemon.ticks) > 1)

    def risen() -> tuple[Engine, Store]:
        engine, store = daemon.lead()
        daemon.backends[-1].base = 2000.0
        return engine, store

    daemon.standby.renew(risen)
    await soon(lambda: bool(daemon.standby.alerts.history()))
    assert [alert.late for alert in daemon.standby.alerts.history()] == [False]


async def test_an_engine_made_while_everything_stops_is_stopped_too(fronts: tuple[Front, Front]) -> None:
    daemon, _ = fronts

    def stopped_meanwhile() -> tuple[Engine, Store]:
        made = daemon.lead()
        daemon.standby.stop()
        return made

    daemon.standby.renew(stopped_meanwhile)
    with pytest.raises(StoreError, match="the store is closed"):
        daemon.backends[-1].store.market.quotes()


async def test_a_view_that_ends_leaves_the_engine_at_work_alone(fronts: tuple[Front, Front]) -> None:
    daemon, app = fronts
    app.standby.stop()
    before = len(daemon.ticks)
    daemon.standby.refresh()
    await soon(lambda: len(daemon.ticks) > before)
    assert daemon.standby.leads


async def test_the_heartbeat_tells_who_is_at_work(fronts: tuple[Front, Front], tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        await soon(lambda: (told := newest_beat(store)) is not None and told.status.report is not None)
        told = newest_beat(store)
    assert told is not None
    assert (told.kind, told.status.source.message) == ("daemon", "ok")
    assert datetime.now(UTC) - told.at < timedelta(minutes=1)


def test_a_lock_goes_with_its_holder_and_names_him(tmp_path: Path) -> None:
    first, second = (EngineLock(tmp_path / "engine.lock", kind) for kind in ("daemon", "app"))
    assert first.acquire()
    assert not second.acquire()
    holder = second.holder()
    assert holder is not None
    assert holder.kind == "daemon"
    first.release()
    first.release()
    assert second.acquire()
    second.release()


def test_where_nothing_can_be_written_everybody_leads(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    locks = [EngineLock(tmp_path / "file" / "engine.lock", "app") for _ in range(2)]
    assert [lock.acquire() for lock in locks] == [True, True]
