"""Export: one state of a store as files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from forecasting.data.store.database import mapped
from forecasting.data.store.examination import reading
from forecasting.data.transfer.formats import format_of, write
from forecasting.data.transfer.tables import Row, Table
from forecasting.domain.market import Symbol
from forecasting.domain.transfer import Format
from forecasting.errors import DataError

SUFFIX: dict[Format, str] = {"csv": ".csv", "json": ".jsonl", "parquet": ".parquet"}


def export(
    store: Path, target: Path, format_: Format, tables: Sequence[Table], symbol: Symbol | None = None
) -> dict[Path, dict[str, int]]:
    """Write tables of the store at `store` to `target`, all of one moment; the app may run meanwhile.

    Args:
        store: The store's file.
        target: A new file, if its name ends as one of `formats`' does; else a folder, made if it is not there, for one
            file per table.
        format_: How files are written.
        tables: Which.
        symbol: Rows of this symbol alone; of all if None. A part of the ledger cannot be imported again.

    Returns:
        By file, how many rows of each table are in it.

    Raises:
        DataError: If a file is there already, cannot be written, or cannot hold what is asked for.
        StoreError: If the store cannot be read.
    """
    single = format_of(target) is not None
    if single and format_ != "json" and len(tables) > 1:
        names = " and ".join(table.name for table in tables)
        raise DataError(f"{target}: a {format_} file holds one table, {names} were asked for; name a folder, or .jsonl")
    files = [(target, tables)] if single else [(target / f"{t.name}{SUFFIX[format_]}", (t,)) for t in tables]
    if there := next((file for file, _ in files if file.exists()), None):
        raise DataError(f"{there}: is there already and is not written over; move it away, or name another --to")
    written: dict[Path, dict[str, int]] = {}
    try:
        (target.parent if single else target).mkdir(mode=0o700, parents=True, exist_ok=True)
        with mapped(store), reading(store) as connection:
            for file, held in files:
                rows = ((table, _rows(connection, table, symbol)) for table in held)
                try:
                    written[file] = write(file, format_, rows)
                except OSError as error:
                    raise DataError(f"{file}: {error.strerror or error}; name another --to") from error
    except OSError as error:
        raise DataError(f"{target}: {error.strerror or error}; name another --to") from error
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise
    return written


def _rows(connection: sqlite3.Connection, table: Table, symbol: Symbol | None) -> Iterator[Row]:
    where, given = ("", ()) if symbol is None else ("WHERE symbol = ?", (symbol,))
    hashes = [i for i, column in enumerate(table.columns) if column.kind == "hash"]
    for row in connection.execute(table.select.format(where=where), given):
        if hashes:
            row = list(row)
            for i in hashes:
                row[i] = row[i].hex()
        yield tuple(row)
