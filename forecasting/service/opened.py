"""The store with the lists and columns that belong to it: what an engine and a view work on, and the first paint reads.

Imports nothing that the first paint does without.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from forecasting.config import Settings, is_default, lists_file, load, save_columns, save_lists
from forecasting.data.store import Store
from forecasting.domain.columns import COLUMN_KEYS
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError, RuleError
from forecasting.service.columns import ColumnChoice
from forecasting.service.places import place
from forecasting.service.reloading import stamp_of
from forecasting.service.watchlist import Watchlist, check_filter

COLUMNS = "watch-columns"
"""Meta key of the watch table's columns."""


class Opened(NamedTuple):
    """An open store, and what is watched of it."""

    store: Store
    lists: Watchlist
    columns: ColumnChoice


def open_store(settings: Settings, *, demo: bool) -> Opened:
    """Open the store of these settings.

    Raises:
        ConfigError: If there is no folder for it.
        StoreError: If it cannot be used.
    """
    store = Store.open(place(settings, demo=demo).store, interval=settings.source.interval)
    return Opened(store, watchlist(settings, store, demo=demo), columns(settings, store))


def watchlist(settings: Settings, store: Store, *, demo: bool) -> Watchlist:
    """The lists: config.toml's where it has any; else the store's; else the starter lists, or the source's own."""
    own_symbols = demo or settings.source.name != "yahoo"
    if settings.lists and not demo:
        file = lists_file(settings)

        def save_renamed(groups: Sequence[WatchGroup], old: str, new: str) -> None:
            save_lists(file, groups)
            store.alerts.rename_list(old, new)

        return Watchlist(
            settings.groups(), lambda groups: save_lists(file, groups), _Rereading(file).groups, save_renamed
        )
    groups: Sequence[WatchGroup] = store.watchlist.groups()
    if not groups and not own_symbols:
        groups = settings.groups()
    return Watchlist(groups, store.watchlist.save, store.watchlist.groups, store.rename_list)


def columns(settings: Settings, store: Store) -> ColumnChoice:
    """The watch table's columns: of the person's own config.toml, which takes up what is chosen; else of the store."""
    if settings.origin is not None and not is_default(settings.origin):
        file = settings.origin
        return ColumnChoice(settings.display.columns, lambda keys: save_columns(file, keys))
    kept = json.loads(store.runs.get_meta(COLUMNS) or "[]")
    return ColumnChoice([key for key in kept if key in COLUMN_KEYS],
                        lambda keys: store.runs.set_meta(COLUMNS, json.dumps(list(keys))))


class _Rereading:
    """Reads the lists of a configuration file anew when the file has changed."""

    def __init__(self, file: Path) -> None:
        self._file, self._stamp = file, stamp_of(file)
        self._problem: ConfigError | None = None

    def groups(self) -> tuple[WatchGroup, ...] | None:
        """The lists, or None where the file has not changed, or is away: what was read of it last stays.

        Raises:
            ConfigError: If the file cannot be read, until it has changed once more.
        """
        stamp = stamp_of(self._file)
        if stamp != self._stamp:
            self._stamp, self._problem = stamp, None
            if stamp is None:
                return None
            try:
                groups = load(self._file).groups()
                for group in groups:
                    check_filter(group)
                return groups
            except RuleError as error:
                self._problem = ConfigError(f"{self._file}: filter of a list: {error}")
            except ConfigError as error:
                self._problem = error
        if self._problem is not None:
            raise self._problem
        return None
