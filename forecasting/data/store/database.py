"""Connections, transactions and error mapping for one SQLite file.

The app reads from several threads while two processes may write. So every thread has its own connection, every write
is one short `BEGIN IMMEDIATE` transaction (the write lock is taken at once, waited for up to `BUSY_SECONDS`, and a
transaction never fails half-way for want of it), and in WAL mode readers never wait for writers.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecasting.errors import StoreCorrupt, StoreError

BUSY_SECONDS = 5.0
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass(frozen=True, slots=True)
class _Handle:
    """One thread's connection, and the lock that keeps `close` from ending it in mid-statement."""

    connection: sqlite3.Connection
    lock: threading.RLock = field(default_factory=threading.RLock)


class Database:
    """One file, one connection per thread."""

    def __init__(self, path: Path) -> None:
        """`path` is a file that `opening.prepare` has made ready."""
        self.path = path
        self._handles: dict[threading.Thread, _Handle] = {}
        self._lock = threading.Lock()
        self._closed = False

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Any]:
        """All rows of one query, as tuples; sees what a transaction of the same thread has written.

        Raises:
            StoreError: If the store cannot be read.
        """
        handle = self._handle()
        with handle.lock, mapped(self.path):
            return handle.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Any | None:
        """The first row of one query, or None."""
        return next(iter(self.rows(sql, parameters)), None)

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Write in one transaction: everything inside is kept, or nothing.

        Args:
            durable: Wait for the disk before returning, so that even a power cut cannot take the rows back. Without
                it a commit survives the death of the process, and a power cut may cost the newest commits, whole.

        Raises:
            StoreError: If the store cannot be written; nothing of the transaction is kept then.
        """
        handle = self._handle()
        connection = handle.connection
        with handle.lock, mapped(self.path):
            if durable:
                connection.execute("PRAGMA synchronous = FULL")
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if durable:
                    connection.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Several queries on one state of the store, whatever others write meanwhile; for rows too many to hold.

        Raises:
            StoreError: If the store cannot be read.
        """
        handle = self._handle()
        with handle.lock, mapped(self.path):
            handle.connection.execute("BEGIN")
            try:
                yield handle.connection
            finally:
                if handle.connection.in_transaction:
                    handle.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close every thread's connection, each after its running statement or transaction. Safe to call twice."""
        with self._lock:
            self._closed = True
            handles = list(self._handles.values())
            self._handles.clear()
        for handle in handles:
            with handle.lock, mapped(self.path):
                handle.connection.close()

    def _handle(self) -> _Handle:
        thread = threading.current_thread()
        return self._handles.get(thread) or self._connect(thread)

    def _connect(self, thread: threading.Thread) -> _Handle:
        with self._lock, mapped(self.path):
            if self._closed:
                raise StoreError(f"{self.path}: the store is closed")
            for ended in [t for t in self._handles if not t.is_alive()]:
                self._handles.pop(ended).connection.close()
            handle = self._handles[thread] = _Handle(connect(self.path))
            return handle


def suspicion(path: Path) -> Path:
    """The empty file that marks the store at `path` as found damaged in use."""
    return path.with_name(path.name + ".suspect")


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread, set up as every part of the store needs it."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def mapped(path: Path) -> Iterator[None]:
    """Turn sqlite3's errors, and the file system's, into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _store_error(path, error) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; give another folder with --data-dir") from error


def _store_error(path: Path, error: sqlite3.Error) -> StoreError:
    # Extended codes carry the primary one in their low byte; some errors of the module itself have none.
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary in DAMAGED:
        # Large files are not read through at opening; the mark makes the next opening do it.
        suspicion(path).touch(mode=0o600)
        return StoreCorrupt(f"{path}: {error}; start tapecast again and the damaged file is set aside")
    remedy = {
        sqlite3.SQLITE_BUSY: f"another tapecast has held it for {BUSY_SECONDS:g} s; try again",
        sqlite3.SQLITE_FULL: "the disk is full; free some space",
        sqlite3.SQLITE_READONLY: "it cannot be written; check its permissions or give another folder with --data-dir",
        sqlite3.SQLITE_CANTOPEN: "check the folder's permissions or give another one with --data-dir",
        sqlite3.SQLITE_IOERR: "the disk reports an error; nothing was written",
    }.get(primary or 0)
    return StoreError(f"{path}: {error}" + (f"; {remedy}" if remedy else ""))
