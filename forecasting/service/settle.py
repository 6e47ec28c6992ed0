"""What came of forecasts and signals: settled once, from stored bars."""

from __future__ import annotations

import math
from datetime import date

from forecasting.data.store import Store
from forecasting.domain.forecast import LedgerEntry, Outcome
from forecasting.domain.market import Symbol
from forecasting.evaluation.track_record import outcome_of
from forecasting.service.desk import Desk
from forecasting.service.watch import count
from forecasting.trading.scoring import score

_CHUNK = 2000          # outcomes per transaction: other writers get their turn


def settle_forecasts(desk: Desk) -> int:
    """Write the outcome of every forecast horizon whose target session has closed and has a bar; returns how many."""
    newest = desk.store.market.last_sessions()
    if not newest:
        return 0
    pending = desk.store.ledger.unsettled(max(newest.values()))
    if not pending:
        return 0
    closes = _AdjustedCloses(desk.store, min(row.as_of_session for row in pending))
    due = [
        (row, start, end)
        for row in pending
        # No bar of that session: halted, or not here yet.
        if (start := closes.at(row.symbol, row.as_of_session)) and (end := closes.at(row.symbol, row.target_session))
    ]
    now, settled = desk.clock.now(), 0
    for first in range(0, len(due), _CHUNK):
        part = due[first : first + _CHUNK]
        entries: dict[int, LedgerEntry] = {e.id: e for e in desk.store.ledger.entries({r.entry_id for r, _, _ in part})}
        outcomes: list[Outcome] = [
            outcome_of(entries[row.entry_id], row.horizon, math.log(end / start), now)
            for row, start, end in part
            # A replay that was killed goes on before the newest bars it has stored.
            if entries[row.entry_id].forecast.target_times[row.horizon - 1] <= now
        ]
        desk.store.ledger.settle(outcomes)
        desk.calibrator.learn((entries[o.entry_id], o) for o in outcomes)
        count(desk.store, ((entries[o.entry_id], o) for o in outcomes))
        settled += len(outcomes)
    return settled


class _AdjustedCloses:
    """Adjusted closes by symbol and session since one day, each symbol read once."""

    def __init__(self, store: Store, since: date) -> None:
        self._store = store
        self._since = since
        self._known: dict[Symbol, dict[date, float]] = {}

    def at(self, symbol: Symbol, session: date) -> float | None:
        if symbol not in self._known:
            self._known[symbol] = self._store.market.adjusted_closes(symbol, since=self._since)
        return self._known[symbol].get(session)


def settle_signals(desk: Desk) -> int:
    """Score every signal whose horizon has passed; returns how many."""
    count = 0
    for scored in desk.store.signals.unsettled():
        signal = scored.signal
        after = desk.store.market.adjusted_closes(signal.symbol, since=signal.session)
        if signal.session in after and (log_return := score(signal, tuple(after.values()))) is not None:
            desk.store.signals.settle(scored.id, log_return, desk.clock.now())
            count += 1
    return count
