"""The lists of symbols a person watches, in the order they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from forecasting.data.store.database import Database
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup

RENAME = "UPDATE alert_rules SET grp = ?2 WHERE grp = ?1"      # removed rules too: they may come back


class Watchlist:
    """Reads and writes the groups, always all of them at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def groups(self) -> tuple[WatchGroup, ...]:
        """The groups in their order; none before the first `save`."""
        rows = self._database.rows(
            "SELECT g.position, g.name, f.filter, s.symbol FROM watch_groups g LEFT JOIN watch_filters f"
            " ON f.grp = g.position LEFT JOIN watch_symbols s ON s.grp = g.position ORDER BY g.position, s.position"
        )
        return tuple(
            WatchGroup(name, tuple(Symbol(symbol) for *_, symbol in members if symbol is not None), condition)
            for (_, name, condition), members in groupby(rows, key=lambda row: row[:3])
        )

    def save(self, groups: Iterable[WatchGroup], *, renamed: tuple[str, str] | None = None) -> None:
        """Replace all groups by `groups`, whose names must be unique.

        Args:
            groups: The groups in their order.
            renamed: The name that one of them had, and has: the alert rules of this file go by it then.
        """
        groups = tuple(groups)
        with self._database.transaction(durable=True) as connection:
            connection.execute("DELETE FROM watch_groups")
            connection.executemany("INSERT INTO watch_groups VALUES (?, ?)", enumerate(g.name for g in groups))
            connection.executemany(
                "INSERT INTO watch_filters VALUES (?, ?)",
                ((i, group.filter) for i, group in enumerate(groups) if group.filter is not None),
            )
            connection.executemany(
                "INSERT INTO watch_symbols VALUES (?, ?, ?)",
                ((i, j, symbol) for i, group in enumerate(groups) for j, symbol in enumerate(group.symbols)),
            )
            if renamed is not None:
                connection.execute(RENAME, renamed)
