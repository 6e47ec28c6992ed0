"""Connections, transactions and error mapping for one SQLite file.

The app reads from several threads while two processes may write. So no two threads use a connection at once, every
write is one short `BEGIN IMMEDIATE` transaction (the write lock is taken at once, waited for with patience, and a
transaction never fails half-way for want of it), and in WAL mode readers never wait for writers.

A disk that is full or read-only fails the write that meets it, whole, and nothing else: what is stored can be read, and
the next use tries the disk anew.

A file that is removed while it is in use would take along all that is committed from then on. The next use notices, and
writes the store anew from what is still open; where another file has taken its place, the next use goes on with that.
"""

from __future__ import annotations

import contextlib
import errno
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from forecasting.data.store import gate
from forecasting.data.store.backup import write_anew
from forecasting.errors import StoreCorrupt, StoreError, StoreUnwritable

T = TypeVar("T")

BUSY_SECONDS = 5.0       # SQLite's own waiting for a lock
PATIENCE_SECONDS = 15.0  # and ours around it, which also outlasts what SQLite does not wait for
LOOK_SECONDS = 5.0       # how long a connection is used that can only look, before the disk is tried anew
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_IN_THE_WAY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_PAUSE_S = (0.002, 0.25)                     # shortest and longest between two tries
_UNWRITABLE = {              # what is wrong, what to do
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space"),
    sqlite3.SQLITE_READONLY: ("the store is read-only", "make file, folder and disk writable, or give --data-dir"),
    sqlite3.SQLITE_CANTOPEN: ("the store's files cannot be opened", "check folder and disk, or give --data-dir"),
    sqlite3.SQLITE_IOERR: ("the disk refuses to read or write", "check its space and soundness, or give --data-dir"),
}
_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO)


@dataclass(slots=True, eq=False)
class _Handle:
    """One connection, and the lock that keeps `close` from ending it in mid-statement."""

    connection: sqlite3.Connection
    until: float             # monotonic: when a connection that can only look is given up; else never
    lock: threading.RLock = field(default_factory=threading.RLock)
    uses: int = 0            # of the one thread that has it: statements inside a transaction are part of it


