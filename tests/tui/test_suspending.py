"""What a process that was stopped does when it is woken."""

from __future__ import annotations

import asyncio
import signal
import threading

from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

from tui.suspending import waking


class Stopped(HeadlessDriver):
    """A driver at work, and what it does with the terminal."""

    def __init__(self, app: App[None]) -> None:
        super().__init__(app)
        self._writer_thread = threading.current_thread()
        self.done: list[str] = []

    def suspend_application_mode(self) -> None:
        self.done.append("given back")

    def _sigcont_application(self, *signalled: object) -> None:
        self.done.append("taken")


async def test_who_is_woken_in_the_middle_of_a_write_takes_the_terminal_anew_after_it() -> None:
    driver = waking(Stopped)(App())
    assert isinstance(driver, Stopped)
    driver._sigcont_application(signal.SIGCONT, None)      # as the handler is called, wherever the loop's thread is
    assert driver.done == []
    await asyncio.sleep(0)
    assert driver.done == ["given back", "taken"]
