"""Asks a slow worker for one tick after the other, and prints their pids: `worker_driver FOLDER DEADLINE_S TICKS`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from forecasting.config import ModelSettings
from forecasting.domain.market import Symbol
from forecasting.errors import WorkerError
from forecasting.service.client import WorkerClient
from forecasting.service.wire import WorkerSetup


def worker_setup(folder: Path) -> WorkerSetup:
    """A setup that a stub takes no notice of."""
    return WorkerSetup("csv", folder / "s.db", folder, folder, folder, 7, 12, ModelSettings(), None, 126, 1, 5)


def main() -> None:
    """Tick, and tell."""
    folder, deadline_s, ticks = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    command = (sys.executable, "-m", "tests.support.troubled_worker")
    client = WorkerClient(worker_setup(folder), log_path=folder / "w.log", command=command, silence_tick_s=deadline_s)
    for _ in range(ticks):
        try:
            client.tick([Symbol("AAPL")], datetime.now(UTC), lambda step: None)
            print(client.pid, flush=True)  # noqa: T201
        except WorkerError as error:
            print(error.kind, flush=True)  # noqa: T201
    client.close()


if __name__ == "__main__":
    main()
