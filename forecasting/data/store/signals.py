"""Signals: written once at the close that made them, scored once when their horizon has passed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from forecasting.data.store.database import Database
from forecasting.data.store.encoding import json_list, optional_time, time_text, until_text
from forecasting.domain.decision import ScoredSignal, Signal, SignalKind
from forecasting.domain.interval import parse_key
from forecasting.domain.market import Symbol

_COLUMNS = "symbol, kind, session, time, price, direction, horizon, reason, model_id, strength, inputs"
_SELECT = f"SELECT id, log_return, settled_at, {_COLUMNS} FROM signals"


class Signals:
    """The signal log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, signals: Iterable[Signal]) -> int:
        """Write signals down; returns how many were new. One per symbol, kind and session: the first stands."""
        rows = [
            (s.symbol, s.kind, s.session.isoformat(), time_text(s.time), s.price, s.direction, s.horizon, s.reason,
             s.model_id, s.strength, json.dumps(dict(s.inputs)) if s.inputs else None)
            for s in signals
        ]
        with self._database.transaction(durable=True) as connection:
            return connection.executemany(
                f"INSERT INTO signals ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (symbol, kind, session) DO NOTHING",
                rows,
            ).rowcount if rows else 0

    def unsettled(self, until: date | None = None) -> tuple[ScoredSignal, ...]:
        """Signals not scored yet and made at or before session `until`, oldest first."""
        return _signals(self._database.rows(
            f"{_SELECT} WHERE settled_at IS NULL AND session <= ? ORDER BY session, id", (until_text(until),)
        ))

    def settle(self, signal_id: int, log_return: float, at: datetime) -> bool:
        """Write down what followed; returns False, and changes nothing, where that was done before."""
        with self._database.transaction() as connection:
            return connection.execute(
                "UPDATE signals SET log_return = ?, settled_at = ? WHERE id = ? AND settled_at IS NULL",
                (log_return, time_text(at), signal_id),
            ).rowcount == 1

    def recent(self, limit: int, symbol: Symbol | None = None) -> tuple[ScoredSignal, ...]:
        """The newest `limit` signals, of one symbol or all, newest first."""
        where, parameters = ("", [limit]) if symbol is None else ("WHERE symbol = ?", [symbol, limit])
        return _signals(self._database.rows(f"{_SELECT} {where} ORDER BY time DESC, id DESC LIMIT ?", parameters))

    def of_newest_bars(self, symbols: Iterable[Symbol]) -> dict[Symbol, tuple[ScoredSignal, ...]]:
        """The signals made by the newest bar that has made any, by symbol; symbols without are left out.

        Those with a direction come first, of these the newest.
        """
        rows = self._database.rows(
            # The newest session of each symbol is the latest of its kinds': hops along the index, however long the log.
            "SELECT g.id FROM (SELECT w.value AS symbol, MAX((SELECT MAX(session) FROM signals"
            " WHERE symbol = w.value AND kind = k.value)) AS session"
            " FROM json_each(:symbols) w CROSS JOIN json_each(:kinds) k GROUP BY w.value) n"
            " CROSS JOIN json_each(:kinds) k"
            " CROSS JOIN signals g ON g.symbol = n.symbol AND g.kind = k.value AND g.session = n.session",
            {"symbols": json_list(symbols), "kinds": json_list(SignalKind)},
        )
        found: dict[Symbol, tuple[ScoredSignal, ...]] = {}
        for scored in _signals(self._database.rows(
            f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?)) ORDER BY direction = 0, id DESC",
            (json_list(row[0] for row in rows),),
        )):
            found[scored.signal.symbol] = (*found.get(scored.signal.symbol, ()), scored)
        return found

    def scored(self) -> tuple[ScoredSignal, ...]:
        """All signals whose outcome is known, oldest first."""
        return _signals(self._database.rows(f"{_SELECT} WHERE settled_at IS NOT NULL ORDER BY time, id"))


def _signals(rows: Sequence[Any]) -> tuple[ScoredSignal, ...]:
    return tuple(
        ScoredSignal(
            id=row_id,
            signal=Signal(
                Symbol(symbol), SignalKind(kind), parse_key(session), datetime.fromisoformat(time), price,
                direction, horizon, reason, model_id, strength, tuple(json.loads(inputs or "{}").items()),
            ),
            log_return=log_return,
            settled_at=optional_time(settled_at),
        )
        for (row_id, log_return, settled_at, symbol, kind, session, time, price, direction, horizon, reason, model_id,
             strength, inputs)
        in rows
    )
