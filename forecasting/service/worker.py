"""The worker process: owns pandas, TA-Lib, torch and yfinance, and works for one front process.

Four lanes, so that training never delays quotes or live forecasts, nor either of them a person's question: ticks run
on the fast one; questions on one that gives way to ticks; those that take minutes beside them; long jobs on the slow
one, which gives way to everything. The process ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import BinaryIO, Generic, Protocol, TypeVar

from forecasting.domain.market import Symbol
from forecasting.errors import QuestionWithdrawn
from forecasting.service import wire
from forecasting.service.backend import Backend, OnStep, OnTicks, Ticks

log = logging.getLogger("forecasting.worker")

NICE_PROCESS = 5        # the screen goes first
NICE_SLOW_LANE = 10     # on top: ticks go before training
NICE_QUESTIONS = 2      # on top: after ticks; well before training, since a person waits
NICE_STUDIES = 4        # on top: after the questions that are answered in a second
NICE_GROUP = 5          # more, and a busy server would starve the training


B = TypeVar("B", bound=Backend)


class Stream(Protocol):
    """Sends prices unasked; see `forecasting.service.streaming`."""

    def watch(self, symbols: Collection[Symbol]) -> None:
        """Send prices of just these from now on; returns at once."""
        ...


def no_answer(backend: Backend, asked: wire.AskArgs, on_step: OnStep) -> object:
    """Refuse every question."""
    raise ValueError(f"nobody here answers {asked.name}")


class Worker(Generic[B]):
    """Reads requests, runs each on its lane, writes answers; a stream writes unasked."""

    def __init__(
        self,
        requests: BinaryIO,
        answers: BinaryIO,
        build: Callable[[wire.WorkerSetup], B],
        open_stream: Callable[[B, OnTicks], Stream | None] = lambda backend, on_ticks: None,
        answer: Callable[[B, wire.AskArgs, OnStep], object] = no_answer,
    ) -> None:
        self._requests = requests
        self._answers = answers
        self._build = build
        self._open_stream = open_stream
        self._answer_question = answer
        self._stream: Stream | None = None
        self._write_lock = threading.Lock()
        self._taken_back: dict[int, threading.Event] = {}      # of each request that has no answer yet
        self._slow = ThreadPoolExecutor(1, "slow", initializer=partial(_give_way, NICE_SLOW_LANE))
        self._lanes = {
            "tick": ThreadPoolExecutor(1, "fast"),
            "ask": ThreadPoolExecutor(1, "questions", initializer=partial(_give_way, NICE_QUESTIONS)),
            "study": ThreadPoolExecutor(1, "studies", initializer=partial(_give_way, NICE_STUDIES)),
        }

    def serve(self) -> None:
        """Work until the requests end."""
        setup: wire.WorkerSetup | None = None
        backend: B | None = None
        for line in self._requests:
            frame = wire.decode(line)
            number, call, args = frame["id"], frame["call"], frame["args"]
            if call == "setup":
                setup = wire.unpack(wire.WorkerSetup, args)
                continue
            if call == "withdraw":
                self._take_back(number)
                continue
            if backend is None:
                assert setup is not None, "the first frame is the setup"
                try:
                    backend = self._build(setup)
                except Exception as error:      # tried again with the next request
                    log.exception("the backend could not be opened")
                    self._answer(wire.error_frame(number, error))
                    continue
            if call == "stream":
                self._watch(backend, wire.unpack(wire.StreamArgs, args).symbols)
            else:
                self._submit(backend, number, call, args)

    def _watch(self, backend: B, symbols: Collection[Symbol]) -> None:
        """Not on a lane: a pause must not wait for a slow tick."""
        try:
            if self._stream is None:
                self._stream = self._open_stream(backend, self._send_ticks)
            if self._stream is not None:
                self._stream.watch(symbols)
        except Exception:       # polling goes on without
            log.exception("the stream could not be opened")

    def _send_ticks(self, ticks: Ticks) -> None:
        self._answer({"ticks": wire.pack(ticks)})

    def _take_back(self, number: int) -> None:
        if (taken_back := self._taken_back.get(number)) is not None:
            taken_back.set()

    def _submit(self, backend: B, number: int, call: str, args: dict[str, object]) -> None:
        taken_back = self._taken_back[number] = threading.Event()

        def go_on() -> None:
            if taken_back.is_set():
                raise QuestionWithdrawn(f"{call}: taken back")

        def on_step(step: object) -> None:
            go_on()
            self._answer({"id": number, "step": wire.pack(step)})

        def run() -> None:
            try:
                go_on()
                self._answer({"id": number, "value": wire.pack(self._perform(backend, call, args, on_step))})
            except QuestionWithdrawn as error:
                self._answer(wire.error_frame(number, error))
            except Exception as error:
                log.exception("%s failed", call)
                self._answer(wire.error_frame(number, error))
            finally:
                del self._taken_back[number]

        self._lanes.get(call, self._slow).submit(run)

    def _perform(self, backend: B, call: str, args: dict[str, object], on_step: OnStep) -> object:
        match call:
            case "tick":
                tick = wire.unpack(wire.TickArgs, args)
                return backend.tick(tick.symbols, tick.now, on_step)
            case "work":
                job = wire.unpack(wire.WorkArgs, args)
                return backend.work(job.work, job.symbols, job.now, on_step)
            case "ask" | "study":
                return self._answer_question(backend, wire.unpack(wire.AskArgs, args), on_step)
            case _:
                raise ValueError(f"unknown call {call!r}")

    def _answer(self, frame: dict[str, object]) -> None:
        with self._write_lock:
            self._answers.write(wire.encode(frame))
            self._answers.flush()


def _give_way_as_a_whole() -> None:
    """Let the screen's process go first."""
    os.nice(NICE_PROCESS)
    # Linux groups processes by session for scheduling, and niceness then counts inside a group only: the group, which
    # is this process's own, has to give way as well.
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:
        group.write(str(NICE_GROUP))


def _give_way(niceness: int) -> None:
    # Linux schedules threads on their own: a niceness of one thread is not the process's.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE_PROCESS + niceness)


def main() -> None:
    """Serve on standard input and output until input ends."""
    os.umask(0o077)
    _give_way_as_a_whole()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Libraries print; the answers' pipe must not hear it.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from forecasting.service.local import open_local
    from forecasting.service.questions import answer
    from forecasting.service.streaming import open_stream

    try:
        Worker(sys.stdin.buffer, answers, open_local, open_stream, answer).serve()
    finally:
        # Lanes may be in the middle of a long fit; nobody waits for it any more, and every write is a transaction.
        os._exit(0)


if __name__ == "__main__":
    main()
