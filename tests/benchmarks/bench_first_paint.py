"""Time from a process's start to its first painted frame: the app on a filled store, beside a bare Textual app.

Both run in a real pseudo-terminal, in turn; the clock stops when the last row's symbol that the app has room for has
arrived. Goal: at most 1.3 times the bare app.
"""

from __future__ import annotations

import compileall
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.support.bench_cursor import Screen
from tests.support.bench_figures import Figures, milliseconds
from tests.support.bench_store import Filled, fill
from tests.support.bench_terminal import Recorder

SYMBOLS = 50
LONGEST_S = 30.0


def run(runs: int = 7) -> Figures:
    """Measure `runs` pairs."""
    for package in ("forecasting", "tui", "tests"):
        compileall.compile_dir(package, quiet=2)      # as where it is installed
    with TemporaryDirectory() as folder:
        filled = fill(Path(folder), symbols=SYMBOLS)
        bare = [sys.executable, "-m", "tests.benchmarks.bare_app", str(SYMBOLS)]
        last = last_visible(filled)
        first_paint(bare, last)                   # both have had their files read by now
        pairs = [(first_paint(bare, last), first_paint(filled.command, last)) for _ in range(runs)]
    return {
        "runs": runs,
        "bare_ms": milliseconds(median(bare_s for bare_s, _ in pairs)),
        "app_ms": milliseconds(median(app_s for _, app_s in pairs)),
        "ratio_app_to_bare": round(median(app_s / bare_s for bare_s, app_s in pairs), 3),
    }


def first_paint(command: Sequence[str], cell: bytes) -> float:
    """Seconds from start until `cell` had come."""
    with Recorder(command) as program:
        return program.wait_for(cell, seconds=LONGEST_S)


def last_visible(filled: Filled) -> bytes:
    """The symbol in the table's last row on screen."""
    with Recorder(filled.command) as program:
        program.wait_for(filled.symbols[0].encode(), seconds=LONGEST_S)
        program.record(0.5)
        screen = Screen(filled.symbols)
        for chunk in program.chunks:
            screen.feed(chunk.data)
    return max(screen.rows().values()).encode()
