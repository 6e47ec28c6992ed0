"""Streamed prices on the engine's near side: shown at once, the store left alone, polling never given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from forecasting.data.store import Store
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import Instrument, Quote, RowState, Symbol
from forecasting.domain.sessions import Session, SessionTable
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth, SymbolRow
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import SourceOffline
from forecasting.service.backend import OnStep, OnTicks, TickReport, Ticks, Work, WorkReport
from forecasting.service.engine import Engine
from forecasting.service.pace import Cadence
from forecasting.service.watchlist import Watchlist
from tests.support.engines import without_sinks
from tests.support.waiting import soon

AAPL, BTC = Symbol("AAPL"), Symbol("BTC-USD")
# A Monday, New York open; years ahead of the machine's clock, so that no wake-up for an open or a close is due.
NOW = datetime(2037, 3, 2, 15, 0, tzinfo=UTC)
SATURDAY = datetime(2037, 3, 7, 15, 0, tzinfo=UTC)
DAYS = [date(2037, 3, 2) + timedelta(days=i) for i in range(40)]


def table(exchange: str, days: list[date], opens: time, hours: float) -> SessionTable:
    starts = [datetime.combine(d, opens, UTC) for d in days]
    return SessionTable(
        exchange, tuple(Session(d, s, s + timedelta(hours=hours)) for d, s in zip(days, starts, strict=True))
    )


POLLED = Quote(AAPL, 100.0, NOW - timedelta(minutes=1), 98.0, "USD", "yahoo", name="Apple")
TICK = Quote(AAPL, 102.0, NOW, None, "USD", "yahoo stream")
GOOD = SourceHealth("yahoo stream", Health.OK, "ok")
OFF = SourceHealth("yahoo stream", Health.FAILED, "refused (HTTP 403)", NOW, NOW + timedelta(seconds=32))


class Far:
    """A backend and its stream, both as the test says."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.ticks = 0
        self.streamed: list[tuple[Symbol, ...]] = []
        self.send: OnTicks = lambda ticks: None

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        self.ticks += 1
        if self.error is not None:
            raise self.error
        return TickReport(now, None, (), (), 0, 0, 0, SourceHealth("yahoo", Health.OK, "ok"), (), (), ())

    def work(self, work: Work, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> WorkReport:
        raise AssertionError

    def stream(self, symbols: Sequence[Symbol], on_ticks: OnTicks) -> None:
        self.streamed.append(tuple(symbols))
        self.send = on_ticks

    def close(self) -> None:
        pass


class Rig:
    """An engine that polls every 20 s, its far side and its snapshots."""

    def __init__(self) -> None:
        self.store = Store.temporary()
        self.store.market.put_instruments(
            [Instrument(AAPL, "Apple", "XNYS", "USD"), Instrument(BTC, "Bitcoin", "24/7", "USD")]
        )
        self.store.market.put_sessions(table("XNYS", [d for d in DAYS if d.weekday() < 5], time(14, 30), 6.5))
        self.store.market.put_sessions(table("24/7", DAYS, time(0), 24.0))
        self.store.market.put_quotes([POLLED])
        self.far, self.clock = Far(), FrozenClock(NOW)
        self.snapshots: list[Snapshot] = []
        self.threads: list[threading.Thread] = []
        self.engine = Engine(
            store=self.store,
            backend=self.far,
            stream=self.far,
            watchlist=Watchlist((WatchGroup("Core", (AAPL, BTC)),), lambda groups: None),
            source_name="yahoo",
            cadence=Cadence(20.0, 300.0),
            alarms=without_sinks(self.store),
            clock=self.clock,
        )

    async def start(self) -> None:
        self.engine.start(self.snapshots.append, self._in_thread)
        await self.until(lambda: self.far.streamed != [])
        await self.until(lambda: not any(thread.is_alive() for thread in self.threads))      # the first tick is over

    def _in_thread(self, job: Callable[[], None]) -> None:
        self.threads.append(threading.Thread(target=job))
        self.threads[-1].start()

    async def until(self, done: Callable[[], bool]) -> None:
        await soon(done)

    def row(self) -> SymbolRow:
        return self.snapshots[-1].rows[0]

    def next_poll_s(self) -> float:
        job = next(j for j in self.engine.snapshot().jobs if j.name == "refresh")
        assert job.next_run is not None
        return (job.next_run - datetime.now(UTC)).total_seconds()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    made.engine.stop()
    await asyncio.sleep(0.05)


async def test_a_tick_changes_price_change_and_age_of_its_row_without_the_store(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.start()
    await rig.until(lambda: bool(rig.snapshots))
    before, polls = rig.snapshots[-1], rig.far.ticks
    assert (before.rows[0].last, before.rows[0].data_time) == (100.0, POLLED.time)
    for part in ("market", "ledger", "signals", "runs"):
        monkeypatch.setattr(rig.store, part, None)      # whoever asks the store now fails
    rig.far.send(Ticks((TICK,), GOOD))
    await rig.until(lambda: rig.row().last == 102.0)
    assert rig.row().change_pct == pytest.approx((102.0 / 98.0 - 1.0) * 100.0)
    assert (rig.row().data_time, rig.row().state, rig.snapshots[-1].data_time) == (NOW, RowState.LIVE, NOW)
    assert rig.snapshots[-1].version > before.version
    assert rig.snapshots[-1].notices == ()
    assert rig.far.ticks == polls
    monkeypatch.undo()


async def test_a_poll_newer_than_a_tick_wins(rig: Rig) -> None:
    await rig.start()
    rig.far.send(Ticks((TICK,), GOOD))
    await rig.until(lambda: bool(rig.snapshots) and rig.row().last == 102.0)
    rig.store.market.put_quotes([replace(POLLED, price=101.0, time=NOW + timedelta(seconds=1))])
    rig.engine.refresh()
    await rig.until(lambda: rig.row().last == 101.0)


async def test_while_polling_fails_streamed_rows_stay_live_and_the_others_say_what_is_wrong(rig: Rig) -> None:
    await rig.start()
    rig.clock.set(later := NOW + timedelta(minutes=30))
    rig.far.error = SourceOffline("yahoo: quotes: no answer")
    rig.far.send(Ticks((replace(TICK, time=later),), GOOD))
    rig.engine.refresh()
    await rig.until(lambda: bool(rig.snapshots) and rig.snapshots[-1].source.health is Health.FAILED)
    streamed, polled = rig.snapshots[-1].rows
    assert (streamed.last, streamed.state, streamed.error) == (102.0, RowState.LIVE, None)
    assert (polled.state, polled.error) == (RowState.ERR, "yahoo: quotes: no answer")


async def test_a_stream_makes_polls_four_times_rarer_and_its_loss_brings_them_back(rig: Rig) -> None:
    await rig.start()
    rig.far.send(Ticks((TICK,), GOOD))
    polls = rig.far.ticks
    rig.engine.refresh()
    await rig.until(lambda: rig.far.ticks > polls and rig.next_poll_s() > 70.0)
    assert rig.next_poll_s() <= 80.0
    rig.far.send(Ticks((), OFF))
    await rig.until(lambda: rig.next_poll_s() <= 20.0)
    await rig.until(lambda: rig.snapshots[-1].source.message == "ok; stream off: refused (HTTP 403)")
    assert rig.snapshots[-1].source.health is Health.OK        # nothing is lost but speed
    assert [j.health for j in rig.snapshots[-1].jobs if j.name == "stream"] == [Health.LATE]


async def test_a_pause_stops_the_stream_and_resuming_starts_it(rig: Rig) -> None:
    await rig.start()
    assert rig.far.streamed[-1] == (AAPL, BTC)
    rig.engine.pause(True)
    await rig.until(lambda: rig.far.streamed[-1] == ())
    rig.far.send(Ticks((TICK,), GOOD))                  # it crossed the pause
    assert rig.engine.snapshot().rows[0].last == 100.0
    rig.engine.pause(False)
    await rig.until(lambda: rig.far.streamed[-1] == (AAPL, BTC))


async def test_only_what_is_in_session_is_streamed(rig: Rig) -> None:
    rig.clock.set(SATURDAY)
    await rig.start()
    assert rig.far.streamed[-1] == (BTC,)


async def test_a_changed_list_changes_what_is_streamed(rig: Rig) -> None:
    await rig.start()
    rig.engine.lists.remove("Core", AAPL)
    await rig.until(lambda: rig.far.streamed[-1] == (BTC,))


async def test_a_streamed_price_fires_at_once_and_the_polls_that_see_it_too_fire_nothing(rig: Rig) -> None:
    await rig.start()
    rig.engine.alerts.add("last crosses above 101", cooldown=timedelta())
    rig.engine.refresh()
    await rig.until(lambda: rig.store.alerts.memory() != {})      # the poll's 100 is the baseline
    polls = rig.far.ticks

    rig.far.send(Ticks((TICK,), GOOD))
    await rig.until(lambda: rig.snapshots[-1].alerts_unseen == 1)
    assert rig.far.ticks == polls
    behind, newer = (replace(POLLED, price=p, time=NOW + timedelta(seconds=s)) for p, s in ((100.5, -1), (102.5, 1)))
    rig.clock.set(NOW + timedelta(seconds=2))
    for poll in (behind, newer):
        rig.store.market.put_quotes([poll])
        before = rig.far.ticks, rig.snapshots[-1].version
        rig.engine.refresh()
        await rig.until(lambda before=before: (rig.far.ticks, rig.snapshots[-1].version) > before)  # type: ignore[misc]
    await rig.until(lambda: rig.row().last == 102.5)
    [alert] = rig.store.alerts.history()
    assert (alert.value, alert.data_time, alert.late) == (102.0, NOW, False)
