"""Copies of a store beside it: made whole or not at all, private, and found again by their names.

`store.db.v1.bak` was made before a migration from schema 1, `store.db.backup-20260302T210000Z` by `tapecast store
backup`, `store.db.salvaged-..` from a damaged file. Not copies but the file itself, set aside: `store.db.corrupt-..`
because it was damaged, `store.db.replaced-..` by `tapecast store restore`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from forecasting.data.store import gate
from forecasting.errors import StoreError
from forecasting.frozen import dataclass

COMPANIONS = ("", "-wal", "-shm")
"""A store is three files while it is open, and after a crash."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file beside a store that holds an earlier state of it."""

    path: Path
    size: int            # bytes
    made: datetime       # aware UTC


def back_up(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the open store to `target`, replacing what is there once the copy is whole and on the disk.

    Others may write meanwhile: the copy is one state of the store.

    Raises:
        sqlite3.Error, OSError: If the copy could not be made; `target` is as it was.
        StoreError: If the copy came out damaged; `target` is as it was.
    """
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        gate.touch_private(part)
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")        # one file, which no -wal belongs to
            said = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise StoreError(f"{target}: the copy is damaged ({said}); look at the store with: tapecast store check")
        _to_disk(part)
        part.replace(target)
        _to_disk(target.parent)
    finally:
        part.unlink(missing_ok=True)


def write_anew(connection: sqlite3.Connection, path: Path) -> None:
    """Give a store its file back that was removed while `connection` had it open, unless somebody else has done so.

    Raises:
        sqlite3.Error, OSError, StoreError: If it could not be written; there is no file at `path` then.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = path.with_name(f"{path.name}.anew-{os.getpid()}")
    try:
        back_up(connection, copy)
        with gate.opening(path):
            if path.exists():
                return
            for companion in COMPANIONS[1:]:      # of the file that is gone: they would be read into this one
                path.with_name(path.name + companion).unlink(missing_ok=True)
            copy.replace(path)
            with closing(sqlite3.connect(path)) as anew:
                anew.execute("PRAGMA journal_mode = WAL")
            _to_disk(path.parent)
    finally:
        copy.unlink(missing_ok=True)


def copy_name(path: Path, kind: Literal["backup", "salvaged"], now: datetime) -> Path:
    """Where a copy goes that was given no name; after another one of the same second it is named for the next."""
    while (copy := path.with_name(f"{path.name}.{kind}-{now:%Y%m%dT%H%M%SZ}")).exists():
        now += timedelta(seconds=1)
    return copy


def migration_backup(path: Path, version: int) -> Path:
    """Where the copy goes that is made before a migration from `version`."""
    return path.with_name(f"{path.name}.v{version}.bak")


def backups(path: Path) -> tuple[Copy, ...]:
    """The copies beside the store at `path`, newest first."""
    return _beside(path, "v*.bak", "backup-*Z", "salvaged-*Z")


def set_aside_files(path: Path) -> tuple[Copy, ...]:
    """The stores that once were at `path` and were set aside, newest first."""
    return _beside(path, "corrupt-*Z", "replaced-*Z")


def set_aside(path: Path, why: str, now: datetime) -> Path:
    """Give the store at `path` and its companions another name that says when; returns it."""
    kept = path.with_name(f"{path.name}.{why}-{now:%Y%m%dT%H%M%S%fZ}")
    for companion in COMPANIONS:
        file = path.with_name(path.name + companion)
        if file.exists():
            file.rename(kept.with_name(kept.name + companion))
    return kept


def _beside(path: Path, *patterns: str) -> tuple[Copy, ...]:
    found = []
    for file in (file for pattern in patterns for file in path.parent.glob(f"{path.name}.{pattern}")):
        told = file.stat()
        found.append(Copy(file, told.st_size, datetime.fromtimestamp(told.st_mtime, UTC)))
    return tuple(sorted(found, key=lambda copy: copy.made, reverse=True))


def _to_disk(path: Path) -> None:
    """Wait until the disk has what was written to a file, or to a folder where the system can do that."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        if path.is_dir():        # some systems open no folders
            return
        raise
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
