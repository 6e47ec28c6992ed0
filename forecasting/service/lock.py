"""One engine at a time: whoever holds the lock beside the store polls, forecasts and fires alerts; others look on.

The lock is the operating system's (flock): it goes with its process, however that ends, so it is never left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path
from typing import IO

from forecasting.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock."""

    pid: int
    kind: str      # "app" or "daemon"


class EngineLock:
    """The lock on one file."""

    def __init__(self, path: Path, kind: str) -> None:
        """`path` is a file for this alone; `kind` is told to those who come later."""
        self.path = path
        self._kind = kind
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; whether it is ours now.

        In a folder where nothing can be written there is nothing to guard, and everybody has it.
        """
        if self._file is not None:
            return True
        try:
            file = open(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
        except OSError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        with contextlib.suppress(OSError):      # a full disk: the lock holds all the same
            file.seek(0)
            file.truncate()
            json.dump({"pid": os.getpid(), "kind": self._kind}, file)
            file.flush()
        self._file = file
        return True

    def holder(self) -> Holder | None:
        """Who wrote itself down last; only worth something while `acquire` fails."""
        try:
            told = json.loads(self.path.read_text())
            return Holder(int(told["pid"]), str(told["kind"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def release(self) -> None:
        """Let go; safe to call twice."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):      # what a full disk did not take
                file.close()
