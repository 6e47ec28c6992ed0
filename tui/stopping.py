"""Stopping when told by a signal: within two seconds, and with the terminal as it was.

SIGTERM, SIGINT and SIGHUP ask the app to leave the usual way; a terminal that hangs up counts as SIGHUP, which only the
leader of its session is sent. Where the app cannot leave - the terminal takes no more output, or has gone with the SSH
connection, and the loop waits on it - a thread gives the terminal its settings back and ends the process. What was
committed to the store stays; the worker ends by itself when its standard input closes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PATIENCE_S = 1.5

# Main screen, visible cursor; no reports of mouse, focus or size, no bracketed paste, plain keys, default colours.
_OFF = b"".join(b"\x1b[?%dl" % mode for mode in (1000, 1003, 1004, 1006, 1015, 2004, 2048))
_RESTORE = b"\x1b[?1049l\x1b[?25h" + _OFF + b"\x1b[<u\x1b[0m\r\n"


@contextlib.contextmanager
def stops_on_signals(leave: Callable[[int], object], *, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """While in here a signal calls `leave` with the exit code a shell gives it, and the process ends soon after.

    Args:
        leave: Asks the app to end; called from a signal handler, so it may only leave a message for the event loop.
        patience_s: How long the app may take before the process is ended without it.
    """
    settings = _terminal_settings()
    told, left = threading.Event(), threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if not told.is_set():
            told.set()
            deadline = threading.Timer(patience_s, _end, (128 + number, settings))
            deadline.daemon = True
            deadline.start()
        leave(128 + number)

    # Not the loop's own signal handlers: those run on the loop, which may be what hangs.
    before = {number: signal.signal(number, handle) for number in SIGNALS}
    if settings is not None:
        threading.Thread(target=_tell_of_hangup, args=(left,), daemon=True, name="hangup").start()
    try:
        yield
    finally:
        left.set()
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if told.is_set() else handler)


def _tell_of_hangup(left: threading.Event) -> None:
    """Wait until the terminal hangs up. Textual would read its end of input over and over, and burn a core."""
    hangup = select.poll()
    hangup.register(sys.__stdin__.fileno(), 0)      # type: ignore[union-attr]      # its settings have been read
    hangup.poll()
    if not left.is_set():
        os.kill(os.getpid(), signal.SIGHUP)


def _terminal_settings() -> list[Any] | None:
    try:
        return termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ is not None else None
    except (OSError, ValueError, termios.error):
        return None


def _end(code: int, settings: list[Any] | None) -> None:
    if settings is not None and sys.__stdin__ is not None:
        with contextlib.suppress(OSError, ValueError, termios.error):
            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, settings)
        # A terminal that takes no output would hold us here for ever.
        farewell = threading.Thread(target=_say_farewell, daemon=True)
        farewell.start()
        farewell.join(0.2)
    os._exit(code)


def _say_farewell() -> None:
    with contextlib.suppress(OSError):
        os.write(2, _RESTORE)
