"""What a transaction takes from the looked-through rows `in_..` into the store, table by table.

Each function returns how many rows are new, and raises a `DataError` that names the row where the store holds another.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable

from forecasting.data.store.ledger import WAITING
from forecasting.data.transfer.tables import ALERT_RULES, BARS, FORECASTS, INSTRUMENTS, OUTCOMES, SIGNALS
from forecasting.errors import DataError

_NOTHING = "nothing was taken in"
_KIND = "COALESCE('smart, of ' || {0}.filter, 'of symbols')"


def _instruments(connection: sqlite3.Connection) -> int:
    """A name may be told differently; another exchange or currency makes other prices."""
    _refuse(
        connection,
        "SELECT i.whence, i.symbol || ' is traded on ' || i.exchange || ' in ' || i.currency, s.exchange || ' in '"
        " || s.currency FROM in_instruments i JOIN instruments s USING (symbol)"
        " WHERE (i.exchange, i.currency, i.synthetic) <> (s.exchange, s.currency, s.synthetic)",
        "remove the symbol from the files, or import into another --data-dir",
    )
    return _add(connection, "instruments", INSTRUMENTS.stored)


def _bars(connection: sqlite3.Connection) -> int:
    values = ("open", "high", "low", "close", "adj_close", "volume")
    of = {side: ", ".join(f"{side}.{name}" for name in values) for side in ("i", "s")}
    _refuse(
        connection,
        "SELECT i.whence, i.symbol || ' ' || i.session || ' closes at ' || i.close || ', adjusted ' || i.adj_close,"
        f" s.close || ', adjusted ' || s.adj_close FROM in_bars i JOIN bars s USING (symbol, session)"
        f" WHERE ({of['i']}) <> ({of['s']})",
        "one history is adjusted in one way: remove the symbol from the files, or import into another --data-dir",
    )
    unknown = connection.execute(
        "SELECT whence, symbol FROM in_bars WHERE symbol NOT IN (SELECT symbol FROM instruments) LIMIT 1"
    ).fetchone()
    if unknown is not None:
        raise DataError(f"{unknown[0]}: bars of {unknown[1]}, whose exchange and currency nobody knows; import its"
                        f" instruments with them, {_NOTHING}")
    return _add(connection, "bars", BARS.stored)


def _forecasts(connection: sqlite3.Connection) -> int:
    """The longer of two ledgers that begin alike; two that differ stay two."""
    _refuse(
        connection,
        "SELECT i.whence, i.symbol || ' ' || i.model || ' of ' || i.as_of_session, s.symbol || ' ' || s.model || ' of '"
        " || s.as_of_session || ' or another text' FROM in_forecasts i JOIN forecasts s USING (id)"
        " WHERE i.hash <> s.hash ORDER BY id",
        "these are two ledgers, which cannot become one: import into another --data-dir",
    )
    new = _append(connection, "forecasts", FORECASTS.stored)
    if new:
        connection.execute(WAITING)
    return new


def _outcomes(connection: sqlite3.Connection) -> int:
    _refuse(
        connection,
        "SELECT i.whence, 'forecast ' || i.entry_id || ', horizon ' || i.horizon, 'forecast ' || s.entry_id ||"
        " ', horizon ' || s.horizon || ' or other figures' FROM in_outcomes i JOIN outcomes s USING (id)"
        " WHERE i.hash <> s.hash ORDER BY id",
        "these are two ledgers, which cannot become one: import into another --data-dir",
    )
    # An outcome has to be the one its forecast waits for, and not known before its target's close.
    orphan = connection.execute(
        "SELECT i.whence, i.entry_id, i.horizon FROM in_outcomes i"
        " LEFT JOIN pending p USING (entry_id, horizon) LEFT JOIN forecasts f ON f.id = i.entry_id"
        " WHERE i.id NOT IN (SELECT id FROM outcomes) AND (p.entry_id IS NULL"
        " OR (i.symbol, i.model, i.origin, i.as_of_session, i.target_session)"
        " <> (f.symbol, f.model, f.origin, f.as_of_session, p.target_session) OR i.settled_at < p.target_time) LIMIT 1"
    ).fetchone()
    if orphan is not None:
        raise DataError(f"{orphan[0]}: no forecast waits for this outcome of forecast {orphan[1]}, horizon {orphan[2]};"
                        f" import the forecasts of the same export with it, {_NOTHING}")
    return _append(connection, "outcomes", OUTCOMES.stored)


def _signals(connection: sqlite3.Connection) -> int:
    _refuse(
        connection,
        "SELECT i.whence, i.symbol || ' ' || i.kind || ' of ' || i.session || ': ' || i.reason, s.reason || ', scored '"
        " || COALESCE(s.log_return, 'not yet') FROM in_signals i JOIN signals s USING (symbol, kind, session)"
        " WHERE (i.time, i.price, i.direction, i.horizon, i.reason) <> (s.time, s.price, s.direction, s.horizon,"
        " s.reason) OR i.model_id IS NOT s.model_id OR (i.settled_at IS NOT NULL AND s.settled_at IS NOT NULL AND"
        " (i.log_return, i.settled_at) <> (s.log_return, s.settled_at))",
        "remove the row",
    )
    scored = connection.execute(
        "UPDATE signals SET (log_return, settled_at) = (i.log_return, i.settled_at) FROM in_signals i"
        " WHERE (i.symbol, i.kind, i.session) = (signals.symbol, signals.kind, signals.session)"
        " AND signals.settled_at IS NULL AND i.settled_at IS NOT NULL"
    ).rowcount
    return scored + _add(connection, "signals", SIGNALS.stored)


def _alert_rules(connection: sqlite3.Connection) -> int:
    """Rules the store has not in force; they get numbers of its own, since alerts name their rule by that."""
    columns = ", ".join(name for name in ALERT_RULES.stored if name != "id")
    return connection.execute(
        f"INSERT INTO alert_rules ({columns}) SELECT {columns} FROM in_alert_rules i WHERE NOT EXISTS"
        " (SELECT 1 FROM alert_rules s WHERE s.removed_at IS NULL AND s.grp IS i.grp"
        " AND (s.text, s.symbols, s.sinks, s.cooldown_s, s.hysteresis)"
        " = (i.text, i.symbols, i.sinks, i.cooldown_s, i.hysteresis)) ORDER BY id"
    ).rowcount


def _watchlist(connection: sqlite3.Connection) -> int:
    """Lists of the same name become one: the store's symbols first, then those only the file has."""
    empty = connection.execute(
        "SELECT COUNT(*) FROM in_watchlist WHERE symbol IS NULL AND name NOT IN (SELECT name FROM watch_groups)"
    ).fetchone()[0]
    _refuse(
        connection,
        f"SELECT i.whence, 'list ' || i.name || ' is ' || {_KIND.format('i')}, {_KIND.format('f')} FROM in_watchlist i"
        " JOIN watch_groups g USING (name) LEFT JOIN watch_filters f ON f.grp = g.position"
        " WHERE i.filter IS NOT f.filter",
        "rename one of the two lists",
    )
    twice = connection.execute(
        "SELECT MAX(whence), name FROM in_watchlist GROUP BY name HAVING COUNT(DISTINCT COALESCE(filter, '')) > 1"
    ).fetchone()
    if twice is not None:
        raise DataError(f"{twice[0]}: two lists of different kinds are called {twice[1]}; rename one, {_NOTHING}")
    connection.execute(
        "INSERT INTO watch_groups SELECT (SELECT COALESCE(MAX(position), -1) FROM watch_groups) + ROW_NUMBER() OVER"
        " (ORDER BY MIN(list)), name FROM in_watchlist WHERE name NOT IN (SELECT name FROM watch_groups) GROUP BY name"
    )
    connection.execute(
        "INSERT OR IGNORE INTO watch_filters SELECT g.position, i.filter FROM in_watchlist i"
        " JOIN watch_groups g USING (name) WHERE i.filter IS NOT NULL"
    )
    return int(empty) + connection.execute(
        "INSERT INTO watch_symbols SELECT g.position, (SELECT COALESCE(MAX(position), -1) FROM watch_symbols"
        " WHERE grp = g.position) + ROW_NUMBER() OVER (PARTITION BY g.position ORDER BY i.list, i.place), i.symbol"
        " FROM in_watchlist i JOIN watch_groups g USING (name) WHERE i.symbol IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM watch_symbols s WHERE s.grp = g.position AND s.symbol = i.symbol)"
    ).rowcount


