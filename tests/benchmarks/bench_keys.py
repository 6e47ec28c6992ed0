"""From key to repaint: `j` is pressed at random moments, and each press waits until the cursor stands a row lower.

Four places: idle (paused, nothing runs), loading (a worker starts and imports its libraries), and the demo both while
its LSTM trains and, paused, when it has. Presses do not wait for one another, so a freeze counts for every press that
falls into it. Goal: p99 while loading and training at most twice idle's, worst at most 100 ms.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from forecasting.data.demo import demo_history
from forecasting.domain.market import Symbol
from tests.support.bench_cursor import Answer, Press, answers
from tests.support.bench_figures import Figures, spread
from tests.support.bench_process import children, cpu_seconds
from tests.support.bench_store import Filled, fill
from tests.support.bench_terminal import Recorder

SYMBOLS = 50
LONGEST_S = 60.0
PAUSES_S = (0.05, 0.25)       # some above and some below the rest after which the panes are read and drawn
SETTLING_S = 0.4              # after a jump to the top
LOADING_S = 8.0
TRAINING_S = 45.0             # from first paint; the demo's first training lies inside
QUIET_S = 120.0                # longest wait for a paused demo's worker to finish what it has begun
DOWN, TOP, PAUSE = "j", "\x1b[H", "p"


def run(runs: int = 3) -> Figures:
    """Measure `runs` stretches of 8 s idle and loading, and `runs` demos from their start, each idle at its end."""
    with TemporaryDirectory() as folder:
        filled = fill(Path(folder), symbols=SYMBOLS)
        idle = [each for _ in range(runs) for each in _idle(filled)]
        loading = [each for n in range(runs) for each in _loading(filled.copied(Path(folder) / f"loading-{n}"))]
        demos = [_demo(Path(folder) / f"demo-{n}") for n in range(runs)]
    training = [each for found, _ in demos for each in found]
    demo_idle = [each for _, found in demos for each in found]
    places = {"idle": idle, "loading": loading, "training": training, "demo_idle": demo_idle}
    seconds = {name: [a.seconds for a in found if a.seconds is not None] for name, found in places.items()}
    figures: dict[str, float | int | str | None] = {}
    for name, found in places.items():
        figures |= spread(seconds[name], f"{name}_") if seconds[name] else {f"{name}_n": 0}
        figures[f"{name}_lost"] = len(found) - len(seconds[name])
    for over, under in (("loading", "idle"), ("training", "demo_idle")):
        figures[f"ratio_p99_{over}_to_{under}"] = _ratio(figures, over, under)
    return figures


def _ratio(figures: Figures, over: str, under: str) -> float | None:
    above, below = figures.get(f"{over}_p99_ms"), figures.get(f"{under}_p99_ms")
    return round(above / below, 2) if isinstance(above, float) and isinstance(below, float) else None


def _idle(filled: Filled) -> list[Answer]:
    with _painted(filled.command, filled.symbols) as program:
        program.press(PAUSE)                 # before the engine's first refresh, so no worker is ever started
        program.record(3.0)
        if children(program.pid):
            raise RuntimeError("idle: a worker was started before the pause")
        return _presses(program, filled.symbols, LOADING_S)


def _loading(filled: Filled) -> list[Answer]:
    with _painted(filled.command, filled.symbols) as program:
        return _presses(program, filled.symbols, LOADING_S)


def _demo(data_dir: Path) -> tuple[list[Answer], list[Answer]]:
    """Presses while the truth line shows training; and paused, after it has gone."""
    command = [sys.executable, "-m", "tui", "--demo", "--data-dir", str(data_dir)]
    symbols = tuple(demo_history())
    with _painted(command, symbols) as program:
        training = [a for a in _presses(program, symbols, TRAINING_S) if "train " in a.truth_line]
        program.press(PAUSE)
        _wait_until_quiet(program)
        return training, _presses(program, symbols, LOADING_S)


def _wait_until_quiet(program: Recorder) -> None:
    """Until the worker uses next to no processor time."""
    for _ in range(int(QUIET_S)):
        before = sum(map(cpu_seconds, children(program.pid)))
        program.record(1.0)
        if sum(map(cpu_seconds, children(program.pid))) - before < 0.05:
            return
    raise TimeoutError(f"the paused demo's worker was still busy after {QUIET_S:g} s")


@contextmanager
def _painted(command: Sequence[str], symbols: Sequence[Symbol]) -> Iterator[Recorder]:
    """The app, as soon as it shows the list's first symbol."""
    with Recorder(command) as program:
        program.wait_for(symbols[0].encode(), seconds=LONGEST_S)
        yield program


def _presses(program: Recorder, symbols: Sequence[Symbol], seconds: float) -> list[Answer]:
    """Go down the list again and again for so long."""
    dice = random.Random(1)
    pressed: list[Press] = []
    left = seconds
    row = len(symbols)
    while left > 0:
        if row >= len(symbols) - 1:
            program.press(TOP)
            program.record(SETTLING_S)
            left -= SETTLING_S
            row = 0
        row += 1
        pressed.append(Press(program.press(DOWN), row))
        pause = dice.uniform(*PAUSES_S)
        program.record(pause)
        left -= pause
    program.record(1.0)
    return answers(program.chunks, pressed, symbols)
