"""The worker as it is, on a machine whose clock is `$TAPECAST_SOAK_CLOCK`."""

from __future__ import annotations

import os
from pathlib import Path

from forecasting.data.sources import yahoo
from forecasting.service import worker
from tests.support.soak_clock import CLOCK_FILE, SoakClock


def main() -> None:
    """Serve as `forecasting.service.worker` does."""
    clock = SoakClock(Path(os.environ[CLOCK_FILE]))
    # By the machine's clock Yahoo's source keeps its pauses and tells what lies ahead.
    setattr(yahoo, "WallClock", lambda: clock)  # noqa: B010
    worker.main()


if __name__ == "__main__":
    main()
