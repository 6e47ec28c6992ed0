"""A list of 1,000 symbols: from key to the last byte painted, for scrolling, sorting and filtering.

The app runs in a pseudo-terminal over rows that nothing but keys changes. A filter is typed and taken back letter by
letter; each letter is a sample. The list of 50 beside it shows what of it is the number of rows. Goal: at most 33 ms.
"""

from __future__ import annotations

import sys

from tests.support.bench_figures import Figures, spread
from tests.support.bench_terminal import Recorder

LONGEST_S = 60.0
REST_S = 0.4                  # by then a key's frame is painted
DOWN, PAGE, BOTTOM, TOP = "j", "\x1b[6~", "\x1b[F", "\x1b[H"
SORTS = 9                     # columns, and the list's own order again
TYPED, BACKSPACE = "S00", "\x7f"
STEPS = {
    "scroll": (DOWN, PAGE, PAGE, BOTTOM, TOP),
    "sort": ("s", "S") * SORTS,
    "filter": (*TYPED, *BACKSPACE * len(TYPED)),
}


def run(runs: int = 1, symbols: int = 1_000) -> dict[str, Figures]:
    """Go through all keys `runs` times, with `symbols` rows and with 50."""
    return {f"{count} symbols": _measured(count, runs) for count in (symbols, 50)}


def _measured(count: int, runs: int) -> Figures:
    samples: dict[str, list[float]] = {name: [] for name in STEPS}
    with Recorder([sys.executable, "-m", "tests.support.many_rows_app", str(count)]) as program:
        program.wait_for(b"S0010", seconds=LONGEST_S)
        program.record(2.0)
        for _ in range(runs):
            for name, keys in STEPS.items():
                if name == "filter":
                    _painted(program, "/")
                samples[name] += [seconds for key in keys if (seconds := _painted(program, key)) is not None]
                if name == "filter":
                    _painted(program, "\x1b")
    return {key: value for name, found in samples.items() for key, value in spread(found, f"{name}_").items()}


def _painted(program: Recorder, key: str) -> float | None:
    """Seconds from the key to the last byte of what it changes; None where nothing changes."""
    before = len(program.chunks)
    pressed = program.press(key)
    program.record(REST_S)
    return program.chunks[-1].at - pressed if len(program.chunks) > before else None
