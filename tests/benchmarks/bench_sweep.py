"""Every key in every view at 150 sizes of the terminal: how often something was done, and that nothing failed.

The tests take every tenth key at each size, so that each key is pressed in each view at every width and every height;
here all of them are, which takes three quarters of an hour. An exception ends it.
"""

from __future__ import annotations

import asyncio
import time

from tests.support.bench_figures import Figures
from tests.support.sweep import HEIGHTS, WIDTHS, sweep
from tests.support.tui import make_app
from tui.keymap import VIEWS


def run(runs: int = 1) -> Figures:
    """Sweep once; of each view's keys every `runs`-th at one size."""
    started = time.perf_counter()
    done = asyncio.run(_sweep(runs))
    seconds = time.perf_counter() - started
    return {
        "sizes": len(WIDTHS) * len(HEIGHTS), "views": len(VIEWS), "keys_pressed": done, "failures": 0,
        "seconds": round(seconds, 1), "ms_per_key": round(seconds / done * 1000.0, 2),
    }


async def _sweep(share: int) -> int:
    done = 0
    for view in VIEWS:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            done += await sweep(pilot, view, share)
    return done
