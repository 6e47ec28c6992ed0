"""What a busy stream costs: 50 symbols with 20 prices a second each, through worker, pipe and screen.

The prices come from a fake Yahoo in a process of its own. Goals: at most 4 messages a second to the screen's process,
and little processor time in both. Linux only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.bench_figures import Figures
from tests.support.bench_process import children, cpu_seconds, resident_mb
from tests.support.bench_terminal import Recorder

SYMBOLS = 50
PRICES_PER_S = 20.0
SECONDS = 10.0
LONGEST_S = 60.0


def run(runs: int = 1) -> Figures:
    """Stream for `runs` times 10 s."""
    with TemporaryDirectory() as name, fake_stream(1.0 / PRICES_PER_S) as url:
        folder, seconds = Path(name), runs * SECONDS
        os.environ["TAPECAST_STREAM_URL"] = url
        try:
            program = Recorder([sys.executable, "-m", "tests.support.stream_app", str(folder), str(SYMBOLS)])
        finally:
            del os.environ["TAPECAST_STREAM_URL"]
        with program:
            program.wait_for(b"100.2", seconds=LONGEST_S)        # prices stream in, from 100.01 up
            program.record(2.0)
            worker, = children(program.pid)
            front_before, worker_before = cpu_seconds(program.pid), cpu_seconds(worker)
            began, chunks = time.monotonic(), len(program.chunks)
            program.record(seconds)
            ended = time.monotonic()
            front, far = cpu_seconds(program.pid) - front_before, cpu_seconds(worker) - worker_before
            memory = resident_mb(program.pid)
            painted = sum(len(chunk.data) for chunk in program.chunks[chunks:])
            program.press("q")
            program.record(2.0)
        messages = [m for m in json.loads((folder / "messages.json").read_text()) if began <= m[0] < ended]
    passed = ended - began
    return {
        "symbols": SYMBOLS,
        "prices_per_s": round(SYMBOLS * (messages[-1][3] - messages[0][3]) * 100 / (messages[-1][0] - messages[0][0])),
        "messages_per_s": round(len(messages) / passed, 2),
        "prices_per_message": round(sum(m[1] for m in messages) / len(messages), 1),
        "bytes_per_message": round(sum(m[2] for m in messages) / len(messages)),
        "pipe_bytes_per_s": round(sum(m[2] for m in messages) / passed),
        "worker_cpu_percent": round(100 * far / passed, 1),
        "front_cpu_percent": round(100 * front / passed, 1),
        "front_resident_mb": round(memory, 1),
        "terminal_bytes_per_s": round(painted / passed),
    }


@contextmanager
def fake_stream(every_s: float) -> Iterator[str]:
    """A fake Yahoo in another process; its URL."""
    command = [sys.executable, "-m", "tests.support.fake_stream", str(every_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()        # its sign to end