class Database:
    """One file, and as many connections as threads have used it at once: each costs two files and a cache of pages."""

    def __init__(self, path: Path) -> None:
        """`path` is a file that `opening.prepare` has made ready."""
        self.path = path
        self._handles: list[_Handle] = []
        self._idle: list[_Handle] = []       # the last one used goes first: its pages are in memory
        self._witness: _Handle | None = None      # writes nothing, and so sees everybody's writing
        self._here = threading.local()       # .handle: this thread's, while it has one
        self._lock = threading.Lock()
        self._closed = False
        self._file: tuple[int, int] | None = None      # which one the connections are to, by device and number
        self._moves = 0
        self.moved: tuple[str, ...] = ()
        """What a person should know of a file that did not stay, one line."""
        with mapped(path):
            self._presence = gate.present(path)

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Any]:
        """All rows of one query, as tuples; sees what a transaction of the same thread has written.

        Raises:
            StoreError: If the store cannot be read.
        """
        with self._connection() as connection:
            return patiently(lambda: connection.execute(sql, parameters).fetchall())

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
        with self._connection() as connection:
            if durable:
                connection.execute("PRAGMA synchronous = FULL")
            try:
                patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
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
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def version(self) -> int:
        """A number that changes when somebody has written, this process or another."""
        with self._lock:
            self._follow()
            witness = self._witness
            if witness is None or witness not in self._handles or time.monotonic() > witness.until:
                if witness is not None:
                    self._forget(witness)
                witness = self._witness = self._connect()
        with self._using(witness) as connection:
            number: int = patiently(lambda: connection.execute("PRAGMA data_version").fetchone())[0]
        return number + (self._moves << 32)      # another file counts anew

    def shrink(self) -> None:
        """Let go of pages that idle connections keep for reading again: once a minute it costs a read or two."""
        for handle in list(self._handles):
            if handle.lock.acquire(blocking=False):
                try:
                    with mapped(self.path):
                        handle.connection.execute("PRAGMA shrink_memory")
                finally:
                    handle.lock.release()

    def close(self) -> None:
        """Close every connection, each after its running statement or transaction. Safe to call twice."""
        with self._lock:
            self._closed = True
            handles = list(self._handles)
            self._handles.clear()
            self._idle.clear()
        for handle in handles:
            with handle.lock, mapped(self.path):
                handle.connection.close()
        if self._presence is not None:
            self._presence.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """The connection this thread has, or one that is its own until the end of the block."""
        handle: _Handle | None = getattr(self._here, "handle", None)
        if handle is None:
            handle = self._here.handle = self._take()
        handle.uses += 1
        try:
            with self._using(handle) as connection:
                yield connection
        finally:
            handle.uses -= 1
            if handle.uses == 0:
                self._here.handle = None
                self._put_back(handle)

    @contextmanager
    def _using(self, handle: _Handle) -> Iterator[sqlite3.Connection]:
        """The connection, given up if the disk fails it: a new one may get what it was refused."""
        with handle.lock, mapped(self.path):
            try:
                yield handle.connection
            except sqlite3.Error as error:
                if primary_code(error) in _UNWRITABLE and not handle.connection.in_transaction:
                    self._give_up(handle)
                raise

    def _take(self) -> _Handle:
        with self._lock:
            self._follow()
            while self._idle:
                handle = self._idle.pop()
                if time.monotonic() <= handle.until:
                    return handle
                self._forget(handle)
            return self._connect()

    def _put_back(self, handle: _Handle) -> None:
        with self._lock:
            if handle in self._handles:      # neither given up nor closed
                self._idle.append(handle)
            else:
                self._forget(handle)

    def _follow(self) -> None:
        """Let go of a file that lies at `path` no more, once one does; whoever calls holds the lock."""
        if not self._handles or (here := _identity(self.path)) == self._file:
            return
        what = "replaced while in use; what is shown is the new one's"
        if here is None:
            what = "removed while in use; it was written anew from what was open"
            with mapped(self.path):
                self._write_anew()
        for handle in self._idle:
            self._forget(handle)
        # Those that are in use end with their statement or transaction.
        self._handles, self._idle, self._witness = [], [], None
        if self._presence is not None:      # its file may be gone as well
            self._presence.close()
            self._presence = None
        self._moves += 1
        self.moved = (f"{self.path} was {what}",)

    def _write_anew(self) -> None:
        for handle in (*self._idle, *self._handles):
            if not handle.lock.acquire(blocking=False):
                continue
            try:
                if not handle.connection.in_transaction:
                    write_anew(handle.connection, self.path)
                    return
            finally:
                handle.lock.release()
        raise StoreError(f"{self.path}: was removed while in use; it is written anew at the next try")

    def _give_up(self, handle: _Handle) -> None:
        with self._lock:
            self._forget(handle)

    def _forget(self, handle: _Handle) -> None:
        if handle in self._handles:
            self._handles.remove(handle)
        with contextlib.suppress(sqlite3.Error):
            handle.connection.close()

    def _connect(self) -> _Handle:
        """One connection more; whoever calls holds the lock."""
        with mapped(self.path):
            if self._closed:
                raise StoreError(f"{self.path}: the store is closed")
            if self._presence is None:
                self._presence = gate.present(self.path)
            handle = _Handle(*connect_or_look(self.path))
            self._file = _identity(self.path)
        self._handles.append(handle)
        return handle


