"""What tapecast asks of Yahoo: requests of a start, of a refresh and of a day, counted by a fake Yahoo.

Counts, not times: they are the same in every run. `per_minute` is the most in any minute of a morning at the app's own
pace, one tick each 15 s; the faults are switched on for ten minutes and everything is counted, the opening included.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from forecasting.data.sources.yahoo import YahooSource
from forecasting.data.store import Store
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health
from forecasting.errors import SourceError
from forecasting.service.intake import take_bars, take_quotes
from forecasting.service.local import LocalBackend
from tests.support.bench_figures import Figures
from tests.support.desk import setup
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed, weekday_bars
from tests.support.markets import CALENDARS

SYMBOLS = 50
BARS = 120
EVENING = datetime(2026, 3, 5, 22, 0, tzinfo=UTC)        # a Thursday
NEXT_MORNING = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
NEXT_EVENING = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
FAULTS = ("429", "500", "reset", "html", "401")
TICK = timedelta(seconds=15)


def run(runs: int = 1) -> Figures:
    """Count; `runs` changes nothing."""
    with TemporaryDirectory() as folder, FakeYahoo(_symbols(sessions_later=0)) as fake:
        found: dict[str, float | int | str | None] = {"symbols": SYMBOLS}
        process = _Processes(fake, Path(folder))
        found["start_empty_store"] = process.start(EVENING)
        found["start_store_up_to_date"] = process.start(EVENING + timedelta(minutes=30))
        fake.symbols = _symbols(sessions_later=1)
        found["start_store_of_yesterday"] = process.start(NEXT_EVENING)
        fake.symbols = _symbols(sessions_later=2)
        for bar in fake.symbols["T00"].bars[:-1]:
            bar["adjclose"] /= 2.0
        found["start_after_a_split_of_one"] = process.start(NEXT_EVENING + timedelta(days=3))
        with process.at(NEXT_MORNING) as (backend, clock):
            _refresh(backend)
            before = fake.total
            _refresh(backend)
            found["refresh_warm"] = fake.total - before
            found["per_minute_open"] = _per_minute(fake, backend, clock, timedelta(minutes=5))
        for fault in FAULTS:
            with process.at(NEXT_MORNING) as (backend, clock):
                _refresh(backend)
                fake.faults["*"] = fault
                before = fake.total
                found[f"per_minute_{fault}"] = _per_minute(fake, backend, clock, timedelta(minutes=10))
                found[f"ten_minutes_{fault}"] = fake.total - before
                fake.forget()
    return found


def _symbols(sessions_later: int) -> dict[str, FakeSymbol]:
    last = weekday_bars(date(2026, 3, 9), 3)[sessions_later]["session"]      # Thursday, Friday, Monday
    return {f"T{i:02}": FakeSymbol(weekday_bars(last, BARS + sessions_later)) for i in range(SYMBOLS)}


def _per_minute(fake: FakeYahoo, backend: LocalBackend, clock: FrozenClock, span: timedelta) -> int:
    """The most requests in any minute of `span`, by the app's clock."""
    sent: list[datetime] = []
    end = clock.now() + span
    while clock.now() < end:
        before = fake.total
        _refresh(backend)
        sent += [clock.now()] * (fake.total - before)
        clock.set(clock.now() + TICK)
    return max((sum(at <= other < at + timedelta(minutes=1) for other in sent) for at in sent), default=0)


def _refresh(backend: LocalBackend) -> None:
    """What a tick asks of its source; the models have no part in it."""
    symbols, desk = [Symbol(f"T{i:02}") for i in range(SYMBOLS)], backend.desk
    with suppress(SourceError):
        take_quotes(desk, symbols)
        take_bars(desk, symbols, desk.tables(symbols), lambda step: None)


@dataclass(frozen=True)
class _Processes:
    """One process after the other over one store, each with a cookie and a crumb to fetch."""

    fake: FakeYahoo
    folder: Path

    def start(self, now: datetime) -> int:
        """Requests of a new process until it has quotes and bars of everything."""
        before = self.fake.total
        with self.at(now) as (backend, _):
            _refresh(backend)
            assert backend.desk.source.health().health is Health.OK
        return self.fake.total - before

    @contextmanager
    def at(self, now: datetime) -> Iterator[tuple[LocalBackend, FrozenClock]]:
        """A new process's backend, and its clock."""
        made = replace(setup(self.folder, self.folder, source="yahoo"), csv_dir=None, history_years=1)
        clock = FrozenClock(now)
        with pytest.MonkeyPatch.context() as patch, routed(patch, self.fake), Store.open(made.store_path) as store:
            backend = LocalBackend(made, store)
            backend.desk.clock = clock
            backend.desk.source = YahooSource(
                cache_dir=self.folder, clock=clock, wall=clock, calendars=CALENDARS, cap_s=1.0, per_second=1e4
            )
            yield backend, clock
