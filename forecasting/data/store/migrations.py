"""The one way by which an older store becomes one of this version's schema.

A new file starts from `schema.sql`, which always is the newest schema. An older one is backed up, then led up by all
the steps it lacks in a single transaction: it arrives, or it stays what it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from forecasting.data.store.backup import back_up, migration_backup
from forecasting.errors import StoreError

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE quarantine (
        symbol    TEXT NOT NULL,
        asked     TEXT NOT NULL CHECK (asked IN ('quote', 'history')),
        kind      TEXT NOT NULL,
        message   TEXT NOT NULL,
        tries     INTEGER NOT NULL,
        since     TEXT NOT NULL,
        probe_at  TEXT NOT NULL,
        PRIMARY KEY (symbol, asked)
    ) WITHOUT ROWID;
    CREATE TABLE findings (
        symbol   TEXT NOT NULL,
        session  TEXT NOT NULL,
        text     TEXT NOT NULL,
        PRIMARY KEY (symbol, session, text)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE alert_rules (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        text         TEXT NOT NULL,
        symbols      TEXT NOT NULL,
        grp          TEXT,
        sinks        TEXT NOT NULL,
        cooldown_s   REAL NOT NULL,
        hysteresis   REAL NOT NULL,
        created_at   TEXT NOT NULL,
        muted_until  TEXT,
        removed_at   TEXT
    );
    CREATE TABLE alert_memory (
        rule_id   INTEGER NOT NULL REFERENCES alert_rules (id),
        symbol    TEXT NOT NULL,
        body      TEXT NOT NULL,
        fired_at  REAL,
        PRIMARY KEY (rule_id, symbol)
    ) WITHOUT ROWID;
    CREATE TABLE alert_bars (
        symbol   TEXT PRIMARY KEY,
        session  TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE alerts (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        rule_id    INTEGER NOT NULL REFERENCES alert_rules (id),
        rule       TEXT NOT NULL,
        symbol     TEXT NOT NULL,
        fired_at   TEXT NOT NULL,
        data_time  TEXT NOT NULL,
        late       INTEGER NOT NULL,
        value      REAL,
        reason     TEXT NOT NULL,
        acked_at   TEXT
    );
    CREATE INDEX alerts_by_time ON alerts (fired_at);
    CREATE TABLE deliveries (
        alert_id  INTEGER NOT NULL REFERENCES alerts (id),
        sink      TEXT NOT NULL,
        ok        INTEGER NOT NULL,
        seconds   REAL NOT NULL,
        error     TEXT,
        PRIMARY KEY (alert_id, sink)
    ) WITHOUT ROWID;
    """,
    # Sessions are computed anew when they are missing; those stored so far know no lunch.
    """
    DROP TABLE sessions;
    CREATE TABLE sessions (
        exchange  TEXT NOT NULL,
        session   TEXT NOT NULL,
        open      TEXT NOT NULL,
        close     TEXT NOT NULL,
        rests     TEXT,
        goes_on   TEXT,
        PRIMARY KEY (exchange, session)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE watch_filters (
        grp       INTEGER PRIMARY KEY REFERENCES watch_groups (position) ON DELETE CASCADE,
        filter    TEXT NOT NULL
    );
    """,
    # A price older than the newest the rules have looked at is not looked at, not even by the next process.
    """
    ALTER TABLE alert_memory ADD COLUMN seen_at REAL;
    """,
    # Signals say how strong they are, and what figures they rest on.
    """
    ALTER TABLE signals ADD COLUMN strength REAL;
    ALTER TABLE signals ADD COLUMN inputs TEXT;
    """,
    # What a person writes down about symbols.
    """
    CREATE TABLE holdings (
        symbol  TEXT PRIMARY KEY,
        alias   TEXT NOT NULL,
        tags    TEXT NOT NULL,
        note    TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE holding_entries (
        symbol    TEXT NOT NULL,
        place     INTEGER NOT NULL,
        day       TEXT NOT NULL,
        quantity  TEXT,
        price     TEXT,
        fee       TEXT,
        ratio     TEXT,
        PRIMARY KEY (symbol, place),
        CHECK ((ratio IS NULL) = (quantity IS NOT NULL AND price IS NOT NULL AND fee IS NOT NULL))
    ) WITHOUT ROWID;
    """,
    # What a sink has not taken is tried again for hours, and what tapecast tells of itself is on record as well.
    """
    ALTER TABLE deliveries ADD COLUMN next_at TEXT;
    CREATE TABLE notices (
        id        INTEGER PRIMARY KEY AUTOINCREMENT,
        fired_at  TEXT NOT NULL,
        title     TEXT NOT NULL,
        text      TEXT NOT NULL
    );
    CREATE TABLE notice_deliveries (
        notice_id  INTEGER NOT NULL REFERENCES notices (id),
        sink       TEXT NOT NULL,
        ok         INTEGER NOT NULL,
        seconds    REAL NOT NULL,
        error      TEXT,
        next_at    TEXT,
        PRIMARY KEY (notice_id, sink)
    ) WITHOUT ROWID;
    """,
)
"""SQL scripts; the one at index i leads a store of schema version i + 1 to version i + 2.

A step may rebuild tables: foreign keys are not enforced meanwhile, and checked before the end.
"""


def migrate(connection: sqlite3.Connection, path: Path, version: int, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Lead the store at `path` from schema `version` to the newest, after a backup beside it.

    Raises:
        StoreError: If a step failed; the file is as it was.
        sqlite3.Error, OSError: If the backup could not be made; the file is as it was.
    """
    newest, kept = len(migrations) + 1, migration_backup(path, version)
    back_up(connection, kept)
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        run(connection, "\n;".join(migrations[version - 1 :]), newest)
    except (sqlite3.Error, StoreError) as error:
        raise StoreError(
            f"{path}: the change from schema {version} to {newest} failed ({error}) and was taken back, the file is as"
            f" it was, with a copy in {kept.name}; go on with the tapecast that wrote it, or give another --data-dir"
        ) from error
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def run(connection: sqlite3.Connection, script: str, version: int) -> None:
    """Run `script` and note the version it leads to, in one transaction.

    Raises:
        StoreError: If a row refers to one that is not there; nothing is kept then.
    """
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\n;PRAGMA user_version = {version};")
        if orphan := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise StoreError(f"a row of {orphan[0]} refers to one that {orphan[2]} does not have")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
