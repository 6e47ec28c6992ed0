"""`tapecast lists`: the person's lists as plain values, out into a file and in from one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.data.transfer.lists import format_of, read, written
from forecasting.domain.transfer import ListFormat
from forecasting.domain.watchlist import ALL, WatchGroup
from forecasting.errors import DataError, RuleError, SymbolError
from forecasting.service.opened import watchlist
from forecasting.service.places import place
from forecasting.service.watchlist import Watchlist, check_filter


@contextmanager
def opened(settings: Settings) -> Iterator[Watchlist]:
    """The lists these settings lead to."""
    with Store.open(place(settings, demo=False).store, interval=settings.source.interval) as store:
        yield watchlist(settings, store, demo=False)


def shown(settings: Settings) -> list[dict[str, Any]]:
    """Every list with what is on it, or its condition."""
    with opened(settings) as lists:
        return [{"name": g.name, "symbols": list(g.symbols), "filter": g.filter} for g in lists.groups]


def export(settings: Settings, names: Sequence[str], target: Path | None, format_: ListFormat | None) -> str:
    """The lists called `names`, or all, as text; into `target` where one is named, which must not be there yet.

    Raises:
        TapecastError: If there is no such list, or the file is there or cannot be written.
    """
    with opened(settings) as lists:
        groups = [lists.named(name) for name in names] or list(lists.groups)
    text = written(groups, format_ or (format_of(target) if target is not None else "csv"))
    if target is not None:
        try:
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise DataError(f"{target}: {error.strerror}; name another file") from error
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    return text


def take_in(settings: Settings, source: Path, format_: ListFormat | None, name: str | None, *, replace: bool) -> Any:
    """Bring the lists of a file to those there are: new ones behind them, symbols that a list lacks behind its own.

    Args:
        settings: Whose lists.
        source: The file.
        format_: What it is written in; None: what its name tells.
        name: Of the list, where the file names none.
        replace: A list of the same name becomes what the file says.

    Raises:
        TapecastError: If anything in the file cannot be taken; then nothing is.
    """
    found = read(source, format_ or format_of(source), name)
    for group in found:
        _may_be_taken(source, group)
    with opened(settings) as lists:
        before = {group.name: group for group in lists.groups}
        merged = {**before, **{g.name: g if replace else _joined(source, before.get(g.name), g) for g in found}}
        if all(group.smart for group in merged.values()):
            raise DataError(f"{source}: no list with symbols of its own would be left; nothing was taken in")
        lists.take(f"imported {source.name}", tuple(merged.values()))
    added = {g.name: [s for s in merged[g.name].symbols if g.name not in before or s not in before[g.name].symbols]
             for g in found}
    return {"file": str(source), "lists": [g.name for g in found], "new": added}


def _may_be_taken(source: Path, group: WatchGroup) -> None:
    if group.name == ALL:
        raise DataError(f"{source}: '{ALL}' is the tab of all that is watched; rename it there, nothing was taken in")
    try:
        check_filter(group)
    except RuleError as error:
        raise DataError(f"{source}: list '{group.name}': {error}; nothing was taken in") from error


def _joined(source: Path, old: WatchGroup | None, new: WatchGroup) -> WatchGroup:
    if old is None:
        return new
    if old.filter != new.filter and (old.smart or new.smart):
        raise SymbolError(f"{source}: there is a list '{new.name}' of another kind; --replace, or rename one of them")
    for symbol in new.symbols:
        old = old.with_symbol(symbol)
    return old
