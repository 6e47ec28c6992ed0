"""Thirty days of sessions in minutes: `soak --days 30 --symbols 50`.

The app with its engine and its real worker process, the unmodified yfinance among it, over a fake Yahoo and its stream
in a process of their own (`soak_yahoo`), on a clock that all of them share and that is moved ahead an hour at a time,
through sessions, nights and weekends of New York, London, Tokyo and the exchange that never closes. Every day Yahoo and
the stream each have one trouble of a list; a key opens every view once a day.

What it cannot tell: training is left out (`Work.TRAIN` is never due), since it would take most of the time.

Memory should not grow by 5 %, nor files and threads by any; `rows_lost`, `extra_rows`, `problems` and `not_recovered`
must be 0. Growth is told from the first day on, and between medians, of the second to fourth day and of the last three:
a chart is first drawn on the first evening. The upkeep that the engine does every minute is done before each figure.
What still grows in the screen's process is space between objects, less every day: 96.9 MB on the second day, 99.5 on
the eleventh, 100.6 on the nineteenth, 101.6 on the last.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.data.store.examination import examine
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, Snapshot
from forecasting.domain.watchlist import WatchGroup
from forecasting.service.backend import OnStep, TickReport, Work, WorkReport
from forecasting.service.build import worker_setup
from forecasting.service.client import WorkerClient
from forecasting.service.delivery import Show
from forecasting.service.engine import Engine
from forecasting.service.facade import OnSnapshot, RunInThread
from forecasting.service.pace import Cadence
from forecasting.service.places import place
from forecasting.service.watchlist import Watchlist
from tests.support.bench_process import open_files, resident_mb, threads
from tests.support.engines import without_sinks
from tests.support.soak_clock import CLOCK_FILE, SoakClock
from tests.support.soak_yahoo import places
from tui.app import TapecastApp

SYMBOLS = 50
MINUTE_OF_TICKS = 7
TROUBLE_AT = {"chart": 6}                   # hour UTC: Tokyo closes and its bars are wanted
OTHER_TROUBLE_AT, STREAM_TROUBLE_AT = 15, 18      # New York and London are open
DWELL_S = 0.15                              # after each tick, for prices that stream in
LONGEST_TICK_S = 120.0
RARE = 10 * 3600.0                          # seconds; nothing is refreshed but when the soak asks
VIEWS = ("2", "3", "4", "exclamation_mark", "1", "j")

TROUBLES = (
    ("*", "429"), ("quote", "502-html"), ("chart", "500"), ("*", "reset"), ("quote", "cut-json"), ("quote", "hostile"),
    ("*", "hang"), ("chart", "html"), ("quote", "401"), ("chart", "negative"), ("quote", "negative"), ("*", "403"),
    ("chart", "empty-body"), ("quote", "text"), ("*", "not-an-object"), ("crumb", "html"), ("chart", "short-body"),
)  # fmt: skip
STREAM_TROUBLES = (
    "close-1001", "reset", "garbage", "not-json", "mute", "403", "nan", "stale", "future", "unknown-symbol",
    "hostile-names", "oversize", "no-handshake",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """Both processes at the end of a day."""

    front_mb: float
    worker_mb: float
    front_files: int
    worker_files: int
    front_threads: int
    worker_threads: int


class SoakClient(WorkerClient):
    """The worker, without training; counts what it has done."""

    running = 0
    done: Counter[str]

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        report = super().tick(symbols, now, on_step)
        self.done.update(ticks=1, issued=report.issued, settled=report.settled, signals=report.signals)
        return replace(report, due=tuple(work for work in report.due if work is not Work.TRAIN))

    def work(self, work: Work, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> WorkReport:
        self.running += 1
        try:
            report = super().work(work, symbols, now, on_step)
        finally:
            self.running -= 1
        self.done[work.value] += 1
        return report


class WatchedEngine(Engine):
    """Remembers the newest snapshot."""

    newest: Snapshot | None = None

    def start(self, on_snapshot: OnSnapshot, run_in_thread: RunInThread, show: Show | None = None) -> None:
        def seen(snapshot: Snapshot) -> None:
            self.newest = snapshot
            on_snapshot(snapshot)

        super().start(seen, run_in_thread, show)

    async def upkeep(self) -> None:
        """What a day does 1,440 times, and the soak, whose day takes half a minute, would hardly ever see."""
        await self._fire_upkeep()


class FarYahoo:
    """The fake Yahoo's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.urls = self._read()
        self.counted: dict[str, Any] = {}

    def ask(self, **what: object) -> Any:
        assert self._process.stdin is not None
        print(json.dumps(what), file=self._process.stdin, flush=True)
        return self._read()

    def trouble(self, faults: dict[str, str], stream: str | None = None) -> None:
        """Switch faults on, or off."""
        self.counted = self.ask(faults=faults, stream=stream)

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def run(runs: int = 30, symbols: int = SYMBOLS) -> dict[str, Any]:
    """Live through `runs` days with `symbols` symbols."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)      # it notes each timer that waited
    with TemporaryDirectory() as name:
        folder = Path(name)
        first, clock = _first_day(), SoakClock(folder / "clock")
        clock.move_to(datetime(first.year, first.month, first.day, tzinfo=UTC))
        with far_yahoo(folder / "clock", symbols, first, runs) as yahoo:
            return asyncio.run(Soak(folder, clock, yahoo, symbols, first, runs).live())


def _first_day() -> date:
    """The next first of March: with the days on which summer begins, and ahead of the machine's clock."""
    soon = datetime.now(UTC).date() + timedelta(days=3)
    return date(soon.year + (soon > date(soon.year, 3, 1)), 3, 1)


