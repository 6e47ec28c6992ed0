"""Writes what was edited on screen back to config.toml: comments and order stay, and no moment leaves half a file.

The previous content is kept beside it as `config.toml.bak`. A file that does not parse is not written over.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecasting.config.diagnosis import printable
from forecasting.config.loading import default_file, is_default, parse, read_text, user_file
from forecasting.config.settings import Settings
from forecasting.domain.market import Symbol, parse_symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def lists_file(settings: Settings) -> Path:
    """The file in which the lists of these settings are kept: their own, unless that is the shipped default."""
    origin = settings.origin
    return user_file() if origin is None or is_default(origin) else origin


def save_lists(path: Path, groups: Sequence[WatchGroup]) -> None:
    """Make `groups` the lists of the file at `path`; where there is none, start from the commented default.

    Raises:
        ConfigError: If the file there is not a valid configuration (it is left as it is), or cannot be written.
    """
    def is_written(settings: Settings) -> bool:
        return [item.group for item in settings.lists] == list(groups)

    _rewrite(path, "lists", lambda document: _put(document, groups), is_written)


def save_columns(path: Path, columns: Sequence[str]) -> None:
    """Make `columns` those of the file at `path`; none: those of the default.

    Raises:
        ConfigError: As `save_lists`.
    """
    def is_written(settings: Settings) -> bool:
        return settings.display.columns == tuple(columns)

    _rewrite(path, "columns", lambda document: _put_columns(document, columns), is_written)


def _rewrite(
    path: Path, what: str, change: Callable[[TOMLDocument], None], is_written: Callable[[Settings], bool]
) -> None:
    """Change the file's document and put it in the file's place, if what is read from it then is what was meant."""
    import tomlkit  # 40 ms that only an edit pays

    target = path.resolve()  # a link from a folder of dot files stays a link
    before = read_text(target) if target.exists() else None
    text = before if before is not None else read_text(default_file())
    parse(text, path)
    document = tomlkit.parse(text)
    change(document)
    after = tomlkit.dumps(document)
    if not is_written(parse(after, path)):
        raise ConfigError(f"{printable(path)}: the {what} could not be written in; edit them there by hand")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = target.stat().st_mode & 0o777 if before is not None else 0o600
        if before is not None:
            _replace(target.with_name(target.name + ".bak"), before, mode)
        _replace(target, after, mode)
    except OSError as error:
        raise ConfigError(f"{printable(path)}: not saved, cannot be written ({error.strerror})") from error


def _put(document: TOMLDocument, groups: Sequence[WatchGroup]) -> None:
    """Change the document's lists as little as possible: a list that stays keeps its comments and its place."""
    import tomlkit
    from tomlkit.items import AoT

    tables: Any = document.setdefault("list", tomlkit.aot())
    wanted = [group.name for group in groups]
    _rename(tables, wanted)
    for i in reversed(range(len(tables))):
        if tables[i]["name"].strip() not in wanted:
            del tables[i]
    names = [tables[i]["name"].strip() for i in range(len(tables))]
    for i, group in enumerate(groups):
        if group.name not in names:
            table = tomlkit.table() if isinstance(tables, AoT) else tomlkit.inline_table()
            table.update({"name": group.name, **_content(group)})
            tables.insert(i, table)
            names.insert(i, group.name)
            continue
        if (at := names.index(group.name)) != i:
            table = tables[at]
            del tables[at]
            tables.insert(i, table)
            names.insert(i, names.pop(at))
        if group.filter is None:
            _put_symbols(tables[i], group.symbols)
        elif tables[i].get("filter") != group.filter:
            tables[i]["filter"] = group.filter
    if not tables:
        del document["list"]


def _content(group: WatchGroup) -> dict[str, str | list[Symbol]]:
    return {"symbols": list(group.symbols)} if group.filter is None else {"filter": group.filter}


def _rename(tables: Any, wanted: Sequence[str]) -> None:
    """The one list that has another name, in its place, stays with its comments."""
    names = [table["name"].strip() for table in tables]
    changed = [i for i, (old, new) in enumerate(zip(names, wanted, strict=False)) if old != new]
    if len(names) == len(wanted) and len(changed) == 1 and wanted[changed[0]] not in names:
        tables[changed[0]]["name"] = wanted[changed[0]]


def _put_columns(document: TOMLDocument, columns: Sequence[str]) -> None:
    import tomlkit

    display: Any = document.setdefault("display", tomlkit.table())
    if columns:
        display["columns"] = list(columns)
    else:
        display.pop("columns", None)


def _put_symbols(table: Any, symbols: tuple[Symbol, ...]) -> None:
    if "symbols" not in table:
        table["symbols"] = list(symbols)
        return
    array = table["symbols"]
    for i in reversed(range(len(array))):
        if parse_symbol(array[i]) not in symbols:
            del array[i]
    present = [parse_symbol(item) for item in array]
    for i, symbol in enumerate(symbols):
        if symbol not in present:
            array.insert(i, symbol)
            present.insert(i, symbol)
    if tuple(present) != symbols:  # another order, or a symbol written twice
        array.clear()
        array.extend(symbols)


def _replace(path: Path, text: str, mode: int) -> None:
    """Write `path` whole or not at all, with `mode`; the bytes are on the disk before the name points to them."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
