"""How many threads there are, and what they may use: numeric libraries one of them, all of them one pool of memory."""

from __future__ import annotations

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Environment to set before numpy or torch is first imported.

On busy cores BLAS threads wait for each other: HAR-t's fit took 0.4 s with one and 2.5 s with two. And sums that are
always added in the same order give the same bytes.
"""

THREADS = 12
"""Of a screen's process: a refresh, three kinds of long work and some questions may wait for the worker at once."""

_M_ARENA_MAX = -8      # glibc's malloc.h


def full_pool(threads: int = THREADS) -> ThreadPoolExecutor:
    """A pool whose threads all run from the beginning.

    Others start a thread when none is idle, which may be for the first time after days. Twelve cost 3 ms and 240 KB.
    """
    one_arena()      # before they ask for memory
    pool, all_run = ThreadPoolExecutor(threads), Barrier(threads)
    for _ in range(threads):
        pool.submit(all_run.wait)
    return pool


def one_arena() -> None:
    """Let all threads share one pool of memory: glibc's own pool for each keeps what a busy hour once needed.

    Over a simulated week of the screen's process with 50 symbols: 102 to 110 MB, and 109 to 121 MB without; with
    `give_back` 92 to 99 MB. Other C libraries have no such pools.
    """
    _malloc("mallopt", _M_ARENA_MAX, 1)


def give_back() -> None:
    """Hand memory that is free back to the system, where the C library does not by itself."""
    _malloc("malloc_trim", 0)


def _malloc(function: str, *args: int) -> None:
    if sys.platform == "linux":
        import ctypes  # 5 ms that the first paint need not wait for

        with contextlib.suppress(AttributeError, OSError):      # another C library
            getattr(ctypes.CDLL(None), function)(*args)
