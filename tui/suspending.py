"""Back to the shell at ^z, and here again at its `fg`; also where a signal stops the process, and another wakes it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from types import FrameType

from textual.driver import Driver

MOMENT_S = 0.05
"""For Python to take note of a signal that has come."""


def stop_until_woken() -> bool:
    """Stop this process, and what it was started by as `uv run` or a script, until the shell wakes them.

    The terminal has to be the shell's again by now. A process group nobody could wake, as of `ssh -t host tapecast`, is
    not stopped: the kernel sees to that, and of the signals to stop it does so with this one alone.

    Returns:
        Whether it was stopped.
    """
    woken: list[int] = []

    def wake(number: int, frame: FrameType | None) -> None:
        woken.append(number)

    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL), signal.signal(signal.SIGCONT, wake)
    try:
        os.killpg(0, signal.SIGTSTP)
        time.sleep(MOMENT_S)
    finally:
        signal.signal(signal.SIGTSTP, before[0])
        signal.signal(signal.SIGCONT, before[1])
    return bool(woken)


def waking(driver: type[Driver]) -> type[Driver]:
    """The driver, taking the terminal anew when it is woken from a stop it was not told of (SIGSTOP).

    Textual would read keys in a second thread then, and end with the terminal as the app has it.
    """
    if not hasattr(driver, "_sigcont_application"):
        return driver

    def take_anew(self: Driver, *signalled: object) -> None:
        writer = getattr(self, "_writer_thread", None)
        if self._auto_restart and writer is not None and writer.is_alive():
            self.suspend_application_mode()
            self._must_signal_resume = True      # type: ignore[attr-defined]
        driver._sigcont_application(self, *signalled)

    def woken(self: Driver, *signalled: object) -> None:
        # The signal may come in the middle of a write, whose lock a handler that writes would wait for without end.
        with contextlib.suppress(RuntimeError):      # the loop has closed: the app has left
            self._loop.call_soon_threadsafe(take_anew, self, *signalled)

    return type(driver.__name__, (driver,), {"_sigcont_application": woken})
