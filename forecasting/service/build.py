"""From settings to a wired engine, or to a backend for one command.

Imports nothing heavy: the front process starts here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.domain.interval import Interval
from forecasting.errors import ConfigError, DataError
from forecasting.service.client import WorkerClient
from forecasting.service.engine import Engine
from forecasting.service.late_alarms import LateAlarms
from forecasting.service.lock import EngineLock
from forecasting.service.onlooker import Onlooker
from forecasting.service.opened import Opened
from forecasting.service.pace import Cadence
from forecasting.service.places import Place, is_replay, place
from forecasting.service.replaying import ReplayPlan
from forecasting.service.wire import WorkerSetup

if TYPE_CHECKING:
    from forecasting.service.local import LocalBackend

DEMO_START = date(2008, 6, 16)
"""Where the demo's replay begins: three months before the crash, with nine years of history behind it."""

DEMO_BACKFILL_SESSIONS = 126
REPLAY_RETRAIN_SESSIONS = 8      # a replayed week takes seconds: time to train, and a week in shadow under the licence
LIVE_RETRAIN_SESSIONS = 5
REPLAY_REFIT_SESSIONS = 5
LIVE_REFIT_SESSIONS = 1


def worker_setup(settings: Settings, where: Place, *, demo: bool) -> WorkerSetup:
    """What the worker has to know of the settings.

    Raises:
        ConfigError: If a replay is asked for anything but daily bars.
    """
    source = settings.source
    replayed = is_replay(settings, demo=demo)
    if replayed and source.interval is not Interval.DAY:
        asked = f"asked for {source.interval}; leave --interval out, or take --source simulated"
        raise ConfigError(f"{'demo' if demo else 'replay'}: its recordings are of daily bars, {asked}")
    return WorkerSetup(
        source="replay" if demo else source.name,
        store_path=where.store,
        models_dir=where.models,
        cache_dir=where.cache,
        csv_dir=None if demo else source.csv_dir,
        display_currency=settings.display.currency,
        others=() if demo else source.others,
        seed=source.seed,
        simulated_symbols=source.symbols,
        interval=source.interval,
        model=settings.model,
        # What is recorded is there whole; a limit counted from today would cut an old recording off.
        history_years=None if replayed or source.name == "csv" else settings.model.history_years,
        backfill_sessions=DEMO_BACKFILL_SESSIONS if demo else settings.model.backfill_sessions,
        refit_sessions=REPLAY_REFIT_SESSIONS if replayed else LIVE_REFIT_SESSIONS,
        retrain_sessions=REPLAY_RETRAIN_SESSIONS if replayed else LIVE_RETRAIN_SESSIONS,
    )


def engine(settings: Settings, opened: Opened, *, demo: bool = False, replay_start: date | None = None) -> Engine:
    """The engine of these settings over what was opened.

    Raises:
        ConfigError: If a replay has nothing to play.
    """
    where, store = place(settings, demo=demo), opened.store
    setup = worker_setup(settings, where, demo=demo)
    replayed = is_replay(settings, demo=demo)
    plan = _replay_plan(settings, store, replay_start, demo=demo) if replayed else None
    client = WorkerClient(setup, log_path=where.log)
    return Engine(
        store=store,
        backend=client,
        watchlist=opened.lists,
        columns=opened.columns,
        source_name="demo" if demo else settings.source.name,
        cadence=Cadence(settings.refresh.open_seconds, settings.refresh.closed_seconds),
        alarms=LateAlarms(store, settings.alert_sinks(), settings.alerts, replayed=replayed),
        stream=client if settings.source.stream and not replayed else None,
        inquirer=client,
        canceller=client,
        replay=plan,
        display_currency=settings.display.currency,
        interval=settings.source.interval,
        log_path=where.front_log,
    )


def onlooker(settings: Settings, opened: Opened, lock: EngineLock, *, demo: bool = False) -> Onlooker:
    """A view of what somebody else's engine writes down."""
    where = place(settings, demo=demo)
    return Onlooker(
        opened.store, opened.lists, lock.holder, display_currency=settings.display.currency,
        log_path=where.front_log, sinks=settings.alert_sinks(), alert_settings=settings.alerts,
        inquirer=WorkerClient(worker_setup(settings, where, demo=demo), log_path=where.log), columns=opened.columns,
    )


def _replay_plan(settings: Settings, store: Store, start: date | None, *, demo: bool) -> ReplayPlan:
    """Where the replay begins: where its ledger ends, since what was forecast cannot be forecast again."""
    folder = None if demo else settings.source.csv_dir
    start = start or (DEMO_START if folder is None else _late_in(folder))
    stored = max(store.market.last_sessions().values(), default=start)
    return ReplayPlan(max(start, stored), settings.refresh.replay_seconds_per_session)


def _late_in(folder: Path) -> date:
    """A day with three quarters of the first readable recording before it: enough to learn from, enough to watch."""
    from forecasting.data.sources.csv import parse_csv, read_csv  # 9 ms that only such a replay pays

    for path in sorted(folder.glob("*.csv")):
        with contextlib.suppress(OSError, DataError):
            sessions = sorted(row.session for row in parse_csv(read_csv(path), file=path.name))
            if sessions:
                return sessions[len(sessions) * 3 // 4]
    raise ConfigError(f"replay: {folder} holds no readable SYMBOL.csv; name another folder with --csv-dir")


@contextmanager
def one_shot(settings: Settings, *, temporary: bool) -> Iterator[LocalBackend]:
    """A backend in this process for one headless command; imports the heavy libraries.

    Args:
        settings: Whose source and data folder.
        temporary: Use a store and models folder that vanish afterwards: for recorded data and `--as-of`, where nothing
            that another run has stored may be seen.
    """
    from forecasting.service.local import LocalBackend

    if temporary:
        with Store.temporary(settings.source.interval) as store:
            folder = store.path.parent
            where = Place(
                store.path, folder / "models", folder / "cache", folder / "worker.log", folder / "engine.lock"
            )
            yield LocalBackend(worker_setup(settings, where, demo=False), store)
        return
    where = place(settings, demo=False)
    with Store.open(where.store, interval=settings.source.interval) as store:
        yield LocalBackend(worker_setup(settings, where, demo=False), store)
