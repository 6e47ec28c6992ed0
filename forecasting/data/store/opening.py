"""Making a store file ready: private, whole, and of this version's schema.

A file that is damaged or no database is set aside under a name that says when, never deleted, and a new one is
started. An older schema is led up step by step after a backup; a newer one is refused.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path

from forecasting.data.store.database import BUSY_SECONDS, DAMAGED, connect, mapped, suspicion
from forecasting.errors import StoreError

MIGRATIONS: tuple[str, ...] = ()
"""SQL scripts; the one at index i leads a store of schema version i + 1 to version i + 2."""

APPLICATION_ID = 0x74706374  # "tpct", in the file's header: tells a store from some other program's database
CHECKED_UP_TO = 16 * 2**20
"""Bytes. Larger files are read through at opening only if found damaged in use: it takes 1 ms a megabyte."""

_MAGIC = b"SQLite format 3\0"
_COMPANIONS = ("", "-wal", "-shm")


def prepare(path: Path, now: datetime, migrations: Sequence[str] = MIGRATIONS) -> tuple[str, ...]:
    """Make the store at `path` ready for use; returns what a person should know, one line each.

    Safe to be called by several processes at once.

    Raises:
        StoreError: If the folder or file cannot be written, belongs to another program or to a newer tapecast.
    """
    with mapped(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(path):
            notices = _set_aside_if_damaged(path, now)
            _touch_private(path)
            with closing(connect(path)) as connection:
                _bring_up(connection, path, migrations)
    return notices


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold other processes off while a file is checked, replaced or migrated.

    The lock is an exclusive transaction on an empty SQLite file: it works on every platform, waits with a time-out, and
    ends with the process however that ends.
    """
    lock = path.with_name(path.name + ".lock")
    _touch_private(lock)
    with closing(sqlite3.connect(lock, timeout=2 * BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


def _touch_private(path: Path) -> None:
    """Create `path` where it is missing; readable by its owner alone, as SQLite then makes its -wal and -shm."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _set_aside_if_damaged(path: Path, now: datetime) -> tuple[str, ...]:
    damage = _damage(path)
    suspicion(path).unlink(missing_ok=True)
    if damage is None:
        return ()
    kept = path.with_name(f"{path.name}.corrupt-{now:%Y%m%dT%H%M%S%fZ}")
    for companion in _COMPANIONS:
        file = path.with_name(path.name + companion)
        if file.exists():
            file.rename(kept.with_name(kept.name + companion))
    return (f"{path} could not be read ({damage}); it is kept as {kept.name} and a new store was started",)


def _damage(path: Path) -> str | None:
    """What is wrong with the file at `path`, or None.

    Looks through a read-only connection, because a writing one would fold a left-over -wal into the file when it
    closes, and a damaged file is to be kept byte for byte.
    """
    if not path.exists() or not (size := path.stat().st_size):
        return None
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return "file is not a database"
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


def _bring_up(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    newest = len(migrations) + 1
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and owner != APPLICATION_ID:
        raise StoreError(f"{path}: a database of another program; give another folder with --data-dir")
    if version > newest:
        raise StoreError(
            f"{path}: written by a newer tapecast (schema {version}, this one knows {newest}); "
            "update tapecast or give another folder with --data-dir"
        )
    if not tables:
        connection.execute("PRAGMA journal_mode = WAL")
        schema = resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
        _run(connection, f"PRAGMA application_id = {APPLICATION_ID};\n{schema}", newest)
    elif version < newest:
        _back_up(connection, path.with_name(f"{path.name}.v{version}.bak"))
        for step, script in enumerate(migrations[version - 1 :], start=version + 1):
            _run(connection, script, step)


def _run(connection: sqlite3.Connection, script: str, version: int) -> None:
    """Run `script` and note the version it leads to, in one transaction."""
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\n;PRAGMA user_version = {version};\nCOMMIT;")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    _touch_private(target)
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
