"""The store on its own: opening it filled, reading a screenful, writing a day's forecasts down, verifying the ledger.

No terminal and no worker; a median of `runs`, each append on a copy of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from forecasting.data.store import Store
from forecasting.domain.forecast import MODELS, Forecast, Origin
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.service.snapshots import SnapshotReader, Status
from tests.support.bench_figures import Figures, milliseconds
from tests.support.bench_store import Filled, fill
from tests.support.store import forecast

SYMBOLS = 50
FORECASTS = 200                      # 50 symbols, four models


def run(runs: int = 7) -> Figures:
    """Measure each `runs` times."""
    with TemporaryDirectory() as folder:
        filled = fill(Path(folder), symbols=SYMBOLS)
        opening = [_seconds(lambda: Store.open(filled.store).close()) for _ in range(runs)]
        with Store.open(filled.store) as store:
            reader, status = SnapshotReader(store), _status(filled, store)
            first_read = _seconds(lambda: reader.read(1, status))
            reading = [_seconds(lambda: reader.read(2, status)) for _ in range(runs)]
            detail = [_seconds(lambda: reader.detail(filled.symbols[0], None)) for _ in range(runs)]
        appending = [_append(filled.copied(Path(folder) / f"copy-{n}")) for n in range(runs)]
        size = filled.store.stat().st_size
    return {
        "runs": runs,
        "symbols": SYMBOLS,
        "store_mb": round(size / 1e6, 1),
        "open_ms": milliseconds(median(opening)),
        "first_snapshot_ms": milliseconds(first_read),
        "snapshot_ms": milliseconds(median(reading)),
        "detail_ms": milliseconds(median(detail)),
        f"append_{FORECASTS}_ms": milliseconds(median(seconds for seconds, _, _ in appending)),
        "verify_ms": milliseconds(median(seconds for _, seconds, _ in appending)),
        "verified_forecasts": appending[0][2],
    }


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _status(filled: Filled, store: Store) -> Status:
    source = SourceHealth("simulated", Health.OK, "ok")
    return Status(datetime.now(UTC), store.watchlist.groups(), filled.symbols, source, (), None, (), None)


def _append(filled: Filled) -> tuple[float, float, int]:
    """Seconds to append a day's forecasts durably, seconds to verify the ledger then, forecasts verified."""
    made = _forecasts(filled)
    with Store.open(filled.store) as store:
        at = max(each.issued_at for each in made) + timedelta(seconds=1)
        appending = _seconds(lambda: store.ledger.append(made, Origin.LIVE, at=at))
        began = time.perf_counter()
        verified = store.ledger.verify()
        return appending, time.perf_counter() - began, verified


def _forecasts(filled: Filled) -> list[Forecast]:
    """A later day's forecasts for every symbol, by four models."""
    day = datetime.now(UTC).date() + timedelta(days=7)
    one = forecast(session=day)
    return [replace(one, symbol=s, model=m) for s in filled.symbols for m in MODELS][:FORECASTS]
