"""Background work done: what ran, when, and how it ended; the trial counter; small settings that must last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from forecasting.data.store.database import Database
from forecasting.data.store.encoding import json_list, optional_time, time_text
from forecasting.frozen import dataclass

PUT_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one kind of background work."""

    id: int
    kind: str                       # "quotes", "bars", "train-lstm", "backfill", ..
    detail: str
    started_at: datetime
    finished_at: datetime | None    # None while it runs, or where its process died
    ok: bool | None                 # None until it has finished
    message: str | None


_SELECT = "SELECT id, kind, detail, started_at, finished_at, ok, message FROM runs"


class Runs:
    """Background work, kept so that "late" and "failed" can be told after a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, kind: str, detail: str, at: datetime) -> int:
        """Note that a run has begun; returns its id."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO runs (kind, detail, started_at) VALUES (?, ?, ?)", (kind, detail, time_text(at))
            )
        assert cursor.lastrowid is not None  # an INSERT that did not raise has one
        return cursor.lastrowid

    def finish(self, run_id: int, ok: bool, message: str, at: datetime) -> None:
        """Note how the run ended."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE runs SET finished_at = ?, ok = ?, message = ? WHERE id = ?",
                (time_text(at), ok, message, run_id),
            )

    def last(self, kind: str, *, ok: bool | None = None) -> Run | None:
        """The newest run of `kind`, or None; with `ok`, the newest that ended so."""
        row = self._database.row(
            f"{_SELECT} WHERE kind = ?1 AND (?2 IS NULL OR ok = ?2) ORDER BY id DESC LIMIT 1", (kind, ok)
        )
        return None if row is None else _run(row)

    def recent(self, kinds: Iterable[str], *, limit: int) -> tuple[Run, ...]:
        """The newest runs of these kinds, newest first."""
        rows = self._database.rows(
            f"{_SELECT} WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?",
            (json_list(kinds), limit),
        )
        return tuple(map(_run, rows))

    def next_trial(self) -> int:
        """Raise the count of training runs ever made with this store, and return it.

        It never goes down: the deflated Sharpe ratio needs to know how often somebody has tried.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO meta VALUES ('trials', '1')"
                " ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
            )
            return int(connection.execute("SELECT value FROM meta WHERE key = 'trials'").fetchone()[0])

    def trials(self) -> int:
        """How many trials have been counted."""
        return int(self.get_meta("trials") or 0)

    def get_meta(self, key: str) -> str | None:
        """A small value kept under `key`, or None."""
        row = self._database.row("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Keep a small value under `key`."""
        with self._database.transaction() as connection:
            connection.execute(PUT_META, (key, value))


def _run(row: tuple[Any, ...]) -> Run:
    run_id, kind, detail, started, finished, ok, message = row
    return Run(
        run_id, kind, detail, datetime.fromisoformat(started), optional_time(finished),
        None if ok is None else bool(ok), message,
    )
