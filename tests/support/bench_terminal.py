"""A program in a pseudo-terminal, with the moment of every byte it writes: for measuring, not for looking.

While a program runs, bytes are only taken and stamped; what they painted is worked out afterwards (`bench_cursor`), so
that the measuring costs the measured program next to nothing.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple

from tests.support.bench_process import children
from tests.support.terminal import Terminal

COLUMNS, ROWS = 120, 35


class Chunk(NamedTuple):
    """What arrived in one piece, and when (`time.perf_counter`)."""

    at: float
    data: bytes


class Recorder:
    """Runs `command` in a 120x35 terminal and keeps what it writes in `chunks`."""

    def __init__(self, command: Sequence[str]) -> None:
        self.started = time.perf_counter()
        self._terminal = Terminal(command, columns=COLUMNS, rows=ROWS)
        self.pid = self._terminal.process.pid
        self.chunks: list[Chunk] = []

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def press(self, keys: str) -> float:
        """Press keys; the moment just before."""
        at = time.perf_counter()
        self._terminal.type(keys)
        return at

    def record(self, seconds: float) -> None:
        """Keep what arrives for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._take(left)

    def wait_for(self, wanted: bytes, *, seconds: float) -> float:
        """The moment `wanted` had arrived in full, counted from the program's start; TimeoutError if it does not."""
        end = time.perf_counter() + seconds
        seen = b""
        while wanted not in seen:
            left = end - time.perf_counter()
            if left <= 0:
                raise TimeoutError(f"{wanted!r} did not come within {seconds:g} s; last came {seen[-500:]!r}")
            if self._take(left):
                seen += self.chunks[-1].data
        return self.chunks[-1].at - self.started

    def close(self) -> None:
        """End the program and its children: a worker that is left to end by itself would slow the next run down."""
        workers = children(self.pid)
        self._terminal.close()
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _take(self, seconds: float) -> bool:
        """Take one piece if it arrives within `seconds`."""
        ready, _, _ = select.select([self._terminal.master], [], [], seconds)
        if not ready:
            return False
        data = os.read(self._terminal.master, 65536)
        self.chunks.append(Chunk(time.perf_counter(), data))
        return True