def patiently(begin: Callable[[], T]) -> T:
    """Run what begins a transaction, or is one by itself; again and again while another process is in the way.

    Raises:
        sqlite3.Error: What it raises, when that is something else or patience has ended.
    """
    end, pause = time.monotonic() + PATIENCE_SECONDS, _PAUSE_S[0]
    while True:
        try:
            return begin()
        except sqlite3.OperationalError as error:
            if primary_code(error) not in _IN_THE_WAY or time.monotonic() > end:
                raise
        time.sleep(random.uniform(0.5, 1.0) * pause)       # by chance, so that two who wait do not meet again
        pause = min(2.0 * pause, _PAUSE_S[1])


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at `path`; None where there is none."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino


def suspicion(path: Path) -> Path:
    """The empty file that marks the store at `path` as found damaged in use."""
    return path.with_name(path.name + ".suspect")


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread, set up as every part of the store needs it."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    # NORMAL in WAL mode: a commit is in the operating system's hands before it is acknowledged, so that no death of the
    # process can take it back, and the file is sound after a power cut; but that may cost the newest commits, since the
    # disk is only waited for at checkpoints. Bars, quotes and indicators can be asked for again. What cannot (ledger,
    # signals, the person's lists) is written `durable`: FULL, one wait for the disk per commit.
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA fullfsync = ON")       # macOS: past the disk's own cache too; no effect elsewhere
        connection.execute("PRAGMA foreign_keys = ON")
        # 600 KB of pages for each connection, a third of SQLite's own choice: enough for a symbol's detail,
        # and so much less by which a process grows in its first days.
        connection.execute("PRAGMA cache_size = -600")
        patiently(lambda: connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone())     # opens all files
    except BaseException:
        connection.close()
        raise
    return connection


def connect_or_look(path: Path) -> tuple[sqlite3.Connection, float]:
    """A connection, and the monotonic time until which to use it.

    On a full or read-only disk SQLite cannot make the -shm file that even reading needs. The file is then read as it
    lies there, which is right as long as nobody writes: until `LOOK_SECONDS` from now.

    Raises:
        sqlite3.Error: If it cannot be read either.
    """
    try:
        return connect(path), float("inf")
    except sqlite3.Error as error:
        if not may_look(path, error):
            raise
    looking = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
    )
    return looking, time.monotonic() + LOOK_SECONDS


def may_look(path: Path, error: sqlite3.Error) -> bool:
    """Whether a file whose opening failed with `error` may be read as it lies there: all that is committed is in it."""
    left_over = path.with_name(path.name + "-wal")
    return primary_code(error) in _UNWRITABLE and not (left_over.exists() and left_over.stat().st_size)


@contextmanager
def mapped(path: Path) -> Iterator[None]:
    """Turn sqlite3's errors, and the file system's, into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _store_error(path, error) from error
    except OSError as error:
        said = error.strerror or str(error)
        if error.errno in _REFUSED:
            what = f"{said.lower()}: nothing new is kept in {path}"
            raise StoreUnwritable(f"{what}; free or unlock the disk, or give another folder with --data-dir") from error
        raise StoreError(f"{path}: {said}; give another folder with --data-dir") from error


def primary_code(error: sqlite3.Error) -> int | None:
    """SQLite's result code; extended ones carry it in their low byte, some errors of the module itself have none."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _store_error(path: Path, error: sqlite3.Error) -> StoreError:
    code = primary_code(error)
    if code in DAMAGED:
        # Large files are not read through at opening; the mark makes the next opening do it.
        with contextlib.suppress(OSError):
            suspicion(path).touch(mode=0o600)
        return StoreCorrupt(f"{path}: {error}; start tapecast again and the damaged file is set aside")
    if code in _UNWRITABLE:
        what, remedy = _UNWRITABLE[code]
        return StoreUnwritable(f"{what}: nothing new is kept in {path}; {remedy}")
    if code in _IN_THE_WAY:
        what = "another tapecast is writing and has not come to an end"
        return StoreError(f"{path}: {what} in {PATIENCE_SECONDS:g} s; nothing was kept, try again")
    return StoreError(f"{path}: {error}")
