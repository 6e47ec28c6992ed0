"""Alert rules, what they remember, and what they said.

A rule's memory and the alerts that come of it are written in one transaction: after a crash an alert has either been
raised and is on record, or will be raised again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from forecasting.data.store import deliveries
from forecasting.data.store.database import Database
from forecasting.data.store.encoding import json_list, optional_time, time_text
from forecasting.data.store.watchlist import RENAME
from forecasting.domain.decision import Alert, AlertRule, Delivery
from forecasting.domain.interval import parse_key
from forecasting.domain.market import Symbol
from forecasting.frozen import dataclass

_RULE = "id, text, symbols, grp, sinks, cooldown_s, hysteresis, created_at, muted_until"
_ALERT = "id, rule_id, rule, symbol, fired_at, data_time, late, value, reason, acked_at"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one rule remembers of one symbol."""

    rule_id: int
    symbol: Symbol
    body: str                   # JSON
    fired_at: float | None      # data time of the newest firing, seconds since 1970
    seen_at: float | None = None      # when the newest price of the symbol was made that had been looked at by then


class Alerts:
    """Rules, memory, alerts and deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Rules.

    def add(self, rule: AlertRule) -> AlertRule:
        """Keep a rule; returns it with the id it was given."""
        with self._database.transaction(durable=True) as connection:
            cursor = connection.execute(
                "INSERT INTO alert_rules (text, symbols, grp, sinks, cooldown_s, hysteresis, created_at, muted_until)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (rule.text, json.dumps(rule.symbols), rule.group, json.dumps(rule.sinks), rule.cooldown_s,
                 rule.hysteresis, time_text(rule.created_at), rule.muted_until and time_text(rule.muted_until)),
            )
        assert cursor.lastrowid is not None  # an INSERT that did not raise has one
        return replace(rule, id=cursor.lastrowid)

    def rules(self) -> tuple[AlertRule, ...]:
        """The rules in force, oldest first."""
        rows = self._database.rows(f"SELECT {_RULE} FROM alert_rules WHERE removed_at IS NULL ORDER BY id")
        return tuple(map(_rule, rows))

    def remove(self, rule_id: int, at: datetime) -> bool:
        """Take a rule out of force; what it said stays. False if there is none."""
        with self._database.transaction(durable=True) as connection:
            connection.execute("DELETE FROM alert_memory WHERE rule_id = ?", (rule_id,))
            return connection.execute(
                "UPDATE alert_rules SET removed_at = ? WHERE id = ? AND removed_at IS NULL", (time_text(at), rule_id)
            ).rowcount == 1

    def restore(self, rule_id: int) -> bool:
        """Put a removed rule in force again, with nothing in its memory; False if there is none such."""
        with self._database.transaction(durable=True) as connection:
            return connection.execute(
                "UPDATE alert_rules SET removed_at = NULL WHERE id = ? AND removed_at IS NOT NULL", (rule_id,)
            ).rowcount == 1

    def mute(self, rule_id: int, until: datetime | None) -> bool:
        """Deliver nothing of a rule until then (None: deliver again); False if there is none."""
        with self._database.transaction(durable=True) as connection:
            return connection.execute(
                "UPDATE alert_rules SET muted_until = ? WHERE id = ? AND removed_at IS NULL",
                (until and time_text(until), rule_id),
            ).rowcount == 1

    def rename_list(self, old: str, new: str) -> None:
        """The rules about a list go by its new name."""
        with self._database.transaction(durable=True) as connection:
            connection.execute(RENAME, (old, new))

    # Memory.

    def memory(self) -> dict[tuple[int, Symbol], Remembered]:
        """What the rules in force remember, by rule and symbol."""
        rows = self._database.rows("SELECT rule_id, symbol, body, fired_at, seen_at FROM alert_memory")
        return {(id_, Symbol(s)): Remembered(id_, Symbol(s), *told) for id_, s, *told in rows}

    def looked_at(self) -> dict[Symbol, date]:
        """The newest closed bar of each symbol that the rules have looked at."""
        return {Symbol(s): parse_key(key) for s, key in self._database.rows("SELECT symbol, session FROM alert_bars")}

    def record(
        self, alerts: Sequence[Alert], memory: Iterable[Remembered], bars: Mapping[Symbol, date]
    ) -> tuple[Alert, ...]:
        """Write down, in one transaction, what a look at the market brought; returns the alerts with their ids."""
        with self._database.transaction(durable=bool(alerts)) as connection:
            connection.executemany(
                # A rule removed meanwhile takes its memory along.
                "INSERT OR REPLACE INTO alert_memory SELECT ?1, ?2, ?3, ?4, ?5 FROM alert_rules WHERE id = ?1"
                " AND removed_at IS NULL",
                [(m.rule_id, m.symbol, m.body, m.fired_at, m.seen_at) for m in memory],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO alert_bars VALUES (?, ?)", [(s, key.isoformat()) for s, key in bars.items()]
            )
            return tuple(replace(alert, id=_insert(connection, alert)) for alert in alerts)

    # What was said.

    def delivered(self, ids: Iterable[int], delivery: Delivery) -> None:
        """Note how a sink took alerts, those of one digest together; a later try replaces the earlier one."""
        deliveries.keep(self._database, "alert", ids, delivery)

    def newest_deliveries(self) -> dict[str, tuple[datetime, Delivery]]:
        """Of each sink that ever took or refused an alert, the newest: its data time and what became of it."""
        rows = self._database.rows(
            "SELECT a.data_time, d.sink, d.ok, d.seconds, d.error, d.next_at"
            " FROM (SELECT sink, MAX(alert_id) AS id FROM deliveries GROUP BY sink) n"
            " JOIN deliveries d ON (d.alert_id, d.sink) = (n.id, n.sink) JOIN alerts a ON a.id = n.id"
        )
        return {
            sink: (datetime.fromisoformat(t), Delivery(sink, bool(ok), s, e, optional_time(next_at)))
            for t, sink, ok, s, e, next_at in rows
        }

    def acknowledge(self, ids: Iterable[int], at: datetime) -> int:
        """Note that a person has seen them; returns how many had not been."""
        with self._database.transaction(durable=True) as connection:
            return connection.execute(
                "UPDATE alerts SET acked_at = ? WHERE acked_at IS NULL AND id IN (SELECT value FROM json_each(?))",
                (time_text(at), json_list(ids)),
            ).rowcount

    def known(self, ids: Iterable[int]) -> set[int]:
        """Those of the numbers that alerts have."""
        rows = self._database.rows("SELECT id FROM alerts WHERE id IN (SELECT value FROM json_each(?))",
                                   (json_list(ids),))
        return {row[0] for row in rows}

    def count_unseen(self) -> int:
        """How many alerts nobody has acknowledged."""
        return int(self._database.rows("SELECT COUNT(*) FROM alerts WHERE acked_at IS NULL")[0][0])

    def last_fired(self) -> dict[int, datetime]:
        """The data time of each rule's newest alert, by rule."""
        rows = self._database.rows("SELECT rule_id, MAX(data_time) FROM alerts GROUP BY rule_id")
        return {rule_id: datetime.fromisoformat(time) for rule_id, time in rows}

    def history(
        self, *, since: datetime | None = None, limit: int | None = None, unseen: bool = False
    ) -> tuple[Alert, ...]:
        """Alerts, newest first.

        Args:
            since: Those fired at or after this.
            limit: At most so many.
            unseen: Only those nobody has acknowledged.
        """
        return self._alerts(self._database.rows(
            f"SELECT {_ALERT} FROM alerts WHERE fired_at >= ? AND (? OR acked_at IS NULL) ORDER BY id DESC LIMIT ?",
            ("" if since is None else time_text(since), not unseen, -1 if limit is None else limit),
        ))

    def owed(self) -> tuple[Alert, ...]:
        """Alerts that a sink is to be offered again, oldest first."""
        return self._alerts(self._database.rows(
            f"SELECT {_ALERT} FROM alerts WHERE id IN ({deliveries.owed('alert')}) ORDER BY id"
        ))

    def untold(self, sink: str, before: datetime) -> tuple[Alert, ...]:
        """Unseen alerts fired before then, after the newest that this sink was ever offered; none if it never was."""
        return self._alerts(self._database.rows(
            f"SELECT {_ALERT} FROM alerts WHERE fired_at < ? AND acked_at IS NULL"
            " AND id > (SELECT MAX(alert_id) FROM deliveries WHERE sink = ?) ORDER BY id", (time_text(before), sink)
        ))

    def _alerts(self, rows: Sequence[Sequence[Any]]) -> tuple[Alert, ...]:
        became = deliveries.kept(self._database, "alert", [row[0] for row in rows])
        return tuple(_alert(row, became.get(row[0], ())) for row in rows)


