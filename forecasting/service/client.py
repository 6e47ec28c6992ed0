"""The worker process as the front sees it: a `Backend` whose work is done by a child.

Every call blocks its (front-end) thread until the child answers; steps arrive meanwhile. A child that ends, or says
nothing for longer than a call allows, is killed and the call raises; the next call starts a new child, not sooner than
a growing back-off allows. A question that is taken back, or whose deadline passes, raises too and leaves the child
alone. Lines that are no frames are logged and passed over. The child leads a session of its own, so
that Ctrl-C at the terminal is the screen's alone, and ends by itself when its standard input closes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.errors import QuestionWithdrawn, TapecastError, WorkerCrashed, WorkerError, WorkerTimeout
from forecasting.service import wire
from forecasting.service.backend import TICK, OnStep, OnTicks, Step, TickReport, Ticks, Work, WorkReport
from forecasting.service.threads import ONE_THREAD

if TYPE_CHECKING:
    from forecasting.service.questions import Entry

log = logging.getLogger(__name__)
T = TypeVar("T")
Answers = queue.SimpleQueue[dict[str, Any] | None]
"""What a child says about one call; None: it has ended."""

SILENCE_TICK_S = 60.0    # a guarded source request is capped at 8 s; six silent ones in a row are a hang
SILENCE_ASK_S = 120.0    # questions say a step every second or two
SILENCE_WORK_S = 180.0   # an epoch or a walk-forward fit on a big watchlist, on a slow machine
BACKOFF_S = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)
ASLEEP_S = 1.0           # a wait that lasts so much longer than it should: this process stood still, and the child too
MUTE_GRACE_S = 1.0       # between the end of what a child says and its own


class _Child:
    """One running worker process and the calls it still owes an answer."""

    def __init__(
        self, command: Sequence[str], setup: wire.WorkerSetup, stderr: IO[bytes], on_ticks: Callable[[Any], None]
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            env={**os.environ, **ONE_THREAD},
        )
        self._waiting: dict[int, tuple[str, Answers]] = {}
        self._heard: dict[str, float] = {}     # per kind of call: when the child last said something
        self._lock = threading.Lock()
        self._number = 0
        self._on_ticks = on_ticks
        self.send({"id": 0, "call": "setup", "args": wire.pack(setup)})
        self._reader = threading.Thread(target=self._read, name="worker-reader", daemon=True)
        self._reader.start()

    def send(self, frame: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        with self._lock:
            self.process.stdin.write(wire.encode(frame))
            self.process.stdin.flush()

    def ask(self, call: str, args: object) -> tuple[int, Answers]:
        with self._lock:
            self._number += 1
            number = self._number
            answers: Answers = queue.SimpleQueue()
            self._waiting[number] = call, answers
            if self.process.poll() is not None:
                answers.put(None)
        with contextlib.suppress(OSError):      # a broken pipe: the reader has seen the end and says so
            self.send({"id": number, "call": call, "args": wire.pack(args)})
        return number, answers

    def take_back(self, number: int, error: TapecastError) -> None:
        """Have a call end with `error` here, and soon over there."""
        with self._lock:
            _, answers = self._waiting.get(number, ("", None))
        if answers is not None:
            answers.put(wire.error_frame(number, error))
            self.withdraw(number)

    def withdraw(self, number: int) -> None:
        """Have a call end over there, with its next step."""
        with contextlib.suppress(OSError, ValueError):      # it has ended, or its pipe was closed
            self.send({"id": number, "call": "withdraw", "args": {}})

    def forget(self, number: int) -> None:
        with self._lock:
            self._waiting.pop(number, None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                self._take(wire.decode(line))
            except (ValueError, TypeError, RecursionError):
                log.warning("unreadable line from the worker: %r", line[:200])
        try:
            self.process.wait(MUTE_GRACE_S)
        except subprocess.TimeoutExpired:       # it runs, and can say nothing any more
            self.process.kill()
            self.process.wait()
        with self._lock:
            for _, waiting in self._waiting.values():
                waiting.put(None)

    def _take(self, frame: dict[str, Any]) -> None:
        if "ticks" in frame:
            self._on_ticks(frame["ticks"])
            return
        with self._lock:
            call, answers = self._waiting.get(frame.get("id", -1), ("", None))
            self._heard[call] = time.monotonic()
        if answers is not None:
            answers.put(frame)

    def silent_for(self, call: str, since: float) -> float:
        """Seconds since the child said anything about calls of this kind, or since `since` if that is later.

        Long jobs wait for each other over there: one that waits is silent, and its lane is not.
        """
        with self._lock:
            return time.monotonic() - max(self._heard.get(call, 0.0), since)

    def end(self, grace_s: float) -> None:
        """Close its input, wait up to `grace_s`, then kill; without grace at once, since a full pipe does not close."""
        if not grace_s:
            self.process.kill()
        with contextlib.suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        try:
            self.process.wait(grace_s or None)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(1.0)
        assert self.process.stdout is not None
        self.process.stdout.close()


class WorkerClient:
    """A `Backend` that runs in a child process. Thread-safe; nothing is started before the first call."""

    def __init__(
        self,
        setup: wire.WorkerSetup,
        *,
        log_path: Path,
        command: Sequence[str] = (sys.executable, "-m", "forecasting.service.worker"),
        silence_tick_s: float = SILENCE_TICK_S,
        silence_work_s: float = SILENCE_WORK_S,
        silence_ask_s: float = SILENCE_ASK_S,
        questions: Sequence[Entry] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._setup = setup
        self._log_path = log_path
        self._command = command
        self._silence_tick_s = silence_tick_s
        self._silence_work_s = silence_work_s
        self._silence_ask_s = silence_ask_s
        self._questions = questions
        self._asked: dict[str, tuple[_Child, int]] = {}      # by topic, the question that waits
        self._jobs: dict[str, tuple[_Child, int]] = {}       # that run or wait for each other
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._on_ticks: OnTicks = lambda ticks: None
        self._closed = False
        self._failures = 0
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while none runs."""
        child = self._child
        return child.process.pid if child is not None and child.process.poll() is None else None

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        """See `Backend.tick`. Raises WorkerCrashed or WorkerTimeout beside what the far side raises."""
        args = wire.TickArgs(tuple(symbols), now)
        report = self._do(TICK, "tick", args, on_step, self._silence_tick_s)
        return self._read(TickReport, report, "tick")

    def work(self, work: Work, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> WorkReport:
        """See `Backend.work`. Raises WorkerCrashed or WorkerTimeout beside what the far side raises."""
        args = wire.WorkArgs(work, tuple(symbols), now)
        report = self._do(work, "work", args, on_step, self._silence_work_s)
        return self._read(WorkReport, report, work.value)

    def cancel(self, job: str) -> None:
        """See `Canceller.cancel`. The job has stopped when its call raises, and not before."""
        with self._lock:
            child, number = self._jobs.get(job, (None, 0))
        if child is not None:
            child.withdraw(number)

    def ask(self, question: Question[T], now: datetime, on_step: OnStep) -> T:
        """See `Inquirer.ask`. Raises WorkerCrashed or WorkerTimeout beside what the far side raises."""
        entry = self._entry(type(question))
        child = self._running()
        call = "study" if entry.long else "ask"
        number, answers = child.ask(call, wire.AskArgs(entry.name, wire.pack(question), now))
        late = WorkerTimeout(f"{entry.name}: no answer within {entry.deadline_s:g} s; ask again, or ask for less")
        deadline = threading.Timer(entry.deadline_s, child.take_back, (number, late))
        deadline.daemon = True
        with self._lock:
            former, self._asked[entry.name] = self._asked.get(entry.name), (child, number)
        if former is not None:
            former[0].take_back(former[1], QuestionWithdrawn(f"{entry.name}: a newer question has taken its place"))
        try:
            deadline.start()
            plain = self._hear(child, call, number, answers, on_step, self._silence_ask_s)
        finally:
            deadline.cancel()
            with self._lock:
                if self._asked.get(entry.name) == (child, number):
                    del self._asked[entry.name]
        value: T = self._read(entry.answer, plain, entry.name)
        return value

    def _entry(self, kind: type[Question[Any]]) -> Entry:
        from forecasting.service.questions import QUESTIONS, entry_of  # what answers are made of can wait for the paint

        return entry_of(kind, QUESTIONS if self._questions is None else self._questions)

    def withdraw(self, kind: type[Question[Any]]) -> None:
        """See `Inquirer.withdraw`."""
        name = self._entry(kind).name
        with self._lock:
            child, number = self._asked.get(name, (None, 0))
        if child is not None:
            child.take_back(number, QuestionWithdrawn(f"{name}: taken back"))

    def stream(self, symbols: Sequence[Symbol], on_ticks: OnTicks) -> None:
        """See `Streamer.stream`. Starts no child: without one there is nothing to stream."""
        self._on_ticks = on_ticks
        child = self._child
        if child is not None:
            args = wire.pack(wire.StreamArgs(tuple(symbols)))
            with contextlib.suppress(OSError, ValueError):      # it has ended, or its pipe was closed
                child.send({"id": 0, "call": "stream", "args": args})

    def _ticked(self, plain: Any) -> None:
        try:
            ticks = wire.unpack(Ticks, plain)
        except ValueError as error:
            log.warning("unreadable ticks from the worker: %s", error)
        else:
            self._on_ticks(ticks)

    def close(self) -> None:
        """End the child; within two seconds."""
        with self._lock:
            self._closed = True
            child, self._child = self._child, None
        if child is not None:
            child.end(grace_s=0.3)

    def _do(self, job: str, call: str, args: object, on_step: OnStep, silence_s: float) -> Any:
        child = self._running()
        number, answers = child.ask(call, args)
        with self._lock:
            self._jobs[job] = child, number
        try:
            return self._hear(child, call, number, answers, on_step, silence_s)
        finally:
            with self._lock:
                self._jobs.pop(job, None)

    def _hear(
        self, child: _Child, call: str, number: int, answers: Answers, on_step: OnStep, silence_s: float
    ) -> Any:
        """Hand steps on until the answer comes."""
        try:
            while True:
                frame = self._next_frame(child, call, answers, silence_s)
                if "step" in frame:
                    on_step(self._read(Step, frame["step"], call))
                elif "error" in frame:
                    raise wire.error_from(frame["error"])
                else:
                    self._failures = 0
                    return frame.get("value")
        finally:
            child.forget(number)

    def _next_frame(self, child: _Child, call: str, answers: Answers, silence_s: float) -> dict[str, Any]:
        """What the child says next.

        Raises:
            WorkerCrashed: If it has ended.
            WorkerTimeout: If it was silent for `silence_s`, and was ended for that.
        """
        asked = time.monotonic()
        while True:
            began, patience_s = time.monotonic(), max(silence_s - child.silent_for(call, asked), 0.05)
            try:
                frame = answers.get(timeout=patience_s)
            except queue.Empty:
                if time.monotonic() - began > patience_s + ASLEEP_S:
                    asked = time.monotonic()
                if child.silent_for(call, asked) < silence_s:
                    continue
                self._failed(child)
                what = f"{call}: the worker said nothing for {silence_s:.0f} s and was stopped"
                raise WorkerTimeout(f"{what}; {self._next_start()}", retry_s=self._wait_s()) from None
            if frame is None:
                self._failed(child)
                what = f"{call}: the worker ended with code {child.process.returncode}"
                raise WorkerCrashed(f"{what}; {self._next_start()}; see {self._log_path}", retry_s=self._wait_s())
            return frame

    def _running(self) -> _Child:
        with self._lock:
            if self._closed:
                raise WorkerCrashed("the worker was closed; nothing more can be asked of it")
            if self._child is not None and self._child.process.poll() is None:
                return self._child
            if self._wait_s() > 0.0:
                raise WorkerCrashed(f"the worker has ended; {self._next_start()}; see {self._log_path}",
                                    retry_s=self._wait_s())
            with _log_file(self._log_path) as stderr:
                self._child = _Child(self._command, self._setup, stderr, self._ticked)
            return self._child

    def _failed(self, child: _Child) -> None:
        with self._lock:
            if self._child is not child:      # another call of the same child has seen it already, or we are closing
                return
            self._child = None
            self._not_before = self._monotonic() + BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
            self._failures += 1
        child.end(grace_s=0.0)

    def _wait_s(self) -> float:
        """Seconds until a new child may be started."""
        return max(self._not_before - self._monotonic(), 0.0)

    def _next_start(self) -> str:
        wait = self._wait_s()
        return "it is started anew " + ("at once" if wait <= 0.5 else f"in {wait:.0f} s")

    def _read(self, kind: type[T], plain: Any, call: str) -> T:
        try:
            return wire.unpack(kind, plain)
        except ValueError as error:
            log.warning("%s: unreadable answer from the worker: %s", call, error)
            raise WorkerError(f"{call}: the worker's answer cannot be read; the log says why") from error


def _log_file(path: Path) -> IO[bytes]:
    """The worker's log; on a disk that takes none the worker works without."""
    try:
        return open(path, "ab")
    except OSError:
        return open(os.devnull, "ab")
