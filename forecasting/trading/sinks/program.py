"""Runs a program for a sink: fed and left alone, for a limited time, its output read to a limited length."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from forecasting.data.text import clean_text
from forecasting.errors import DeliveryError

_HEAD_BYTES = 4096
_LOOK_S = 0.05      # how often is looked whether a program has ended that left its output to a child


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended by itself."""

    code: int          # negative: by that signal
    output: bytes      # the first of what it wrote


class Program:
    """One program at a time, in a process group of its own."""

    def __init__(self, timeout_s: float, name: str | None = None) -> None:
        """`name` is what errors call it, where that is not its own."""
        self._timeout_s, self._name = timeout_s, name
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = False

    def run(self, words: Sequence[str], fed: bytes) -> Ended:
        """Run `words` without a shell; what they left behind in the background goes on.

        Args:
            words: The program, found on PATH or below ~/, and its arguments.
            fed: Its standard input.

        Raises:
            DeliveryError: If it cannot be started, or was killed with its group because its time was over.
        """
        name = self._name or clean_text(PurePath(words[0]).name, limit=40)
        with tempfile.TemporaryFile() as stdin:      # a file, since who fills a pipe waits for the reader
            stdin.write(fed)
            stdin.seek(0)
            try:
                process = self._start([os.path.expanduser(words[0]), *words[1:]], stdin.fileno())
            except OSError as error:
                raise DeliveryError(f"{name} cannot be started ({error.strerror}); correct its name") from error
        try:
            head = self._head(process)
        finally:
            self._end(process)
        if head is None:
            raise DeliveryError(f"{name} was still running after {self._timeout_s:g} s and was killed", again=True)
        return Ended(process.returncode, head)

    def close(self) -> None:
        """Kill what runs, and start nothing more."""
        with self._lock:
            self._closed = True
            if self._running is not None:
                _kill(self._running)

    def _start(self, words: Sequence[str], stdin: int) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise DeliveryError("tapecast stops", again=True)
            self._running = subprocess.Popen(
                words, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
            )
            return self._running

    def _head(self, process: subprocess.Popen[bytes]) -> bytes | None:
        """The first of what it writes until it ends; None if its time is over before."""
        assert process.stdout is not None
        end, head = time.monotonic() + self._timeout_s, b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while process.poll() is None:
                if (left := end - time.monotonic()) <= 0.0:
                    return None
                if selector.select(min(left, _LOOK_S)):
                    if not (data := os.read(process.stdout.fileno(), 65536)):
                        return _or_late(process, left, head)
                    head = (head + data)[:_HEAD_BYTES]
            while selector.select(0) and (data := os.read(process.stdout.fileno(), _HEAD_BYTES)):
                if len(head := (head + data)[:_HEAD_BYTES]) == _HEAD_BYTES:
                    break
        return head

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._running = None
            _kill(process)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _or_late(process: subprocess.Popen[bytes], left: float, head: bytes) -> bytes | None:
    """A program that has closed its output and goes on."""
    try:
        process.wait(left)
    except subprocess.TimeoutExpired:
        return None
    return head


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:      # one that has ended has given its number back
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
