"""How sinks took what they were given, in a table for alerts and one for notices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from forecasting.data.store.database import Database
from forecasting.data.store.encoding import json_list, optional_time, time_text
from forecasting.domain.decision import Delivery

Of = Literal["alert", "notice"]

_TABLE: dict[Of, str] = {"alert": "deliveries", "notice": "notice_deliveries"}


def keep(database: Database, of: Of, ids: Iterable[int], delivery: Delivery) -> None:
    """Note how a sink took these, those of one digest together; a later try replaces the earlier one."""
    next_at = delivery.next_try and time_text(delivery.next_try)
    with database.transaction() as connection:
        connection.executemany(
            f"INSERT OR REPLACE INTO {_TABLE[of]} ({of}_id, sink, ok, seconds, error, next_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(id_, delivery.sink, delivery.ok, delivery.seconds, delivery.error, next_at) for id_ in ids],
        )


def kept(database: Database, of: Of, ids: Iterable[int]) -> dict[int, tuple[Delivery, ...]]:
    """What became of these, by id; those nobody was given are left out."""
    found: dict[int, tuple[Delivery, ...]] = {}
    for id_, sink, ok, seconds, error, next_at in database.rows(
        f"SELECT {of}_id, sink, ok, seconds, error, next_at FROM {_TABLE[of]}"
        f" WHERE {of}_id IN (SELECT value FROM json_each(?)) ORDER BY sink", (json_list(ids),)
    ):
        found[id_] = (*found.get(id_, ()), Delivery(sink, bool(ok), seconds, error, optional_time(next_at)))
    return found


def owed(of: Of) -> str:
    """A query for the ids of those that a sink is to be offered again."""
    return f"SELECT {of}_id FROM {_TABLE[of]} WHERE next_at IS NOT NULL"
