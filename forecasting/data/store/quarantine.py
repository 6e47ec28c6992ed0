"""What could not be believed: symbols asked for more rarely, and findings about delivered bars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from forecasting.data.store.database import Database
from forecasting.data.store.encoding import json_list, time_text
from forecasting.domain.market import Symbol
from forecasting.domain.quarantine import Asked, Quarantined


class Quarantine:
    """Reads and writes the symbols in quarantine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, asked: Asked) -> dict[Symbol, Quarantined]:
        """Every symbol whose last answer to this question was of no use."""
        rows = self._database.rows(
            "SELECT symbol, kind, message, tries, since, probe_at FROM quarantine WHERE asked = ?", (asked,)
        )
        time = datetime.fromisoformat
        return {
            Symbol(symbol): Quarantined(Symbol(symbol), asked, kind, message, tries, time(since), time(probe_at))
            for symbol, kind, message, tries, since, probe_at in rows
        }

    def put(self, entries: Iterable[Quarantined]) -> None:
        """Add symbols, or replace what is known of them."""
        rows = [(q.symbol, q.asked, q.kind, q.message, q.tries, time_text(q.since), time_text(q.probe_at))
                for q in entries]
        if rows:
            with self._database.transaction() as connection:
                connection.executemany("INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def lift(self, symbols: Iterable[Symbol], asked: Asked) -> None:
        """Take symbols out: a good answer came."""
        rows = [(symbol, asked) for symbol in symbols]
        if rows:
            with self._database.transaction() as connection:
                connection.executemany("DELETE FROM quarantine WHERE symbol = ? AND asked = ?", rows)


class Findings:
    """Reads and writes what was found wrong with delivered bars, one line each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, symbol: Symbol, lines: Iterable[str], *, since: date | None) -> None:
        """Replace what is known of one symbol: all of it, or what concerns single sessions from `since` on."""
        from forecasting.data.quality import session_of  # not needed for the first paint

        dated = [(symbol, "" if (day := session_of(line)) is None else day.isoformat(), line) for line in lines]
        first = "" if since is None else since.isoformat()[:10]      # a bar within a day is named by its time
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM findings WHERE symbol = ? AND session >= ?", (symbol, first))
            connection.executemany(
                "INSERT OR REPLACE INTO findings VALUES (?, ?, ?)", [row for row in dated if row[1] >= first]
            )

    def of(self, symbols: Iterable[Symbol], *, since: date | None = None) -> dict[Symbol, tuple[str, ...]]:
        """The lines about each symbol that has any, oldest first; with `since` only those about sessions from then."""
        rows = self._database.rows(
            "SELECT f.symbol, f.text FROM json_each(?) s JOIN findings f ON f.symbol = s.value"
            " WHERE f.session >= ? ORDER BY f.symbol, f.session, f.text",
            (json_list(symbols), "" if since is None else since.isoformat()),
        )
        found: dict[Symbol, list[str]] = {}
        for symbol, text in rows:
            found.setdefault(Symbol(symbol), []).append(text)
        return {symbol: tuple(lines) for symbol, lines in found.items()}
