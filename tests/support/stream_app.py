"""The app over a worker that streams from `$TAPECAST_STREAM_URL` and polls nothing: `stream_app FOLDER SYMBOLS`.

Watches C00-USD, C01-USD, .. on the exchange that never closes. When it ends it writes to FOLDER/messages.json when each
message of the worker came (`time.monotonic`), how many prices were in it, how many bytes long it was, and the first
symbol's price: the fake stream's rise by a cent each.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.domain.market import Instrument, Quote, Symbol
from forecasting.domain.sessions import Session, SessionTable
from forecasting.domain.watchlist import WatchGroup
from forecasting.service import wire
from forecasting.service.backend import OnStep, TickReport
from forecasting.service.build import worker_setup
from forecasting.service.client import WorkerClient
from forecasting.service.engine import Engine
from forecasting.service.pace import Cadence
from forecasting.service.places import place
from forecasting.service.watchlist import Watchlist
from tests.support.engines import without_sinks
from tui.app import TapecastApp


class CountingClient(WorkerClient):
    """Remembers the messages; their length is found out at the end."""

    def __init__(self, folder: Path) -> None:
        settings = Settings().overridden(data_dir=folder)
        where = place(settings, demo=False)
        command = (sys.executable, "-m", "tests.support.worker_stub")
        super().__init__(worker_setup(settings, where, demo=False), log_path=where.log, command=command)
        self._folder = folder
        self._messages: list[tuple[float, Any]] = []

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        return replace(super().tick(symbols, now, on_step), due=())      # no long job beside it

    def _ticked(self, plain: Any) -> None:
        self._messages.append((time.monotonic(), plain))
        super()._ticked(plain)

    def close(self) -> None:
        super().close()
        found = [
            (at, len(plain["quotes"]), len(wire.encode({"ticks": plain})), quote["price"])
            for at, plain in self._messages
            for quote in plain["quotes"]
            if quote["symbol"] == "C00-USD"
        ]
        (self._folder / "messages.json").write_text(json.dumps(found))


def names(count: int) -> tuple[Symbol, ...]:
    """Symbols that trade always."""
    return tuple(Symbol(f"C{i:02d}-USD") for i in range(count))


def fill(store: Store, symbols: Sequence[Symbol]) -> None:
    """What a poll would have left: instruments, sessions, a price each."""
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    opens = [midnight + timedelta(days=i) for i in range(-2, 40)]
    store.market.put_instruments(Instrument(s, f"Coin {s[:3]}", "24/7", "USD") for s in symbols)
    store.market.put_sessions(
        SessionTable("24/7", tuple(Session(o.date(), o, o + timedelta(days=1)) for o in opens))
    )
    store.market.put_quotes(Quote(s, 100.0, now, 99.0, "USD", "yahoo") for s in symbols)


def main() -> None:
    """Run until a person, or a benchmark, quits."""
    folder, symbols = Path(sys.argv[1]), names(int(sys.argv[2]))
    store = Store.open(folder / "app.db")
    fill(store, symbols)
    client = CountingClient(folder)
    watchlist = Watchlist((WatchGroup("Core", symbols),), lambda groups: None)
    TapecastApp(
        Engine(
            store=store, backend=client, stream=client, watchlist=watchlist, source_name="yahoo",
            cadence=Cadence(15.0, 300.0), alarms=without_sinks(store),
        )
    ).run()


if __name__ == "__main__":
    main()