@contextmanager
def far_yahoo(clock: Path, symbols: int, first: date, days: int) -> Iterator[FarYahoo]:
    """The fake in another process, and this process's children pointed at it."""
    os.environ[CLOCK_FILE] = str(clock)
    command = [sys.executable, "-m", "tests.support.soak_yahoo", str(symbols), first.isoformat(), str(days)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        try:
            yahoo = FarYahoo(process)
            os.environ |= {"TAPECAST_YAHOO_URL": yahoo.urls["yahoo"], "TAPECAST_STREAM_URL": yahoo.urls["stream"]}
            yield yahoo
        finally:
            process.stdin.close()
            for variable in (CLOCK_FILE, "TAPECAST_YAHOO_URL", "TAPECAST_STREAM_URL"):
                os.environ.pop(variable, None)


class Soak:
    """One life."""

    def __init__(
        self, folder: Path, clock: SoakClock, yahoo: FarYahoo, symbols: int, first: date, days: int
    ) -> None:
        self._clock, self._yahoo, self._first, self._days = clock, yahoo, first, days
        settings = Settings().overridden(data_dir=folder / "data")
        model = replace(settings.model, history_years=2, backfill_sessions=20)
        self._where = place(settings, demo=False)
        self._symbols = tuple(Symbol(symbol) for symbol, _ in places(symbols))
        self._client = SoakClient(
            worker_setup(replace(settings, model=model), self._where, demo=False),
            log_path=self._where.log, command=(sys.executable, "-m", "tests.support.soak_worker"),
        )
        self._client.done = Counter()
        store = Store.open(self._where.store)
        self._engine = WatchedEngine(
            store=store, backend=self._client, stream=self._client, alarms=without_sinks(store),
            watchlist=Watchlist((WatchGroup("Soak", self._symbols),), lambda groups: None), source_name="yahoo",
            cadence=Cadence(RARE, RARE), clock=clock,
        )
        self._measured: list[Measured] = []
        self._shown: Counter[str] = Counter()
        self._recovered_s: dict[str, float | None] = {}
        self._stream_troubles: set[str] = set()

    async def live(self) -> dict[str, Any]:
        """All days; the figures."""
        began = time.monotonic()
        app = TapecastApp(self._engine, ascii_only=False)
        stream_troubles = cycle(STREAM_TROUBLES)
        async with app.run_test(size=(120, 40)) as pilot:
            for i in range(self._days):
                day, trouble = self._first + timedelta(days=i), TROUBLES[(i - 1) % len(TROUBLES)]
                for hour in range(24):
                    await self._come_to(datetime(day.year, day.month, day.day, hour, MINUTE_OF_TICKS, tzinfo=UTC))
                    if i > 0 and hour == TROUBLE_AT.get(trouble[0], OTHER_TROUBLE_AT):
                        await self._trouble(*trouble)
                    if i > 0 and hour == STREAM_TROUBLE_AT:
                        await self._stream_trouble(next(stream_troubles))
                for key in VIEWS:
                    await pilot.press(key)
                    await pilot.pause(0.05)
                await self._engine.upkeep()
                self._measure(day)
            last = self._first + timedelta(days=self._days)
            await self._come_to(datetime(last.year, last.month, last.day, 1, MINUTE_OF_TICKS, tzinfo=UTC))
            closed = self._yahoo.ask(closed=True)
            self._yahoo.trouble({})
            worker_end = self._client.pid
            figures = self._figures(closed)
        return {**figures, "worker_alive_at_end": worker_end is not None, "seconds": round(time.monotonic() - began)}

    async def _come_to(self, moment: datetime) -> None:
        self._clock.move_to(moment)
        await self._tick()

    async def _tick(self) -> Snapshot:
        """Refresh, and wait until that and what it led to is done."""
        asked = self._clock.now()
        self._engine.refresh()
        await _until(lambda: self._is_done(asked))
        await asyncio.sleep(DWELL_S)
        snapshot = self._engine.newest
        assert snapshot is not None
        return snapshot

    def _is_done(self, asked: datetime) -> bool:
        newest = self._engine.newest
        line = next((job for job in newest.jobs if job.name == "refresh"), None) if newest is not None else None
        done = line is not None and line.health is not Health.WORKING and line.last_run is not None
        return bool(done and line and line.last_run and line.last_run >= asked and not self._client.running)

    async def _trouble(self, endpoint: str, fault: str) -> None:
        """Four refreshes with the fault, one an hour later, and how long it takes to recover from it."""
        name = f"{endpoint} {fault}"
        self._yahoo.trouble({endpoint: fault})
        for seconds in (15, 15, 15, 15, 3600):
            self._clock.move_to(self._clock.now() + timedelta(seconds=seconds))
            self._note(name, await self._tick())
        self._yahoo.trouble({})
        ended = self._clock.now()
        for _ in range(12):
            snapshot = await self._tick()
            if snapshot.source.health is Health.OK and not any(row.error for row in snapshot.rows):
                self._recovered_s[name] = round((self._clock.now() - ended).total_seconds(), 1)
                return
            retry_at = snapshot.source.retry_at or snapshot.now
            self._clock.move_to(max(retry_at, self._clock.now()) + timedelta(seconds=15))
        self._recovered_s[name] = None

    async def _stream_trouble(self, fault: str) -> None:
        name = f"stream {fault}"
        self._yahoo.trouble({}, fault)
        await asyncio.sleep(2.0)
        self._note(name, await self._tick())
        self._yahoo.trouble({})
        self._stream_troubles.add(fault)

    def _note(self, name: str, snapshot: Snapshot) -> None:
        """Count what a person was told."""
        told = [f"source {snapshot.source.health}"] * (snapshot.source.health is not Health.OK)
        told += ["rows in error"] * any(row.error for row in snapshot.rows)
        told += ["stream off"] * any(j.name == "stream" and j.health is not Health.OK for j in snapshot.jobs)
        self._shown.update(f"{name}: {one}" for one in told or ["nothing"])

    def _measure(self, day: date) -> None:
        gc.collect()
        here, far = os.getpid(), self._client.pid
        assert far is not None
        self._measured.append(
            Measured(round(resident_mb(here), 1), round(resident_mb(far), 1), open_files(here), open_files(far),
                     threads(here), threads(far))
        )
        print(day, self._measured[-1], dict(self._client.done), file=sys.stderr, flush=True)

    def _figures(self, closed: dict[str, list[str]]) -> dict[str, Any]:
        with Store.open(self._where.store) as store:
            kept = {s: {bar.session.isoformat() for bar in store.market.bars(s)} for s in self._symbols}
            verified, outcomes = store.ledger.verify(), len(store.ledger.outcomes())
        start = (self._first - timedelta(days=540)).isoformat()      # before that the source may have more than we
        found = examine(self._where.store)
        return {
            "days": self._days,
            "symbols": len(self._symbols),
            **self._client.done,
            **self._yahoo.counted,
            "front_growth_percent": _growth([m.front_mb for m in self._measured]),
            "worker_growth_percent": _growth([m.worker_mb for m in self._measured]),
            "by_day": {name: [getattr(m, name) for m in self._measured] for name in Measured.__slots__},
            "rows_lost": sum(len({d for d in closed[s] if d >= start} - kept[s]) for s in self._symbols),
            "extra_rows": sum(len(kept[s] - set(closed[s])) for s in self._symbols),
            "ledger_entries_verified": verified,
            "outcomes": outcomes,
            "problems": len(found.problems) + (found.ledger_problem is not None),
            "store_mb": round(found.size / 1e6, 1),
            "recovered_s": self._recovered_s,
            "not_recovered": sum(seconds is None for seconds in self._recovered_s.values()),
            "shown": dict(sorted(self._shown.items())),
        }


async def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_TICK_S
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"a refresh took over {LONGEST_TICK_S:.0f} s")
        await asyncio.sleep(0.02)


def _growth(by_day: Sequence[float]) -> dict[str, float]:
    settled = median(by_day[1:4] or by_day)
    return {
        "since_first_day": round(100.0 * (by_day[-1] / by_day[0] - 1.0), 1),
        "between_medians": round(100.0 * (median(by_day[-3:]) / settled - 1.0), 1),
    }
