"""Rows to files and back, one table a file: CSV, JSON lines, and Parquet where pyarrow is installed.

Nothing is lost on the way: floats are written so that they read back to the same eight bytes, hashes as hexadecimal
digits, an empty cell is a value that is not there. Only in JSON lines may one file hold several tables, each line
saying which.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any

from forecasting.data.transfer.tables import Kind, Row, Table, table_of
from forecasting.domain.transfer import Format
from forecasting.errors import DataError

BATCH = 10_000          # rows of a Parquet row group

_SUFFIXES: dict[str, Format] = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a file, as it was read: cells may still be text."""

    where: str                   # "bars.csv:12"
    table: Table
    cells: tuple[Any, ...]       # in the order of the table's columns; None is empty


def format_of(path: Path) -> Format | None:
    """The format that a file's name tells; None for a folder's."""
    return _SUFFIXES.get(path.suffix.lower())


def write(path: Path, format_: Format, tables: Iterable[tuple[Table, Iterable[Row]]]) -> dict[str, int]:
    """Write tables to a new private file; returns how many rows of each.

    Raises:
        OSError: If it cannot be written, or is there already.
        DataError: If the format needs what is not installed, or can hold one table only and got more.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            return {table.name: _WRITERS[format_](file, table, rows) for table, rows in tables}
    except BaseException:
        path.unlink()
        raise


def read(path: Path) -> Iterator[Found]:
    """The rows of one file.

    Raises:
        DataError: If it is no file of these, or a row cannot be taken apart; with file and line.
    """
    format_ = format_of(path)
    if format_ is None:
        raise DataError(f"{path}: unknown kind of file; give .csv, .jsonl or .parquet as `tapecast export` writes them")
    try:
        yield from _READERS[format_](path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as {format_.upper()} ({error}); export it anew") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


def _write_csv(file: IO[bytes], table: Table, rows: Iterable[Row]) -> int:
    count = 0
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.names)
    for row in rows:
        writer.writerow(row)
        count += 1
    text.detach()       # which flushes it, and leaves the file to its owner
    return count


def _read_csv(path: Path) -> Iterator[Found]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, strict=True)
        header = next(rows, [])
        table = _recognised(path, header)
        order = [header.index(name) if name in header else None for name in table.names]
        for row in rows:
            where = f"{path}:{rows.line_num}"
            if len(row) != len(header):
                raise DataError(f"{where}: {len(row)} cells, the header has {len(header)}; mend or remove the line")
            yield Found(where, table, tuple(None if i is None else row[i] or None for i in order))


def _write_json(file: IO[bytes], table: Table, rows: Iterable[Row]) -> int:
    count = 0
    encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    for row in rows:
        file.write(encode({"table": table.name, **dict(zip(table.names, row, strict=True))}).encode() + b"\n")
        count += 1
    return count


def _read_json(path: Path) -> Iterator[Found]:
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}:{number}"
            try:
                told = json.loads(line)
                name = told.pop("table")
                columns = frozenset(told)
            except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
                raise DataError(
                    f"{where}: no JSON object with a \"table\" ({type(error).__name__}); mend or remove the line"
                ) from error
            table = table_of(columns)
            if table is None or table.name != name:
                raise DataError(f"{where}: not the columns of {str(name)[:40]!r}; mend or remove the line")
            yield Found(where, table, tuple(told.get(column) for column in table.names))


def _write_parquet(file: IO[bytes], table: Table, rows: Iterable[Row]) -> int:
    pyarrow, parquet = _arrow()
    types: dict[Kind, Any] = {"text": pyarrow.string(), "real": pyarrow.float64(), "integer": pyarrow.int64(),
                              "hash": pyarrow.string()}
    schema = pyarrow.schema([(column.name, types[column.kind]) for column in table.columns])
    count, remaining = 0, iter(rows)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(remaining, BATCH)):
            columns = [pyarrow.array(values, kind) for values, kind in zip(zip(*batch, strict=True), schema.types,
                                                                          strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))
            count += len(batch)
    return count


def _read_parquet(path: Path) -> Iterator[Found]:
    pyarrow, parquet = _arrow()
    try:
        with parquet.ParquetFile(path) as file:
            table = _recognised(path, file.schema_arrow.names)
            there = [name for name in table.names if name in file.schema_arrow.names]
            number = 0
            for batch in file.iter_batches(batch_size=BATCH, columns=there):
                columns = {name: batch.column(name).to_pylist() for name in there}
                absent = [None] * batch.num_rows
                for row in zip(*(columns.get(name, absent) for name in table.names), strict=True):
                    number += 1
                    yield Found(f"{path}:row {number}", table, row)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]}); export it anew") from error


def _arrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        what = "Parquet needs pyarrow; run: python -m pip install 'tapecast[parquet]', or use csv or json"
        raise DataError(what) from error


def _recognised(path: Path, columns: list[str]) -> Table:
    table = table_of(frozenset(columns))
    if table is None or len(columns) != len(set(columns)):
        said = ", ".join(columns)[:120]
        shown = said if said.isprintable() else "unreadable"
        raise DataError(f"{path}: no table of tapecast has the columns {shown or '(none)'}; give what it has exported")
    return table


_WRITERS: dict[Format, Callable[[IO[bytes], Table, Iterable[Row]], int]] = {
    "csv": _write_csv, "json": _write_json, "parquet": _write_parquet,
}
_READERS: dict[Format, Callable[[Path], Iterator[Found]]] = {
    "csv": _read_csv, "json": _read_json, "parquet": _read_parquet,
}
