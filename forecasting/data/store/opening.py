"""Making a store file ready: private, whole, and of this version's schema.

A file that is damaged, empty or no database is set aside under a name that says when, never deleted, and a new one is
started. An older schema is led up after a backup; a newer one is refused.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from forecasting.data.store import gate
from forecasting.data.store.backup import backups, set_aside
from forecasting.data.store.database import BUSY_SECONDS, DAMAGED, connect, connect_or_look, mapped, suspicion
from forecasting.data.store.migrations import MIGRATIONS, migrate, run
from forecasting.errors import StoreCorrupt, StoreError, StoreUnwritable

APPLICATION_ID = 0x74706374  # "tpct", in the file's header: tells a store from some other program's database
CHECKED_UP_TO = 16 * 2**20
"""Bytes. Larger files are read through at opening only if found damaged in use: it takes 1 ms a megabyte, more from a
cold disk. The worker reads them through once the screen is painted."""

_SMALLEST = 512      # bytes in SQLite's smallest page; it takes a shorter file for an empty database
_TRIES = 3


def prepare(path: Path, now: datetime, migrations: Sequence[str] = MIGRATIONS) -> tuple[str, ...]:
    """Make the store at `path` ready for use; returns what a person should know, one line each.

    Safe to be called by several processes at once.

    Raises:
        StoreError: If the folder or file cannot be written, belongs to another program or to a newer tapecast, or has
            to be replaced while somebody uses it.
    """
    with mapped(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        damage: str | None = None
        for _ in range(_TRIES):
            with gate.opening(path):
                damage = damage_of(path)
                if damage is None and _is_ready(path, migrations):
                    return ()
            with contextlib.suppress(gate.InUse), gate.alone(path):      # who has it open may be mending it
                return _mend(path, now, migrations)
    if damage is None:
        raise StoreError(f"{path}: of an older schema, and another tapecast has it open; quit that one, then try again")
    raise StoreCorrupt(
        f"{path}: damaged ({damage}), and another tapecast has it open; quit all of them and start again: the file is"
        " set aside then"
    )


def look_only(path: Path, refused: StoreUnwritable) -> tuple[str, ...]:
    """The notice with which a whole store of this schema is shown although the disk has refused to make it ready.

    Raises:
        StoreUnwritable: `refused`, if there is nothing to be seen.
        StoreError: If it is not ours to read.
    """
    if not path.is_file():
        raise refused
    with mapped(path), closing(connect_or_look(path)[0]) as connection:
        if version_of(connection, path) != len(MIGRATIONS) + 1:
            raise refused
    return (f"{refused}; shown is what {path.name} holds",)


def damage_of(path: Path) -> str | None:
    """What is wrong with the file at `path`, or None; None as well where there is none yet.

    Looks through a read-only connection, because a writing one would fold a left-over -wal into the file when it
    closes, and a damaged file is to be kept byte for byte.
    """
    left_over = path.with_name(path.name + "-wal")
    if not path.exists():
        return "file is gone, its -wal is there" if left_over.exists() and left_over.stat().st_size else None
    size = path.stat().st_size
    if size < _SMALLEST:
        return "file is not a database" if size else "file is empty"
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as connection:
            thorough = size <= CHECKED_UP_TO or suspicion(path).exists()
            check = "PRAGMA quick_check(1)" if thorough else "SELECT 'ok' FROM sqlite_master LIMIT 1"
            found = connection.execute(check).fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
            raise
        return str(error)
    return None if found is None or found[0] == "ok" else str(found[0]).splitlines()[-1]


def version_of(connection: sqlite3.Connection, path: Path, newest: int = len(MIGRATIONS) + 1) -> int:
    """The schema version of an open store; 0 for a file without tables.

    Raises:
        StoreError: If it belongs to another program or to a newer tapecast.
    """
    tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    if not tables:
        return 0
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreError(f"{path}: a database of another program; give another folder with --data-dir")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > newest:
        raise StoreError(
            f"{path}: written by a newer tapecast (schema {version}, this one knows {newest}); "
            "update tapecast or give another folder with --data-dir"
        )
    return version


def _is_ready(path: Path, migrations: Sequence[str]) -> bool:
    """Whether the whole file is of the newest schema; a missing one is made so."""
    suspicion(path).unlink(missing_ok=True)
    gate.touch_private(path)
    newest = len(migrations) + 1
    with closing(connect(path)) as connection:
        version = version_of(connection, path, newest)
        connection.execute("PRAGMA journal_mode = WAL")        # a copy put here by hand has another
        if version == 0:
            from importlib import resources  # 2 ms that only a new store pays

            schema = resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
            run(connection, f"PRAGMA application_id = {APPLICATION_ID};\n{schema}", newest)
        return version in (0, newest)


def _mend(path: Path, now: datetime, migrations: Sequence[str]) -> tuple[str, ...]:
    """Set a damaged file aside, or lead an older one up; nobody else has it open."""
    if (damage := damage_of(path)) is not None:
        copies = backups(path)
        kept = set_aside(path, "corrupt", now)
        _is_ready(path, migrations)
        remedy = f"; newest backup: {copies[0].path.name} of {copies[0].made:%Y-%m-%d %H:%M} UTC" if copies else ""
        return (f"{path} could not be read ({damage}); it is kept as {kept.name} and a new store was started; what can"
                f" be read is saved by: tapecast store check --store {kept} --salvage{remedy}",)
    if not _is_ready(path, migrations):
        with closing(connect(path)) as connection:
            migrate(connection, path, version_of(connection, path, len(migrations) + 1), migrations)
    return ()