def _holdings(connection: sqlite3.Connection) -> int:
    """What the store does not know: an alias and a note where it has none, and tags beside its own."""
    new = 0
    for symbol, alias, tags, note, *kept in connection.execute(
        "SELECT symbol, i.alias, i.tags, i.note, s.alias, s.tags, s.note FROM in_holdings i"
        " LEFT JOIN holdings s USING (symbol)"
    ).fetchall():
        own_alias, own_tags, own_note = kept
        joined = json.dumps(sorted({*json.loads(tags), *json.loads(own_tags or "[]")}))
        row = [own_alias or alias, joined, own_note or note]
        if row != kept:
            connection.execute("INSERT OR REPLACE INTO holdings VALUES (?, ?, ?, ?)", (symbol, *row))
            new += 1
    return new


def _holding_entries(connection: sqlite3.Connection) -> int:
    """Lots and splits that the store lacks, among its own by day; two that are equal are two, unless it has two."""
    new = 0
    for (symbol,) in connection.execute("SELECT DISTINCT symbol FROM in_holding_entries").fetchall():
        given, kept = ([tuple(row) for row in connection.execute(
            f"SELECT day, quantity, price, fee, ratio FROM {table} WHERE symbol = ? ORDER BY place", (symbol,)
        )] for table in ("in_holding_entries", "holding_entries"))
        lacking = list((Counter(given) - Counter(kept)).elements())
        entries = sorted([*kept, *lacking], key=lambda entry: (entry[0], entry[-1] is None))      # a split comes first
        connection.execute("DELETE FROM holding_entries WHERE symbol = ?", (symbol,))
        connection.executemany(
            "INSERT INTO holding_entries VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(symbol, place, *entry) for place, entry in enumerate(entries)],
        )
        new += len(lacking)
    return new


