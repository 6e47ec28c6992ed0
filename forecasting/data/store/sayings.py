"""What tapecast told of itself, and what tells that it has been told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from forecasting.data.store import deliveries
from forecasting.data.store.database import Database
from forecasting.data.store.encoding import time_text
from forecasting.data.store.runs import PUT_META
from forecasting.domain.decision import Delivery, Notice


class Sayings:
    """Notices and their deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, notice: Notice, key: str, value: str) -> Notice:
        """Write down a notice together with `value` under `key` of meta, by which the next process knows of it.

        Returns the notice with the id it was given.
        """
        with self._database.transaction(durable=True) as connection:
            cursor = connection.execute("INSERT INTO notices (fired_at, title, text) VALUES (?, ?, ?)",
                                        (time_text(notice.fired_at), notice.title, notice.text))  # fmt: skip
            connection.execute(PUT_META, (key, value))
        assert cursor.lastrowid is not None  # an INSERT that did not raise has one
        return replace(notice, id=cursor.lastrowid)

    def delivered(self, ids: Iterable[int], delivery: Delivery) -> None:
        """Note how a sink took notices; a later try replaces the earlier one."""
        deliveries.keep(self._database, "notice", ids, delivery)

    def recent(self, *, since: datetime | None = None, limit: int | None = None) -> tuple[Notice, ...]:
        """Notices fired at or after `since`, newest first, at most `limit`."""
        return self._notices(self._database.rows(
            "SELECT id, fired_at, title, text FROM notices WHERE fired_at >= ? ORDER BY id DESC LIMIT ?",
            ("" if since is None else time_text(since), -1 if limit is None else limit),
        ))

    def owed(self) -> tuple[Notice, ...]:
        """Notices that a sink is to be offered again, oldest first."""
        return self._notices(self._database.rows(
            f"SELECT id, fired_at, title, text FROM notices WHERE id IN ({deliveries.owed('notice')}) ORDER BY id"
        ))

    def _notices(self, rows: Sequence[Sequence[Any]]) -> tuple[Notice, ...]:
        became = deliveries.kept(self._database, "notice", [row[0] for row in rows])
        return tuple(
            Notice(id_, datetime.fromisoformat(fired_at), title, text, deliveries=became.get(id_, ()))
            for id_, fired_at, title, text in rows
        )
