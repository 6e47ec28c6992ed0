"""From settings to a wired engine, or to a backend for one command.

Imports nothing heavy: the front process starts here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.config import Settings, is_default, lists_file, load, save_columns, save_lists
from forecasting.data.store import Store
from forecasting.domain.columns import COLUMN_KEYS
from forecasting.domain.interval import Interval
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError, DataError, RuleError
from forecasting.service.client import WorkerClient
from forecasting.service.columns import ColumnChoice
from forecasting.service.engine import Engine
from forecasting.service.lock import EngineLock
from forecasting.service.onlooker import Onlooker
from forecasting.service.pace import Cadence
from forecasting.service.reloading import stamp_of
from forecasting.service.replaying import ReplayPlan
from forecasting.service.standby import Standby
from forecasting.service.watchlist import Watchlist, check_filter
from forecasting.service.wire import WorkerSetup

if TYPE_CHECKING:
    from forecasting.service.alarms import Alarms
    from forecasting.service.delivery import Show
    from forecasting.service.local import LocalBackend

COLUMNS = "watch-columns"
"""Meta key of the watch table's columns."""

DEMO_START = date(2008, 6, 16)
"""Where the demo's replay begins: three months before the crash, with nine years of history behind it."""

DEMO_BACKFILL_SESSIONS = 126
REPLAY_RETRAIN_SESSIONS = 8      # a replayed week takes seconds: time to train, and a week in shadow under the licence
LIVE_RETRAIN_SESSIONS = 5
REPLAY_REFIT_SESSIONS = 5
LIVE_REFIT_SESSIONS = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where one source's facts are kept: sources are never mixed in one store, nor intervals in one models folder."""

    store: Path
    models: Path
    cache: Path
    log: Path
    lock: Path      # of the engine at work: one per interval, as there is one store


def folder(settings: Settings, *, demo: bool) -> Path:
    """The folder of these settings' source, inside the data folder; it need not be there."""
    base = settings.data_dir(demo=demo)
    source = settings.source
    if demo or source.name == "yahoo":
        return base
    return base / (source.name if source.csv_dir is None else f"{source.name}-{_name_of(source.csv_dir)}")


def place(settings: Settings, *, demo: bool) -> Place:
    """What is kept in that folder, which is made if it is not there.

    Raises:
        ConfigError: If it cannot be made.
    """
    base, source = folder(settings, demo=demo), settings.source
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        what = f"data folder {base} cannot be made ({error.strerror}); name another with --data-dir"
        raise ConfigError(what) from error
    of = "" if source.interval is Interval.DAY else f"-{source.interval}"
    return Place(
        base / "store.db", base / f"models{of}", base / "cache", base / "worker.log", base / f"engine{of}.lock"
    )


def _name_of(folder: Path) -> str:
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]


def worker_setup(settings: Settings, where: Place, *, demo: bool) -> WorkerSetup:
    """What the worker has to know of the settings.

    Raises:
        ConfigError: If a replay is asked for anything but daily bars.
    """
    source = settings.source
    replayed = demo or source.name == "replay"
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


def build_front(
    settings: Settings, *, kind: str = "app", demo: bool = False, replay_start: date | None = None
) -> Standby:
    """What a front end runs: the engine, or a view of the one that runs already, until that ends.

    Args:
        settings: See `forecasting.config`.
        kind: "app" or "daemon".
        demo: Replay the built-in recording.
        replay_start: First session a replay plays, where it has not played yet.

    Raises:
        TapecastError: If the data folder or the store cannot be used.
    """
    where = place(settings, demo=demo)
    lock = EngineLock(where.lock, kind)
    lead, look_on = roles(settings, lock, demo=demo, replay_start=replay_start)
    return Standby(lock, lead=lead, look_on=look_on, kind=kind)


def renew(front: Standby, settings: Settings) -> None:
    """Go on with an engine of other settings.

    Raises:
        ConfigError: If they are about another store; everything stays as it was.
        TapecastError: If such an engine cannot be made; the same.
    """
    where = place(settings, demo=False)
    if where.lock != front.lock.path:
        raise ConfigError(f"[source] and [paths]: these settings are about another store, {where.store}; start anew")
    front.renew(roles(settings, front.lock)[0])


def roles(
    settings: Settings, lock: EngineLock, *, demo: bool = False, replay_start: date | None = None
) -> tuple[Callable[[], tuple[Engine, Store]], Callable[[], Onlooker]]:
    """How to make the engine with the store it works on, and how to make a view of another's."""
    where = place(settings, demo=demo)

    def lead() -> tuple[Engine, Store]:
        store = Store.open(where.store, interval=settings.source.interval)
        return _engine(settings, where, store, demo=demo, replay_start=replay_start), store

    def look_on() -> Onlooker:
        store = Store.open(where.store, interval=settings.source.interval)
        return Onlooker(
            store, watchlist(settings, store, demo=demo), lock.holder, display_currency=settings.display.currency,
            log_path=where.log.with_name("app.log"), sinks=settings.alert_sinks(), alert_settings=settings.alerts,
            inquirer=WorkerClient(worker_setup(settings, where, demo=demo), log_path=where.log),
            columns=columns(settings, store),
        )

    return lead, look_on


