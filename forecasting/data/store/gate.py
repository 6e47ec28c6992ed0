"""Who may use a store file: any number at once, one opener at a time, and nobody beside who replaces it.

A file that is renamed or migrated under another process's hands takes that process's next rows with it. So whoever has
a store open holds a shared lock for as long, and who sets aside, migrates or restores a file takes an exclusive one
first. The locks lie on an empty SQLite file beside the store: that works on every platform, waits with a time-out, and
ends with the process however that ends.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from forecasting.errors import StoreError

OPENING_S = 10.0     # how long an opener waits for another that makes or mends the file
SOLE_USE_S = 0.25    # how long one waits to be alone; who uses a store does so for hours


class InUse(StoreError):
    """Another process, or another part of this one, has the store open."""


def present(path: Path) -> sqlite3.Connection | None:
    """Hold the store at `path` as one of its users until the connection is closed; None where nothing can be written.

    Raises:
        sqlite3.OperationalError: If it is being replaced and that takes long.
    """
    with contextlib.suppress(OSError):
        connection = _connect(path, OPENING_S)
        connection.execute("BEGIN")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()     # BEGIN alone takes no lock
        return connection
    return None


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Hold other openers off; those who have the store open go on."""
    with closing(_connect(path, OPENING_S)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold everybody off.

    Raises:
        InUse: If somebody has the store open.
    """
    with closing(_connect(path, SOLE_USE_S)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise InUse(f"{path}: another tapecast has it open; quit that one, then try again") from error
        yield


def touch_private(path: Path) -> None:
    """Create `path` where it is missing; readable by its owner alone, as SQLite then makes its -wal and -shm.

    An existing file is not opened for that: closing any handle of a file drops every lock the process has on it.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _connect(path: Path, timeout: float) -> sqlite3.Connection:
    lock = path.with_name(path.name + ".lock")
    touch_private(lock)
    return sqlite3.connect(lock, timeout=timeout, isolation_level=None, check_same_thread=False)
