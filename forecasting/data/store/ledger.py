"""The forecast ledger: what was said before it could be known, and what came of it.

It promises three things. A forecast is written before its outcome can exist and is never changed or deleted (triggers
refuse both). An outcome is written once. And both stand in hash chains, so that `verify` finds whatever was edited
behind the store's back. The track record is computed from here and from nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from forecasting.data.store.audit import audit
from forecasting.data.store.chain import (
    GENESIS,
    OUTCOME_COLUMNS,
    forecast_text,
    link,
    outcome_row,
    outcome_text,
    parse_forecast,
    parse_outcome,
)
from forecasting.data.store.database import Database
from forecasting.data.store.encoding import json_list, time_text, until_text
from forecasting.data.store.promises import Due, check_forecast, check_outcome
from forecasting.domain.forecast import MODELS, Forecast, LedgerEntry, Origin, Outcome
from forecasting.domain.interval import parse_key
from forecasting.domain.market import Symbol
from forecasting.errors import LedgerError

_ENTRY = "SELECT f.id, f.hash, f.body FROM forecasts f"
_INSERT_OUTCOME = (
    f"INSERT INTO outcomes ({OUTCOME_COLUMNS}, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# CROSS JOIN fixes the order of the loops: `pending` is the small table.
_DUE = (
    "SELECT p.entry_id, f.symbol, f.model, f.origin, p.horizon, f.as_of_session, p.target_session, p.target_time"
    " FROM pending p CROSS JOIN forecasts f ON f.id = p.entry_id"
)
WAITING = (
    "INSERT OR IGNORE INTO pending SELECT f.id, s.key + 1, s.value,"
    " json_extract(f.body, '$.target_times[' || s.key || ']')"
    " FROM forecasts f, json_each(f.body, '$.target_sessions') s"
    " WHERE NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.entry_id = f.id AND o.horizon = s.key + 1)"
)
"""Puts down which horizons wait, after forecasts and outcomes have come from another file."""


class Ledger:
    """Appends forecasts, settles them, reads both back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[int, LedgerEntry] = {}      # by number, of each symbol and model the last one asked for

    # Writing

    def append(self, forecasts: Sequence[Forecast], origin: Origin, *, at: datetime) -> tuple[LedgerEntry, ...]:
        """Write forecasts down, all in one transaction or none, and wait for the disk.

        A second forecast of the same (symbol, model, origin, as_of_session) changes nothing: the first stands.

        Args:
            forecasts: What was forecast.
            origin: `LIVE` only if every outcome is still ahead at `at`.
            at: The moment of writing (aware UTC).

        Returns:
            The entries as the ledger holds them, in the order of `forecasts`: floats rounded to
            `chain.DIGITS` digits, and the one that stands where there was one before.

        Raises:
            LedgerError: If a forecast breaks the ledger's promises (see `promises`); nothing is written then.
        """
        if not forecasts:
            return ()
        for forecast in forecasts:
            check_forecast(forecast, origin, at)
        with self._database.transaction(durable=True) as connection:
            previous = _head(connection, "forecasts")
            entries = []
            for forecast in forecasts:
                entry = _standing(connection, forecast, origin)
                if entry is None:
                    entry = _insert_forecast(connection, previous, forecast_text(forecast, origin, at))
                    previous = bytes.fromhex(entry.hash)
                entries.append(entry)
        return tuple(entries)

    def settle(self, outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
        """Write outcomes down, all in one transaction or none; returns those that were not settled before.

        Raises:
            LedgerError: If an outcome belongs to no entry, contradicts it, or is settled before its target time.
        """
        outcomes = tuple(outcomes)
        if not outcomes:
            return ()
        new = []
        with self._database.transaction(durable=True) as connection:
            previous = _head(connection, "outcomes")
            for outcome in outcomes:
                due = _waiting(connection, outcome)
                if due is None:
                    continue
                check_outcome(outcome, due)
                row = outcome_row(outcome)
                previous = link(previous, outcome_text(row))
                connection.execute(_INSERT_OUTCOME, (*row, previous))
                new.append(outcome)
        return tuple(new)

    # Reading forecasts

    def entry(self, entry_id: int) -> LedgerEntry:
        """One entry.

        Raises:
            LedgerError: If there is none of that id.
        """
        entries = self.entries([entry_id])
        if not entries:
            raise LedgerError(f"ledger entry {entry_id}: there is none; the ledger has {self.count()}")
        return entries[0]

    def entries(self, ids: Iterable[int]) -> tuple[LedgerEntry, ...]:
        """The entries of these ids, ascending; ids that do not exist are left out."""
        rows = self._database.rows(
            f"{_ENTRY} WHERE f.id IN (SELECT value FROM json_each(?)) ORDER BY f.id", (json_list(ids),)
        )
        return tuple(map(_entry, rows))

    def latest(
        self, symbols: Iterable[Symbol] | None = None, *, origin: Origin | None = None
    ) -> dict[Symbol, dict[str, LedgerEntry]]:
        """The newest entry of each model in MODELS, by symbol; live before backfill where both exist.

        Args:
            symbols: Which; all the ledger knows if None. Symbols without an entry are left out.
            origin: Of this origin only; of any if None.
        """
        wanted = self.symbols() if symbols is None else symbols
        rows = self._database.rows(
            "SELECT (SELECT id FROM forecasts"
            " WHERE symbol = s.value AND model = m.value AND (:origin IS NULL OR origin = :origin)"
            " ORDER BY as_of_session DESC, origin DESC LIMIT 1)"   # 'live' sorts after 'backfill'
            " FROM json_each(:symbols) s JOIN json_each(:models) m",
            {"symbols": json_list(wanted), "models": json_list(MODELS), "origin": origin},
        )
        found: dict[Symbol, dict[str, LedgerEntry]] = {}
        for entry in self._unchanged(sorted(entry_id for (entry_id,) in rows if entry_id is not None)):
            found.setdefault(entry.forecast.symbol, {})[entry.forecast.model] = entry
        return found

    def _unchanged(self, ids: Sequence[int]) -> list[LedgerEntry]:
        """Entries by number. None ever changes, so each is read from its text once, and not at every snapshot."""
        known = self._kept
        if missing := [entry_id for entry_id in ids if entry_id not in known]:
            known = {**known, **{entry.id: entry for entry in self.entries(missing)}}
            newest = {(entry.forecast.symbol, entry.forecast.model): entry for entry in known.values()}
            self._kept = {entry.id: entry for entry in newest.values()}
        return [known[entry_id] for entry_id in ids]

    def previous(self, symbol: Symbol, model: str, before: date) -> LedgerEntry | None:
        """The newest entry, of any origin, made as of a session before `before`; live where both exist."""
        row = self._database.row(
            f"{_ENTRY} WHERE f.symbol = ? AND f.model = ? AND f.as_of_session < ?"
            " ORDER BY f.as_of_session DESC, f.origin DESC LIMIT 1",
            (symbol, model, before.isoformat()),
        )
        return None if row is None else _entry(row)

    def opinions(
        self, symbol: Symbol, model: str, horizon: int, first: date
    ) -> tuple[tuple[date, Origin, float, tuple[float, ...]], ...]:
        """What a model has said of a symbol as of `first` or later, ascending by session; backfill before live.

        Each time: the session, the origin, P(up) over `horizon` bars, and the quantiles of the next bar's log return at
        `domain.forecast.LEVELS`. Only these cross from the text, at some 15 us a row.
        """
        rows = self._database.rows(
            "SELECT as_of_session, origin, json_extract(body, '$.p_up[' || :at || ']'),"
            " json_extract(body, '$.log_returns[0]') FROM forecasts"
            " WHERE symbol = :symbol AND model = :model AND as_of_session >= :first ORDER BY as_of_session, origin",
            {"at": horizon - 1, "symbol": symbol, "model": model, "first": first.isoformat()},
        )
        return tuple((parse_key(day), Origin(kind), p_up, tuple(json.loads(text))) for day, kind, p_up, text in rows)

    def symbols(self) -> tuple[Symbol, ...]:
        """Every symbol that was ever forecast."""
        rows = self._database.rows(
            # Hops from symbol to symbol along the index instead of reading all of it.
            "WITH RECURSIVE known (symbol) AS (SELECT MIN(symbol) FROM forecasts UNION ALL"
            " SELECT (SELECT MIN(symbol) FROM forecasts WHERE symbol > known.symbol) FROM known"
            " WHERE known.symbol IS NOT NULL) SELECT symbol FROM known WHERE symbol IS NOT NULL"
        )
        return tuple(Symbol(row[0]) for row in rows)

    def count(self) -> int:
        """How many forecasts the ledger holds."""
        # Ids have no gaps: nothing is deleted, and a rolled-back insert gives its id back.
        row = self._database.row("SELECT MAX(id) FROM forecasts")
        return int(row[0] or 0) if row else 0

    # Reading outcomes

    def unsettled(self, until: date | None = None) -> tuple[Due, ...]:
        """Horizons without an outcome whose target session is not after `until`, oldest target first."""
        rows = self._database.rows(
            f"{_DUE} WHERE p.target_session <= ? ORDER BY p.target_session, p.entry_id, p.horizon",
            (until_text(until),),
        )
        return tuple(map(_due, rows))

    def outcomes(
        self,
        symbol: Symbol | None = None,
        model: str | None = None,
        horizon: int | None = None,
        origin: Origin | None = None,
        limit: int | None = None,
    ) -> tuple[Outcome, ...]:
        """Outcomes ascending by target session; None asks for all, `limit` for the newest so many."""
        wanted = {"symbol": symbol, "model": model, "horizon": horizon, "origin": origin}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "WHERE " + " AND ".join(f"{name} = :{name}" for name in given) if given else ""
        rows = self._database.rows(
            f"SELECT {OUTCOME_COLUMNS} FROM outcomes {where} ORDER BY target_session DESC, id DESC LIMIT :limit",
            {**given, "limit": -1 if limit is None else limit},
        )
        return tuple(map(parse_outcome, reversed(rows)))

    def said(
        self, model: str, horizon: int, origin: Origin, symbol: Symbol | None = None
    ) -> tuple[tuple[Outcome, tuple[float, ...]], ...]:
        """Outcomes with the quantiles that had been forecast, at the forecast's levels; ascending by issue session.

        One forecast is two kilobytes of text, so this costs some 15 us a row.
        """
        rows = self._database.rows(
            # SQLite reads the text without the interpreter's lock, and gives back one horizon of ten.
            f"SELECT {OUTCOME_COLUMNS}, (SELECT json_extract(body, '$.log_returns[' || (horizon - 1) || ']')"
            " FROM forecasts WHERE id = entry_id) FROM outcomes WHERE model = :model AND horizon = :horizon"
            " AND origin = :origin AND (:symbol IS NULL OR symbol = :symbol) ORDER BY as_of_session, symbol",
            {"model": model, "horizon": horizon, "origin": origin, "symbol": symbol},
        )
        return tuple((parse_outcome(row[:-1]), tuple(json.loads(row[-1]))) for row in rows)

    # Trust

    def verify(self) -> int:
        """Check every row against the chains; returns the number of forecasts checked.

        What it finds, and what it cannot: see `audit`. About 0.1 s per thousand entries with their outcomes.

        Raises:
            LedgerError: Naming the first row that does not hold.
        """
        with self._database.snapshot() as connection:
            return audit(connection)


def _head(connection: sqlite3.Connection, table: str) -> bytes:
    row = connection.execute(f"SELECT hash FROM {table} ORDER BY id DESC LIMIT 1").fetchone()
    return GENESIS if row is None else bytes(row[0])


def _standing(connection: sqlite3.Connection, forecast: Forecast, origin: Origin) -> LedgerEntry | None:
    row = connection.execute(
        f"{_ENTRY} WHERE f.symbol = ? AND f.model = ? AND f.origin = ? AND f.as_of_session = ?",
        (forecast.symbol, forecast.model, origin, forecast.as_of_session.isoformat()),
    ).fetchone()
    return None if row is None else _entry(row)


def _insert_forecast(connection: sqlite3.Connection, previous: bytes, body: str) -> LedgerEntry:
    forecast, origin = parse_forecast(body)
    digest = link(previous, body)
    entry_id = connection.execute(
        "INSERT INTO forecasts (symbol, model, origin, as_of_session, hash, body) VALUES (?, ?, ?, ?, ?, ?)",
        (forecast.symbol, forecast.model, origin, forecast.as_of_session.isoformat(), digest, body),
    ).lastrowid
    assert entry_id is not None  # an INSERT that did not raise has one
    connection.executemany(
        "INSERT INTO pending VALUES (?, ?, ?, ?)",
        [
            (entry_id, h, day.isoformat(), time_text(moment))
            for h, (day, moment) in enumerate(zip(forecast.target_sessions, forecast.target_times, strict=True), 1)
        ],
    )
    return LedgerEntry(entry_id, origin, forecast, digest.hex())


def _waiting(connection: sqlite3.Connection, outcome: Outcome) -> Due | None:
    """The horizon that `outcome` settles; None where it is settled."""
    key = (outcome.entry_id, outcome.horizon)
    row = connection.execute(f"{_DUE} WHERE p.entry_id = ? AND p.horizon = ?", key).fetchone()
    if row is not None:
        return _due(row)
    if connection.execute("SELECT 1 FROM outcomes WHERE entry_id = ? AND horizon = ?", key).fetchone():
        return None
    raise LedgerError(f"{outcome.symbol} {outcome.model}: an outcome for ledger entry {key[0]}, horizon {key[1]}: none")


def _entry(row: Sequence[Any]) -> LedgerEntry:
    entry_id, digest, body = row
    try:
        forecast, origin = parse_forecast(body)
    except (ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"ledger entry {entry_id}: its text was edited and cannot be read ({error})") from error
    return LedgerEntry(entry_id, origin, forecast, digest.hex())


def _due(row: Sequence[Any]) -> Due:
    entry_id, symbol, model, origin, horizon, as_of_session, target_session, target_time = row
    return Due(
        entry_id, Symbol(symbol), model, Origin(origin), horizon, parse_key(as_of_session),
        parse_key(target_session), datetime.fromisoformat(target_time),
    )
