"""What the screen's process costs: memory, bytes to the terminal per tick, processor time while paused.

A replay of 50 tickers, one tick a second, in which every price moves: the most a tick can change. Goals: at most
120 MB, 4 KB a tick, about no processor time while paused. Linux only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from tests.support.bench_cursor import Screen
from tests.support.bench_figures import Figures, percentile
from tests.support.bench_process import cpu_seconds, resident_mb
from tests.support.bench_store import write_csv
from tests.support.bench_terminal import Chunk, Recorder

SYMBOLS = 50
FIRST_SESSION = "2024-06-03"
SECONDS_PER_SESSION = 8.0            # eight ticks in a session
LONGEST_S = 120.0
RUNNING_S = 20.0
PAUSED_S = 10.0
DATA_TIME = re.compile(r"data (\d\S+)")


def run(runs: int = 1) -> Figures:
    """Watch `runs` times 20 s of ticks, and one pause."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        symbols = write_csv(folder, symbols=SYMBOLS)
        config = folder / "config.toml"
        config.write_text(f"[refresh]\nreplay_seconds_per_session = {SECONDS_PER_SESSION}\n")
        command = [
            sys.executable, "-m", "tui", "--source", "replay", "--csv-dir", str(folder), "--config", str(config),
            "--data-dir", str(folder / "data"), "--replay-from", FIRST_SESSION,
        ]
        with Recorder(command) as program:
            program.wait_for(symbols[0].encode(), seconds=LONGEST_S)
            cpu_before = cpu_seconds(program.pid)
            program.record(runs * RUNNING_S)
            memory, running = resident_mb(program.pid), cpu_seconds(program.pid) - cpu_before
            program.press("p")
            program.record(3.0)
            cpu_before, chunks = cpu_seconds(program.pid), len(program.chunks)
            program.record(PAUSED_S)
            paused = cpu_seconds(program.pid) - cpu_before
            silent = sum(len(chunk.data) for chunk in program.chunks[chunks:])
    ticks = bytes_per_tick(program.chunks[:chunks])
    return {
        "symbols": SYMBOLS,
        "resident_mb": round(memory, 1),
        "ticks": len(ticks),
        "bytes_per_tick_p50": int(percentile(ticks, 0.5)) if ticks else None,
        "bytes_per_tick_mean": round(mean(ticks)) if ticks else None,
        "bytes_per_tick_max": max(ticks, default=None),
        "cpu_percent_ticking": round(100 * running / (runs * RUNNING_S), 1),
        "cpu_percent_paused": round(100 * paused / PAUSED_S, 1),
        "bytes_paused": silent,
    }


def bytes_per_tick(chunks: Sequence[Chunk]) -> list[int]:
    """Bytes from one change of the truth line's data time to the next; the first stretch, with the paint, left out."""
    screen = Screen(())
    shown: str | None = None
    found: list[int] = []
    count = 0
    for chunk in chunks:
        screen.feed(chunk.data)
        count += len(chunk.data)
        match = DATA_TIME.search(screen.line(0))
        now = match[1] if match else None
        if now != shown:
            found.append(count)
            shown, count = now, 0
    return found[2:]
