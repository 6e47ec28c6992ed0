"""What it costs to say how good past forecasts were: seconds in the worker, and bytes to the screen.

A ledger of one model and the baseline, a year of sessions, one horizon settled; of all symbols and of one.
"""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from forecasting.data.store import Store
from forecasting.domain.forecast import BASELINE, Origin
from forecasting.domain.market import Symbol
from forecasting.service import wire
from forecasting.service.accuracy import Accuracy, AskAccuracy
from forecasting.service.scoring import accuracy
from tests.support.store import MONDAY, close_of, forecast, outcome, weekdays

SESSIONS = 252


def run(runs: int = 3, symbols: int = 20) -> dict[str, Any]:
    """Seconds to answer, to pack and to unpack, and the answer's size; of each the fastest of `runs`."""
    names = tuple(Symbol(f"S{i:03}") for i in range(symbols))
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "store.db") as store:
        for session in islice(weekdays(MONDAY), SESSIONS):
            made = [forecast(s, model, session) for s in names for model in ("har-t", BASELINE)]
            entries = store.ledger.append(made, Origin.BACKFILL, at=close_of(session) + timedelta(minutes=6))
            store.ledger.settle([outcome(e, 1, 0.01 * (hash((session, e.id)) % 7 - 3)) for e in entries])
        return {
            "rows": 2 * symbols * SESSIONS,
            "all symbols": _fastest(store, AskAccuracy(names, None, 1, Origin.BACKFILL), runs),
            "one symbol": _fastest(store, AskAccuracy(names, names[0], 1, Origin.BACKFILL), runs),
        }


def _fastest(store: Store, question: AskAccuracy, runs: int) -> dict[str, float]:
    found = [_measured(store, question) for _ in range(runs)]
    return {name: min(one[name] for one in found) for name in found[0]}


def _measured(store: Store, question: AskAccuracy) -> dict[str, float]:
    began = time.perf_counter()
    found = accuracy(store.ledger, question, lambda step: None)
    answered = time.perf_counter()
    line = wire.encode(wire.pack(found))
    packed = time.perf_counter()
    wire.unpack(Accuracy, wire.decode(line))
    return {
        "answer_s": round(answered - began, 3), "pack_s": round(packed - answered, 3),
        "unpack_s": round(time.perf_counter() - packed, 3), "bytes": len(line),
    }
