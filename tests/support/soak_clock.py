"""One machine's clock for the processes of a soak: it runs, and now and then it is moved ahead.

How far it has been moved lies in a file of eight bytes that every process maps, so that a price, the breaker that waits
and the tick that asks agree on what time it is.
"""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime
from pathlib import Path

CLOCK_FILE = "TAPECAST_SOAK_CLOCK"
"""The environment variable that names the file."""


class SoakClock:
    """A `Clock`: the machine's, moved."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("d", 0.0))
        with path.open("r+b") as file:
            self._ahead = mmap.mmap(file.fileno(), 8)

    def seconds(self) -> float:
        """Seconds since 1970."""
        return time.time() + float(struct.unpack("d", self._ahead[:])[0])

    def now(self) -> datetime:
        """The moment, aware UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def move_to(self, moment: datetime) -> None:
        """It is `moment` now."""
        self._ahead[:] = struct.pack("d", moment.timestamp() - time.time())
