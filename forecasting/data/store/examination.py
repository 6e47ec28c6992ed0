"""Looking through a store file without changing a byte of it: is it whole, is the ledger as recorded, what is in it.

A damaged file raises nothing here: what cannot be read is named, and the rest is looked at all the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from forecasting.data.store.audit import audit
from forecasting.data.store.database import BUSY_SECONDS, DAMAGED, mapped, may_look, patiently, primary_code
from forecasting.data.store.opening import version_of
from forecasting.errors import LedgerError

PROBLEMS_NAMED = 20


@dataclass(slots=True)
class Examination:
    """What was found in one file."""

    path: Path
    size: int                                                 # bytes, of the file itself
    wal_size: int                                             # bytes committed beside it, not yet folded in
    schema: int = 0
    problems: tuple[str, ...] = ()                            # none in a whole file; the first ones only
    ledger_problem: str | None = None
    rows: dict[str, int | None] = field(default_factory=dict)   # by table; None where it cannot be read
    sizes: dict[str, int] = field(default_factory=dict)         # bytes by table, its indices included

    @property
    def ok(self) -> bool:
        """Whether the file is whole and its ledger as recorded."""
        return not self.problems and self.ledger_problem is None


def examine(path: Path) -> Examination:
    """Look at every page and every row of the ledger: some 4 s for a hundred megabytes.

    Raises:
        StoreError: If there is no such file, it cannot be opened, or it is another program's.
    """
    with mapped(path):
        left_over = path.with_name(path.name + "-wal")
        found = Examination(path, path.stat().st_size, left_over.stat().st_size if left_over.exists() else 0)
        try:
            with reading(path) as connection:
                found.schema = version_of(connection, path)
                found.problems = (*_pages(connection), *_references(connection))
                found.ledger_problem = _ledger(connection)
                found.rows = {table: _count(connection, table) for table in _tables(connection)}
                found.sizes = _sizes(connection)
        except sqlite3.DatabaseError as error:      # not even its table of contents
            if primary_code(error) not in DAMAGED:
                raise
            found.problems = (*found.problems, str(error))
    return found


def whole(path: Path) -> str | None:
    """The first thing that is wrong with the file's structure, or None: 1 ms a megabyte, and more from a cold disk.

    Raises:
        sqlite3.Error: If it cannot be read for another reason than damage.
    """
    try:
        with reading(path) as connection:
            said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if primary_code(error) not in DAMAGED:
            raise
        return str(error)
    return None if said == "ok" else said.splitlines()[-1]


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of one's own that sees one state of the file and cannot change it; also on a disk that refuses."""
    with closing(_connected(path)) as connection:
        yield connection


def _connected(path: Path) -> sqlite3.Connection:
    """A connection that has begun to read. Where the disk takes no -shm file, the file is read as it lies there."""
    uri = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN")
        patiently(lambda: connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone())
    except sqlite3.Error as error:
        connection.close()
        if not may_look(path, error):
            raise
        connection = sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
        connection.execute("BEGIN")
    return connection


def _pages(connection: sqlite3.Connection) -> list[str]:
    try:
        said = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({PROBLEMS_NAMED})")]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    return [line for text in said for line in text.splitlines() if line != "ok" and not line.startswith("***")]


def _references(connection: sqlite3.Connection) -> list[str]:
    """Rows that refer to one that is not there; where this cannot be told, the pages' damage says why."""
    try:
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError:
        return []
    return [f"row of {table} without its {parent}" for table, _, parent, _ in orphans[:PROBLEMS_NAMED]]


def _ledger(connection: sqlite3.Connection) -> str | None:
    try:
        audit(connection)
    except LedgerError as error:
        return str(error)
    except sqlite3.DatabaseError as error:
        return f"ledger: cannot be read whole ({error})"
    return None


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return sorted(row[0] for row in rows)


def _count(connection: sqlite3.Connection, table: str) -> int | None:
    try:
        return int(connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0])
    except sqlite3.DatabaseError:
        return None


def _sizes(connection: sqlite3.Connection) -> dict[str, int]:
    """Bytes by table; empty where this SQLite was built without the means, or the file is too damaged."""
    try:
        rows = connection.execute(
            "SELECT m.tbl_name, SUM(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name"
            " WHERE s.aggregate = TRUE GROUP BY m.tbl_name ORDER BY 2 DESC"
        ).fetchall()
    except sqlite3.DatabaseError:
        return {}
    return {table: int(size) for table, size in rows}
