"""A program in a real pseudo-terminal, and the screen a person would see there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


class Terminal:
    """Runs `command` in a pseudo-terminal of `columns` x `rows`."""

    def __init__(
        self, command: Sequence[str], *, columns: int, rows: int, env: Mapping[str, str] | None = None,
        controlling: bool = False,
    ) -> None:
        """Start it; with `controlling` the terminal is the session's own, as a shell needs it that stops its jobs."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = bytearray()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.settings_before = termios.tcgetattr(slave)
        self._slave = slave
        if controlling:      # the first terminal that the leader of a session opens is the session's own
            command = ["sh", "-c", 'exec "$@" <"$0"', os.ttyname(slave), *command]
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
        )

    def settings(self) -> list[object]:
        """The terminal's settings now, as `termios` gives them."""
        return list(termios.tcgetattr(self._slave))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def lines(self) -> list[str]:
        """The screen's lines."""
        return list(self._screen.display)

    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines())

    def read_until(self, done: Callable[[], bool], *, seconds: float = PATIENCE_S) -> None:
        """Take what the program writes until `done`; TimeoutError, with the screen, if that takes longer."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds:g} s; the screen:\n{self.text()}")
            ready, _, _ = select.select([self.master], [], [], 0.1)
            if ready:
                with contextlib.suppress(OSError):       # the program has closed its end
                    data = os.read(self.master, 65536)
                    self.raw += data
                    self._stream.feed(data)

    def wait(self, seconds: float = PATIENCE_S) -> int:
        """Wait for the program's end; its exit code."""
        self.read_until(lambda: self.process.poll() is not None, seconds=seconds)
        return self.process.wait()

    def close(self) -> None:
        """End whatever still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        os.close(self._slave)


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid` (Linux)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.parent.name))
    return found