def _refuse(connection: sqlite3.Connection, contradictions: str, remedy: str) -> None:
    """Raise for the first row of a query for (whence, what the file says, what the store says)."""
    row = connection.execute(f"{contradictions} LIMIT 1").fetchone()
    if row is not None:
        whence, file, store = row
        raise DataError(f"{whence}: {file} here, {store} in the store; {remedy}, {_NOTHING}")


def _add(connection: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> int:
    listed = ", ".join(columns)
    return connection.execute(
        f"INSERT OR IGNORE INTO {table} ({listed}) SELECT {listed} FROM in_{table} ORDER BY rowid"
    ).rowcount


def _append(connection: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> int:
    """Rows of the ledger behind those it has; a row that cannot enter ends the import, since none may be left out."""
    listed = ", ".join(columns)
    try:
        return connection.execute(
            f"INSERT INTO {table} ({listed}) SELECT {listed} FROM in_{table}"
            f" WHERE id > (SELECT COALESCE(MAX(id), 0) FROM {table}) ORDER BY id"
        ).rowcount
    except sqlite3.IntegrityError as error:
        raise DataError(f"{table}: {error}; tapecast made no such ledger, {_NOTHING}") from error


MERGES: dict[str, Callable[[sqlite3.Connection], int]] = {
    "instruments": _instruments, "bars": _bars, "forecasts": _forecasts, "outcomes": _outcomes, "signals": _signals,
    "alert_rules": _alert_rules, "watchlist": _watchlist, "holdings": _holdings, "holding_entries": _holding_entries,
}