def _insert(connection: sqlite3.Connection, alert: Alert) -> int:
    cursor = connection.execute(
        "INSERT INTO alerts (rule_id, rule, symbol, fired_at, data_time, late, value, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (alert.rule_id, alert.rule, alert.symbol, time_text(alert.fired_at), time_text(alert.data_time), alert.late,
         alert.value, alert.reason),
    )
    assert cursor.lastrowid is not None  # an INSERT that did not raise has one
    return cursor.lastrowid


def _rule(row: Sequence[Any]) -> AlertRule:
    id_, text, symbols, group, sinks, cooldown_s, hysteresis, created_at, muted_until = row
    return AlertRule(
        id_, text, tuple(map(Symbol, json.loads(symbols))), group, tuple(json.loads(sinks)), cooldown_s, hysteresis,
        datetime.fromisoformat(created_at), optional_time(muted_until),
    )


def _alert(row: Sequence[Any], became: tuple[Delivery, ...]) -> Alert:
    id_, rule_id, rule, symbol, fired_at, data_time, late, value, reason, acked_at = row
    return Alert(
        id_, rule_id, rule, Symbol(symbol), datetime.fromisoformat(fired_at), datetime.fromisoformat(data_time),
        bool(late), value, reason, became, optional_time(acked_at),
    )