def _engine(settings: Settings, where: Place, store: Store, *, demo: bool, replay_start: date | None) -> Engine:
    setup = worker_setup(settings, where, demo=demo)
    replayed = demo or settings.source.name == "replay"
    plan = _replay_plan(settings, store, replay_start, demo=demo) if replayed else None
    client = WorkerClient(setup, log_path=where.log)
    return Engine(
        store=store,
        backend=client,
        watchlist=watchlist(settings, store, demo=demo),
        columns=columns(settings, store),
        source_name="demo" if demo else settings.source.name,
        cadence=Cadence(settings.refresh.open_seconds, settings.refresh.closed_seconds),
        stream=client if settings.source.stream and not replayed else None,
        inquirer=client,
        canceller=client,
        replay=plan,
        display_currency=settings.display.currency,
        interval=settings.source.interval,
        log_path=where.log.with_name("app.log"),
        alarms=_alarms(settings, store, replayed=replayed),
    )


def _alarms(settings: Settings, store: Store, *, replayed: bool) -> Callable[[Show | None], Alarms]:
    def make(show: Show | None) -> Alarms:
        from forecasting.service.alarms import Alarms  # not needed for the first paint

        return Alarms(store, settings.alert_sinks(), settings.alerts, show=show, replayed=replayed)

    return make


def _replay_plan(settings: Settings, store: Store, start: date | None, *, demo: bool) -> ReplayPlan:
    """Where the replay begins: where its ledger ends, since what was forecast cannot be forecast again."""
    folder = None if demo else settings.source.csv_dir
    start = start or (DEMO_START if folder is None else _late_in(folder))
    stored = max(store.market.last_sessions().values(), default=start)
    return ReplayPlan(max(start, stored), settings.refresh.replay_seconds_per_session)


def _late_in(folder: Path) -> date:
    """A day with three quarters of the first readable recording before it: enough to learn from, enough to watch."""
    from forecasting.data.sources.csv import parse_csv  # 9 ms that only such a replay pays

    for path in sorted(folder.glob("*.csv")):
        with contextlib.suppress(OSError, DataError):
            sessions = sorted(row.session for row in parse_csv(path.read_bytes(), file=path.name))
            if sessions:
                return sessions[len(sessions) * 3 // 4]
    raise ConfigError(f"replay: {folder} holds no readable SYMBOL.csv; name another folder with --csv-dir")


def watchlist(settings: Settings, store: Store, *, demo: bool) -> Watchlist:
    """The lists: config.toml's where it has any; else the store's; else the starter lists, or the source's own."""
    own_symbols = demo or settings.source.name != "yahoo"
    if settings.lists and not demo:
        file = lists_file(settings)

        def save_renamed(groups: Sequence[WatchGroup], old: str, new: str) -> None:
            save_lists(file, groups)
            store.alerts.rename_list(old, new)

        return Watchlist(
            settings.groups(), lambda groups: save_lists(file, groups), _Rereading(file).groups, save_renamed
        )
    groups: Sequence[WatchGroup] = store.watchlist.groups()
    if not groups and not own_symbols:
        groups = settings.groups()
    return Watchlist(groups, store.watchlist.save, store.watchlist.groups, store.rename_list)


def columns(settings: Settings, store: Store) -> ColumnChoice:
    """The watch table's columns: of the person's own config.toml, which takes up what is chosen; else of the store."""
    if settings.origin is not None and not is_default(settings.origin):
        file = settings.origin
        return ColumnChoice(settings.display.columns, lambda keys: save_columns(file, keys))
    kept = json.loads(store.runs.get_meta(COLUMNS) or "[]")
    return ColumnChoice([key for key in kept if key in COLUMN_KEYS],
                        lambda keys: store.runs.set_meta(COLUMNS, json.dumps(list(keys))))


class _Rereading:
    """Reads the lists of a configuration file anew when the file has changed."""

    def __init__(self, file: Path) -> None:
        self._file, self._stamp = file, stamp_of(file)
        self._problem: ConfigError | None = None

    def groups(self) -> tuple[WatchGroup, ...] | None:
        """The lists, or None where the file has not changed.

        Raises:
            ConfigError: If the file cannot be read, until it has changed once more.
        """
        stamp = stamp_of(self._file)
        if stamp != self._stamp:
            self._stamp, self._problem = stamp, None
            try:
                groups = load(self._file).groups()
                for group in groups:
                    check_filter(group)
                return groups
            except RuleError as error:
                self._problem = ConfigError(f"{self._file}: filter of a list: {error}")
            except ConfigError as error:
                self._problem = error
        if self._problem is not None:
            raise self._problem
        return None


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
