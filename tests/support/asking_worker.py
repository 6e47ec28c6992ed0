"""A worker process that answers questions of its own, to test the pipe: `python -m tests.support.asking_worker`."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime

from forecasting.domain.question import Question
from forecasting.errors import NotEnoughHistory
from forecasting.service import wire
from forecasting.service.backend import OnStep, Step
from forecasting.service.questions import Entry
from forecasting.service.worker import Worker
from tests.support.worker_stub import StubBackend, build


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a question."""

    words: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Ask(Question[Told]):
    """Do what `how` says."""

    how: str
    steps: int = 0      # a tenth of a second each


@dataclass(frozen=True, slots=True)
class Study(Ask):
    """The same, as a question that may take long."""


@dataclass(frozen=True, slots=True)
class Unlisted(Question[Told]):
    """In no table."""


TABLE = (
    Entry("stub", Ask, Told, "tests.support.asking_worker:handle", deadline_s=20.0),
    Entry("long stub", Study, Told, "tests.support.asking_worker:handle", deadline_s=20.0, long=True),
)


def handle(backend: StubBackend, asked: wire.AskArgs, on_step: OnStep) -> Told:
    """Answer, or do not."""
    ask = wire.unpack(Ask, asked.question)
    for number in range(ask.steps):
        time.sleep(0.1)
        on_step(Step("stub", ask.how, number / ask.steps))
    match ask.how:
        case "crash":
            os._exit(3)
        case "hang":
            time.sleep(60)
        case "short":
            raise NotEnoughHistory("stub: 3 bars, needs 60")
    return Told((ask.how,), asked.now)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Worker(sys.stdin.buffer, answers, build, answer=handle).serve()
