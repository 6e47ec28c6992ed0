"""Waiting for what other threads and processes do, on a machine that may be busy with other things.

What must come true is waited for with patience: a wait that ends well costs no more for it. What must not take long is
held to its time as far as the machine's load lets it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 60.0
STANDSTILL_S = 2.0


def until(done: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until `done` says yes.

    Raises:
        TimeoutError: If it does not within `seconds`.
    """
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"did not come true within {seconds:g} s")
        time.sleep(0.005)


async def soon(done: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """`until`, while the event loop goes on."""
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.005)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail if what stands inside takes clearly longer than `seconds`.

    Twice as long is allowed on a quiet machine, since its load is told as a mean of the last minute, and so many times
    more as there are others waiting for each core; and a moment in which the whole machine, or its disk, stands still.
    """
    allowed = STANDSTILL_S + seconds * (2.0 + os.getloadavg()[0] / (os.cpu_count() or 1))
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < allowed, f"took {took:.2f} s, meant to take less than {seconds:g} s"
