"""Carries jobs between an event loop and the front end's threads: nothing that blocks runs on the loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from forecasting.service.facade import RunInThread


class Carrier:
    """From `begin` to `end`; outside of these nothing is carried."""

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        """`failed` hears, in its thread, what a job has raised."""
        self.ended = False
        self._failed = failed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._run_in_thread: RunInThread = lambda job: job()

    def begin(self, run_in_thread: RunInThread) -> None:
        """Carry from the running loop to such threads, and back."""
        self._loop, self._run_in_thread = asyncio.get_running_loop(), run_in_thread

    def end(self) -> None:
        """Begin no job any more, and keep to oneself what those that run come to."""
        self.ended = True

    def on_loop(self, call: Callable[[], object]) -> None:
        """Make a call on the loop; from any thread."""
        def unless_ended() -> None:
            if not self.ended:
                call()

        if self._loop is not None:
            with contextlib.suppress(RuntimeError):        # the loop has closed meanwhile: nobody is left to tell
                self._loop.call_soon_threadsafe(unless_ended)

    def in_background(self, job: Callable[[], None]) -> None:
        """Run a job in a thread; from any thread."""
        self.on_loop(lambda: self._run_in_thread(lambda: self._guarded(job)))

    async def in_thread(self, job: Callable[[], None]) -> None:
        """Run a job in a thread and wait for it without holding the loop."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def run() -> None:
            try:
                self._guarded(job)
            finally:
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(done.set)

        self._run_in_thread(run)
        try:
            await done.wait()
        except asyncio.CancelledError:
            if not self.ended:      # after the end the loop ends its tasks, and there is nothing to report
                raise

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:
            if not self.ended:
                self._failed(error)
