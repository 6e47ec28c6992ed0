"""The ledger's audit: every row against the hash chains.

Found is any changed byte, a row inserted, moved or dropped (the newest too, by the highest id ever given), a column
that contradicts the hashed text, and a horizon that is neither settled nor waiting for its target. Not found is a
forger who rewrites the whole chain from the changed row on, counters included: against that, keep the newest entry's
hash elsewhere.
"""

from __future__ import annotations

import json
import sqlite3

from forecasting.data.store.chain import GENESIS, OUTCOME_COLUMNS, link, outcome_text
from forecasting.errors import LedgerError


def audit(connection: sqlite3.Connection) -> int:
    """Check everything, on a connection that sees one state of the store; returns the number of forecasts.

    Raises:
        LedgerError: Naming the first row that does not hold.
    """
    count, horizons = _audit_forecasts(connection)
    settled = _audit_outcomes(connection)
    _audit_pending(connection, horizons, settled)
    return count


def _audit_pending(connection: sqlite3.Connection, horizons: int, settled: int) -> None:
    """What is not settled must wait, and for the target that was forecast: a horizon put off is an outcome hidden."""
    put_off = connection.execute(
        "SELECT p.entry_id, p.horizon FROM pending p JOIN forecasts f ON f.id = p.entry_id WHERE"
        " p.target_session IS NOT json_extract(f.body, '$.target_sessions[' || (p.horizon - 1) || ']') OR"
        " p.target_time IS NOT json_extract(f.body, '$.target_times[' || (p.horizon - 1) || ']')"
        " ORDER BY p.entry_id, p.horizon LIMIT 1"
    ).fetchone()
    if put_off is not None:
        _expect(False, f"entry {put_off[0]}", f"horizon {put_off[1]} waits for another target than was forecast")
    waiting = connection.execute(
        "SELECT COUNT(*) FROM pending p WHERE NOT EXISTS"
        " (SELECT 1 FROM outcomes o WHERE o.entry_id = p.entry_id AND o.horizon = p.horizon)"
    ).fetchone()[0]
    if waiting + settled != horizons:
        raise LedgerError(
            f"ledger: {horizons} horizons were forecast, but {waiting} wait and {settled} are settled;"
            " the list of waiting ones was edited"
        )


def _audit_forecasts(connection: sqlite3.Connection) -> tuple[int, int]:
    """Returns how many entries, and how many horizons they have together."""
    previous, count, horizons = GENESIS, 0, 0
    rows = connection.execute("SELECT id, hash, body, symbol, model, origin, as_of_session FROM forecasts ORDER BY id")
    for entry_id, digest, text, *columns in rows:
        count += 1
        _expect(entry_id == count, f"entry {count}", "it is missing")
        _expect(isinstance(text, str) and link(previous, text) == digest, f"entry {count}", "it was edited")
        body = json.loads(text)
        hashed = [body["symbol"], body["model"], body["origin"], body["as_of_session"]]
        _expect(columns == hashed, f"entry {count}", f"its columns say {columns}, its hashed text {hashed}")
        previous = digest
        horizons += len(body["target_sessions"])
    _audit_tail(connection, "forecasts", "entry", count)
    return count, horizons


def _audit_outcomes(connection: sqlite3.Connection) -> int:
    """Returns how many outcomes there are."""
    previous, count = GENESIS, 0
    for row_id, digest, *row in connection.execute(f"SELECT id, hash, {OUTCOME_COLUMNS} FROM outcomes ORDER BY id"):
        count += 1
        _expect(row_id == count, f"outcome {count}", "it is missing")
        # A figure that was made NULL or a blob is no JSON number; whatever else it became hashes differently.
        intact = not any(isinstance(value, bytes) for value in row) and link(previous, outcome_text(row)) == digest
        _expect(intact, f"outcome {count}", "it was edited")
        previous = digest
    _audit_tail(connection, "outcomes", "outcome", count)
    return count


def _audit_tail(connection: sqlite3.Connection, table: str, what: str, count: int) -> None:
    given = connection.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    _expect(given[0] == count, f"{what} {count + 1}", f"it is missing; {given[0]} were written")


def _expect(holds: bool, row: str, otherwise: str) -> None:
    if not holds:
        raise LedgerError(f"ledger {row}: {otherwise}; the ledger is not what was recorded")
