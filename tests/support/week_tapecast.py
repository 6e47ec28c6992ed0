"""`tapecast` as it is, on a machine whose clock is `$TAPECAST_SOAK_CLOCK`: front process and worker agree on the time.

Between two looks of such a machine lie hours of its time, as in a replay, so only days without one are a silence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from forecasting.domain.market import Symbol
from forecasting.service import alarms, build, engine
from forecasting.service.backend import OnStep, TickReport, Work
from forecasting.service.client import WorkerClient
from tests.support.soak_clock import CLOCK_FILE, SoakClock


class UntrainedClient(WorkerClient):
    """Never trains: that takes longer than the week."""

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        report = super().tick(symbols, now, on_step)
        return replace(report, due=tuple(work for work in report.due if work is not Work.TRAIN))


def main() -> None:
    """Run the command line's words."""
    from tui import cli

    clock = SoakClock(Path(os.environ[CLOCK_FILE]))
    worker = (sys.executable, "-m", "tests.support.soak_worker")
    setattr(engine, "WallClock", lambda: clock)  # noqa: B010
    setattr(build, "WorkerClient", partial(UntrainedClient, command=worker))  # noqa: B010
    setattr(alarms, "UNWATCHED", timedelta(days=5))  # noqa: B010
    cli.main()


if __name__ == "__main__":
    main()
