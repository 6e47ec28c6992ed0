"""What can still be read of a damaged store, in a new one.

A damaged page costs the rows on it. Each table is read from both ends up to the damage, long ones symbol by symbol.
The ledger keeps its promise in the new file too: a row enters it only where the chain of hashes leads on to it. A row
that is lost in the damaged file is taken from an earlier copy of the store, where one has it: its hash proves that it
is the same. Behind a row that nobody has, the chain ends; what follows stays in the damaged file, which is not touched.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from forecasting.data.exchanges import exchange_of
from forecasting.data.store.chain import GENESIS, OUTCOME_COLUMNS, link, outcome_text
from forecasting.data.store.database import DAMAGED, connect, mapped, primary_code
from forecasting.data.store.examination import reading
from forecasting.data.store.ledger import WAITING
from forecasting.data.store.opening import prepare
from forecasting.domain.market import Symbol
from forecasting.errors import StoreCorrupt

_LEDGER = ("forecasts", "outcomes", "pending")
_Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came out of a damaged store."""

    path: Path                 # the new store
    rows: dict[str, int]       # by table
    lost: dict[str, int]       # ledger rows that once were written and are not in it, by table


def salvage(damaged: Path, target: Path, now: datetime, copies: Sequence[Path] = ()) -> Salvaged:
    """Write what can be read of `damaged` to a new store at `target`.

    Args:
        damaged: The file; it is only read.
        target: Where the new store goes.
        now: The present moment.
        copies: Earlier copies of the same store, for ledger rows that the damaged file has lost.

    Raises:
        StoreCorrupt: If nothing can be read.
        StoreError: If `target` exists or cannot be written.
    """
    if target.exists():
        raise StoreCorrupt(f"{target}: is there already; move it away, then try again")
    with ExitStack() as opened:
        opened.enter_context(mapped(damaged))
        sources = [opened.enter_context(reading(damaged))]
        for copy in copies:
            with contextlib.suppress(sqlite3.DatabaseError):         # a copy may be damaged as well
                sources.append(opened.enter_context(reading(copy)))
        prepare(target, now)
        new = opened.enter_context(closing(connect(target)))
        new.execute("PRAGMA foreign_keys = OFF")           # a list's name may be lost and its symbols not
        new.execute("BEGIN IMMEDIATE")
        tables = [row[0] for row in new.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table not in _LEDGER and not table.startswith("sqlite_"):
                _copy(sources[0], new, table)
        _complete(new)
        lost = {"forecasts": _forecasts(sources, new), "outcomes": _outcomes(sources, new)}
        new.execute(WAITING)
        new.execute("COMMIT")
        rows = {t: int(new.execute(f"SELECT COUNT(*) FROM {t}").fetchone()[0]) for t in tables if "sqlite" not in t}
    return Salvaged(target, rows, {table: count for table, count in lost.items() if count})


def _copy(source: sqlite3.Connection, new: sqlite3.Connection, table: str) -> None:
    known = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    told = [row for row in new.execute(f"PRAGMA table_info({table})") if row[1] in known]
    columns = ", ".join(row[1] for row in told)
    key = [row[1] for row in sorted(told, key=lambda row: row[5]) if row[5]] or ["rowid"]
    marks = ", ".join("?" * len(told))
    new.executemany(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", _rows(source, table, columns, key))


def _rows(source: sqlite3.Connection, table: str, columns: str, key: Sequence[str]) -> Iterator[_Row]:
    """Rows from the front up to the damage, then from the back; of tables kept by symbol, for each symbol.

    Rows in reach from both sides come twice.
    """
    first, *rest = key
    parts = _first_keys(source, table, first) if rest else [None]
    for part in parts:
        where, given = ("", ()) if part is None else (f"WHERE {first} = ?", (part,))
        for direction in ("ASC", "DESC"):
            order = ", ".join(f"{column} {direction}" for column in key)
            whole = yield from _until_damage(source, f"SELECT {columns} FROM {table} {where} ORDER BY {order}", given)
            if whole:
                break


def _first_keys(source: sqlite3.Connection, table: str, first: str) -> list[Any]:
    """The values of a key's first column, hopping from one to the next from both ends, over what is damaged."""
    found: dict[Any, None] = {}
    for function, comparison in (("MIN", ">"), ("MAX", "<")):
        value = _one(source, f"SELECT {function}({first}) FROM {table}")
        while value is not None and value not in found:
            found[value] = None
            value = _one(source, f"SELECT {function}({first}) FROM {table} WHERE {first} {comparison} ?", (value,))
    known = _until_damage(source, "SELECT symbol FROM instruments") if first == "symbol" else iter(())
    return list(dict.fromkeys([*found, *(row[0] for row in known)]))


def _one(source: sqlite3.Connection, sql: str, given: Sequence[Any] = ()) -> Any:
    return next(iter(next(_until_damage(source, sql, given), (None,))))


def _until_damage(source: sqlite3.Connection, sql: str, given: Sequence[Any] = ()) -> Generator[_Row, None, bool]:
    """The rows of a query up to the first that cannot be read; returns whether that was all."""
    try:
        yield from source.execute(sql, given)
    except sqlite3.DatabaseError as error:
        # No code: bytes that are no text any more.
        if primary_code(error) not in (*DAMAGED, None, sqlite3.SQLITE_ERROR):
            raise
        return False
    return True


def _complete(new: sqlite3.Connection) -> None:
    """Give rows whose instrument was lost one that says no more than the symbol does; a source will say more."""
    orphans = new.execute("SELECT DISTINCT symbol FROM bars WHERE symbol NOT IN (SELECT symbol FROM instruments)")
    new.executemany(
        "INSERT INTO instruments (symbol, name, exchange, currency, synthetic) VALUES (?, ?, ?, '', 0)",
        [(symbol, symbol, exchange_of(Symbol(symbol))) for (symbol,) in orphans.fetchall()],
    )
    for table in ("watch_symbols", "watch_filters"):
        new.execute(f"DELETE FROM {table} WHERE grp NOT IN (SELECT position FROM watch_groups)")


def _forecasts(sources: Sequence[sqlite3.Connection], new: sqlite3.Connection) -> int:
    """Follow the chain of forecasts as far as it leads; returns how many are lost."""
    columns = "id, symbol, model, origin, as_of_session, hash, body"

    def leads_on(previous: bytes, row: _Row) -> bool:
        return isinstance(row[6], str) and link(previous, row[6]) == row[5]

    return _follow(sources, new, "forecasts", columns, leads_on, digest=5)


def _outcomes(sources: Sequence[sqlite3.Connection], new: sqlite3.Connection) -> int:
    """Follow the chain of outcomes as far as it leads and their forecasts are there; returns how many are lost."""
    entries = new.execute("SELECT COALESCE(MAX(id), 0) FROM forecasts").fetchone()[0]

    def leads_on(previous: bytes, row: _Row) -> bool:
        values = row[2:]
        torn = any(isinstance(value, bytes) for value in values)
        return not torn and values[0] <= entries and link(previous, outcome_text(values)) == row[1]

    return _follow(sources, new, "outcomes", f"id, hash, {OUTCOME_COLUMNS}", leads_on, digest=1)


def _follow(
    sources: Sequence[sqlite3.Connection], new: sqlite3.Connection, table: str, columns: str,
    leads_on: Callable[[bytes, _Row], bool], digest: int,
) -> int:
    """Copy row after row, each from the first source whose row of that id the chain leads on to."""
    previous, count = GENESIS, 0
    select = f"SELECT {columns} FROM {table} WHERE id = ?"
    insert = f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * (columns.count(',') + 1))})"
    while True:
        found = (row for source in sources for row in _until_damage(source, select, (count + 1,)))
        row = next((row for row in found if leads_on(previous, row)), None)
        if row is None:
            break
        new.execute(insert, row)
        previous, count = row[digest], count + 1
    return max(_written(source, table) for source in sources) - count


def _written(source: sqlite3.Connection, table: str) -> int:
    """How many rows the table ever had, as far as that can still be known."""
    counted = _one(source, "SELECT MAX(seq) FROM sqlite_sequence WHERE name = ?", (table,))
    newest = _one(source, f"SELECT MAX(id) FROM {table}")
    return max(counted or 0, newest or 0)
