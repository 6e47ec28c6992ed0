"""Lists as files that people and other programs write: a symbol a line, CSV, or JSON.

Text is one list: a symbol a line, `#` begins a comment. CSV has the columns `list`, `symbol` and, for a smart list,
`filter`; commas, semicolons or tabs stand between them. JSON is `{"lists": [{"name": .., "symbols": [..]},
{"name": .., "filter": ..}]}`. What is wrong is named with its line; a file is read whole or not at all.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from forecasting.domain.market import Symbol, parse_symbol
from forecasting.domain.transfer import ListFormat
from forecasting.domain.watchlist import NAME_LIMIT, WatchGroup
from forecasting.errors import DataError, SymbolError

MAX_BYTES = 1 << 20      # ten thousand symbols take a tenth of it
_COLUMNS = ("list", "symbol", "filter")
_NOTHING = "nothing was taken in"


def format_of(path: Path) -> ListFormat:
    """The format that a file's name tells: text where it tells none."""
    told: dict[str, ListFormat] = {".csv": "csv", ".json": "json"}
    return told.get(path.suffix.lower(), "text")


# Leaving.


def written(groups: Sequence[WatchGroup], format_: ListFormat) -> str:
    """The lists as the content of a file.

    Raises:
        DataError: If text is asked for and there is not just one list of symbols.
    """
    return _WRITERS[format_](groups)


def _as_text(groups: Sequence[WatchGroup]) -> str:
    if len(groups) != 1 or groups[0].smart:
        raise DataError("text holds one list of symbols; name it with --list, or ask for csv or json")
    return f"# {groups[0].name}\n" + "".join(f"{symbol}\n" for symbol in groups[0].symbols)


def _as_csv(groups: Sequence[WatchGroup]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for group in groups:
        writer.writerows((group.name, symbol, "") for symbol in group.symbols)
        if not group.symbols:
            writer.writerow((group.name, "", group.filter or ""))
    return file.getvalue()


def _as_json(groups: Sequence[WatchGroup]) -> str:
    def plain(group: WatchGroup) -> dict[str, object]:
        content = {"symbols": list(group.symbols)} if group.filter is None else {"filter": group.filter}
        return {"name": group.name, **content}

    return json.dumps({"lists": [plain(group) for group in groups]}, ensure_ascii=False, indent=1) + "\n"


_WRITERS: dict[ListFormat, Callable[[Sequence[WatchGroup]], str]] = {
    "text": _as_text, "csv": _as_csv, "json": _as_json,
}


# Entering.


def delimiter_of(text: str) -> str:
    """What stands between the cells of a CSV file's header: spreadsheets of many countries write semicolons or tabs."""
    return max(",;\t", key=text.partition("\n")[0].count)


def read(path: Path, format_: ListFormat, name: str | None = None) -> tuple[WatchGroup, ...]:
    """The lists in a file.

    Args:
        path: The file.
        format_: What it is written in.
        name: Of the list that text is; else the file's own.

    Raises:
        DataError: If the file cannot be read, or something in it is no list; with file and line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; {_NOTHING}") from error
    if len(content) > MAX_BYTES:
        raise DataError(f"{path}: over {MAX_BYTES} bytes, so no lists; {_NOTHING}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8, {_NOTHING}") from error
    rows = list(_READERS[format_](path, text, name))
    if not rows:
        raise DataError(f"{path}: holds no list; {_NOTHING}")
    return _gathered(rows)


_Row = tuple[str, str, Symbol | None, str | None]      # where, list, symbol, filter


def _from_text(path: Path, text: str, name: str | None) -> Iterator[_Row]:
    name = _name(str(path), name or path.stem)
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.partition("#")[0].replace(",", " ").split():
            yield f"{path}:{number}", name, _symbol(f"{path}:{number}", word), None


def _from_csv(path: Path, text: str, name: str | None) -> Iterator[_Row]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter_of(text))
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        if not {"symbol"} <= set(header) <= set(_COLUMNS):
            known = ", ".join(_COLUMNS)
            raise DataError(f"{path}:1: the columns are {known}, of which symbol must be there; {_NOTHING}")
        for row in rows:
            where = f"{path}:{rows.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise DataError(f"{where}: {len(row)} cells where the header has {len(header)}; {_NOTHING}")
            cells = {key: cell.strip() for key, cell in zip(header, row, strict=True)}
            symbol = _symbol(where, cells["symbol"]) if cells["symbol"] else None
            yield where, _name(where, cells.get("list") or name or path.stem), symbol, cells.get("filter") or None
    except csv.Error as error:
        raise DataError(f"{path}:{rows.line_num}: cannot be read as CSV ({error}); {_NOTHING}") from error


def _from_json(path: Path, text: str, name: str | None) -> Iterator[_Row]:
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise DataError(f"{path}:{line}: cannot be read as JSON; {_NOTHING}") from error
    lists = found.get("lists") if isinstance(found, dict) else None
    if not isinstance(lists, list):
        raise DataError(f'{path}: has no {{"lists": [..]}}; {_NOTHING}')
    for number, item in enumerate(lists, 1):
        yield from _from_item(f"{path}, list {number}", item)


def _from_item(where: str, item: Any) -> Iterator[_Row]:
    if not isinstance(item, dict) or not set(item) <= {"name", "symbols", "filter"}:
        meant = '{"name": .., "symbols": [..]} or {"name": .., "filter": ..}'
        raise DataError(f"{where}: a list is {meant}; {_NOTHING}")
    name, symbols, condition = _name(where, item.get("name")), item.get("symbols", []), item.get("filter")
    texts = isinstance(symbols, list) and all(isinstance(symbol, str) for symbol in symbols)
    if not texts or not (condition is None or isinstance(condition, str)):
        raise DataError(f"{where}: symbols is a list of texts, and filter a text; {_NOTHING}")
    yield where, name, None, condition
    for symbol in symbols:
        yield where, name, _symbol(where, symbol), None


_READERS: dict[ListFormat, Callable[[Path, str, str | None], Iterable[_Row]]] = {
    "text": _from_text, "csv": _from_csv, "json": _from_json,
}


def _symbol(where: str, cell: str) -> Symbol:
    try:
        return parse_symbol(cell)
    except SymbolError as error:
        raise DataError(f"{where}: {error}; {_NOTHING}") from error


def _name(where: str, cell: Any) -> str:
    name = cell.strip() if isinstance(cell, str) else ""
    if not name or not name.isprintable() or len(name) > NAME_LIMIT:
        raise DataError(f"{where}: a list's name is 1 to {NAME_LIMIT} printable characters; {_NOTHING}")
    return name


def _gathered(rows: Iterable[_Row]) -> tuple[WatchGroup, ...]:
    """One list per name, in order of first appearance."""
    found: dict[str, WatchGroup] = {}
    for where, name, symbol, condition in rows:
        group = found.setdefault(name, WatchGroup(name, (), condition))
        if (symbol is not None and group.smart) or (condition is not None and (group.symbols or symbol)):
            raise DataError(f"{where}: list '{name}' has symbols and a filter; a list has one of them, {_NOTHING}")
        if condition is not None and condition != group.filter:
            raise DataError(f"{where}: list '{name}' has two filters; {_NOTHING}")
        if symbol is not None:
            found[name] = group.with_symbol(symbol)
    return tuple(found.values())
