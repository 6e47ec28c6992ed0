"""Import: files as `leaving` writes them into a store, wholly or not at all.

Files are looked through first, outside the store: every cell against its column's rule, every ledger row against the
chain of hashes and the promises a forecast has to keep. Then one short transaction takes in what is new. What the store
holds already is never overwritten: the same row again changes nothing, and a row that contradicts one of the store
refuses the whole import, because bars adjusted in two ways, or two ledgers in one, would be worse than none.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecasting.data.store import gate
from forecasting.data.store.chain import GENESIS, forecast_text, link, outcome_text, parse_forecast
from forecasting.data.store.database import connect, mapped, patiently
from forecasting.data.store.opening import prepare
from forecasting.data.store.promises import check_forecast
from forecasting.data.transfer.formats import Found, format_of, read
from forecasting.data.transfer.merging import MERGES
from forecasting.data.transfer.tables import INTERVAL, TABLES, Column, Row, Table
from forecasting.domain.interval import Interval, parse_key
from forecasting.domain.market import Symbol
from forecasting.errors import DataError, LedgerError, SymbolError

_REMEDY = "mend or remove the row, nothing was taken in"
_ANEW = "export it anew, nothing was taken in"
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError, SymbolError)


@dataclass(slots=True)
class Taken:
    """What an import has done."""

    new: dict[str, int] = field(default_factory=dict)        # rows by table
    known: dict[str, int] = field(default_factory=dict)      # rows that the store held already
    with_new_bars: tuple[Symbol, ...] = ()
    interval: Interval = Interval.DAY                        # of the store


def take_in(store: Path, source: Path) -> Taken:
    """Take a file, or every file of a folder, into the store at `store`; one is made if it is not there.

    Raises:
        DataError: If a row cannot be what it says, with file and line, or contradicts the store; nothing was taken in.
        StoreError: If the store cannot be written; nothing was taken in.
    """
    files = _files(source)
    prepare(store, datetime.now(UTC))
    with mapped(store), closing(connect(store)) as connection:
        presence = gate.present(store)
        try:
            _stage(connection, (found for file in files for found in read(file)))
            return _merge(connection)
        finally:
            if presence is not None:
                presence.close()


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        if not source.exists():
            raise DataError(f"{source}: no such file or folder; name what `tapecast export` has written")
        return [source]
    if files := sorted(file for file in source.iterdir() if format_of(file) is not None):
        return files
    raise DataError(f"{source}: holds no .csv, .jsonl or .parquet file; name what `tapecast export` has written")


# Looking through.


def _stage(connection: sqlite3.Connection, rows: Iterable[Found]) -> None:
    """Keep checked rows in temporary tables `in_..`, where nobody waits for them."""
    for table in TABLES:
        columns, key = ", ".join(table.names), ", ".join(table.key)
        connection.execute(f"CREATE TEMP TABLE in_{table.name} (whence TEXT, {columns}, UNIQUE ({key}))")
    inserts = {t.name: f"INSERT INTO in_{t.name} VALUES ({', '.join('?' * (len(t.names) + 1))})" for t in TABLES}
    chains = {"forecasts": _Chain("forecast", _forecast_hash), "outcomes": _Chain("outcome", _outcome_hash)}
    connection.execute("BEGIN")
    for found in rows:
        row = tuple(_value(found.where, column, cell) for column, cell in zip(found.table.columns, found.cells,
                                                                              strict=True))
        _row_holds(found.where, found.table, row)
        if (chain := chains.get(found.table.name)) is not None:
            chain.lengthen(found.where, row)
        try:
            connection.execute(inserts[found.table.name], (found.where, *row))
        except sqlite3.IntegrityError as error:
            key = " ".join(str(row[found.table.names.index(name)]) for name in found.table.key)
            raise DataError(f"{found.where}: a second row for {key}; remove one of them") from error
    connection.execute("COMMIT")


def _value(where: str, column: Column, cell: Any) -> Any:
    """A cell as the store keeps it."""
    if cell is None and column.optional:
        return None
    if cell is None and column.kind == "text":
        cell = ""                                    # a text that is empty and a cell that is look the same in CSV
    try:
        value = _CONVERSIONS[column.kind](cell)
        if column.rule(value):
            return value
    except _BROKEN:
        pass
    shown = "".join(c if c.isprintable() else "?" for c in str(cell)[:40])
    raise DataError(f"{where}: {column.name} is '{shown}', not {column.wanted}; {_REMEDY}")


def _text(cell: Any) -> str:
    if not isinstance(cell, str):
        raise TypeError
    return cell


def _real(cell: Any) -> float:
    if isinstance(cell, bool):
        raise TypeError
    return float(cell)


def _integer(cell: Any) -> int:
    if isinstance(cell, bool | float):
        raise TypeError
    return int(cell)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": _text, "real": _real, "integer": _integer, "hash": bytes.fromhex,
}


def _row_holds(where: str, table: Table, row: Row) -> None:
    """What no single cell can tell."""
    if table.name == "bars":
        _, session, opened, high, low, close, *_ = row
        if not low <= min(opened, close) <= max(opened, close) <= high:
            raise DataError(f"{where}: high {high:g} and low {low:g} of {session} do not hold open {opened:g} and close"
                            f" {close:g}; {_REMEDY}")
    if INTERVAL in table.names:
        told = dict(zip(table.names, row, strict=True))
        for name in ("session", "as_of_session", "target_session"):
            if name in told and not Interval(told[INTERVAL]).names(parse_key(told[name])):
                raise DataError(f"{where}: {name} is {told[name]}, which names no bar of {told[INTERVAL]}; {_REMEDY}")
    if table.name == "watchlist":
        _, _, at, symbol, condition = row
        if (at is None) != (symbol is None):
            raise DataError(f"{where}: place and symbol belong together; {_REMEDY}")
        if symbol is not None and condition is not None:
            raise DataError(f"{where}: a smart list has a condition and no symbols of its own; {_REMEDY}")
    if table.name == "holding_entries":
        *_, quantity, price, fee, ratio = row
        if [cell is None for cell in (quantity, price, fee)] != [ratio is not None] * 3:
            raise DataError(f"{where}: a lot has quantity, price and fee, a split a ratio alone; {_REMEDY}")


class _Chain:
    """The chain of hashes of one ledger table, from its first row on."""

    def __init__(self, what: str, hash_of: Callable[[bytes, Row], bytes]) -> None:
        self._what = what
        self._hash_of = hash_of
        self._previous = GENESIS
        self._count = 0

    def lengthen(self, where: str, row: Row) -> None:
        """Take the next row.

        Raises:
            DataError: If it is not the next, was edited, or breaks the ledger's promises.
        """
        self._count += 1
        what = f"{where}: {self._what} {row[0]}"
        if row[0] != self._count:
            raise DataError(f"{what} where {self._count} belongs; a ledger is taken in whole and in order, so export it"
                            " without --symbol")
        try:
            digest = self._hash_of(self._previous, row)
        except LedgerError as error:
            raise DataError(f"{where}: {error}") from error
        except _BROKEN as error:
            why = error or type(error).__name__
            raise DataError(f"{what} is not as tapecast writes it ({why}); {_ANEW}") from error
        if digest not in row:
            raise DataError(f"{what} was edited, its hash does not hold; {_ANEW}")
        self._previous = digest


def _forecast_hash(previous: bytes, row: Row) -> bytes:
    _, symbol, model, origin, as_of_session, _, body, _ = row
    forecast, said = parse_forecast(body)
    recorded_at = datetime.fromisoformat(json.loads(body)["recorded_at"])
    told = (forecast.symbol, forecast.model, said.value, forecast.as_of_session.isoformat())
    texts = (forecast.model_id, forecast.data_hash)
    if told != (symbol, model, origin, as_of_session) or not all(isinstance(t, str) and t.isprintable() for t in texts):
        raise ValueError("its columns say something else than its text")
    check_forecast(forecast, said, recorded_at)
    if forecast_text(forecast, said, recorded_at) != body or not isinstance(forecast.seed, int):
        raise ValueError("its text is not canonical")
    return link(previous, body)


def _outcome_hash(previous: bytes, row: Row) -> bytes:
    _, *values, _, _ = row
    return link(previous, outcome_text(values))


# Taking in.


def _merge(connection: sqlite3.Connection) -> Taken:
    """Everything that is new, in one transaction, or nothing."""
    taken = Taken()
    connection.execute("PRAGMA synchronous = FULL")
    try:
        patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
        taken.interval = _claim(connection)
        symbols = connection.execute(
            "SELECT DISTINCT symbol FROM in_bars i WHERE NOT EXISTS"
            " (SELECT 1 FROM bars b WHERE b.symbol = i.symbol AND b.session = i.session) ORDER BY symbol"
        ).fetchall()
        for table in TABLES:
            given = int(connection.execute(f"SELECT COUNT(*) FROM in_{table.name}").fetchone()[0])
            if given:
                taken.new[table.name] = MERGES[table.name](connection)
                taken.known[table.name] = given - taken.new[table.name]
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    taken.with_new_bars = tuple(Symbol(row[0]) for row in symbols)
    return taken


def _claim(connection: sqlite3.Connection) -> Interval:
    """The interval of the store, which an empty one takes from the files; rows of another are refused."""
    kept = connection.execute("SELECT value FROM meta WHERE key = ?", (INTERVAL,)).fetchone()
    own = Interval.DAY if kept is None else Interval(kept[0])
    used = connection.execute("SELECT EXISTS (SELECT 1 FROM bars) OR EXISTS (SELECT 1 FROM forecasts)").fetchone()[0]
    for table in (table for table in TABLES if INTERVAL in table.names):
        others = f"SELECT whence, {INTERVAL} FROM in_{table.name} WHERE {INTERVAL} <> ? LIMIT 1"
        row = connection.execute(others, (own,)).fetchone()
        if row is None:
            continue
        where, other = row
        if used or kept is not None:
            raise DataError(f"{where}: of {other} bars, the store holds {own}; name the store of {other} bars with"
                            " --store, nothing was taken in")
        connection.execute("INSERT INTO meta VALUES (?, ?)", (INTERVAL, other))
        return _claim(connection)
    return own
