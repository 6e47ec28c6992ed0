"""A worker process with a backend of ten lines, for tests of the pipe: `python -m tests.support.worker_stub`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime

from forecasting.domain.clock import WallClock
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import NotEnoughHistory
from forecasting.service import wire
from forecasting.service.backend import OnStep, OnTicks, Step, TickReport, Work, WorkReport
from forecasting.service.streaming import Pump
from forecasting.service.worker import Worker


class StubBackend:
    """Does what the first symbol says."""

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        on_step(Step("quotes", "asking", 0.5))
        match symbols[0]:
            case "CRASH":
                os._exit(3)
            case "HANG":
                time.sleep(60)
            case "NOISE":
                print("a library prints")  # noqa: T201
            case "SHORT":
                raise NotEnoughHistory("SHORT: 3 bars, needs 60")
            case "BUG":
                raise ZeroDivisionError("division by zero")
        health = SourceHealth("stub", Health.OK, "ok")
        return TickReport(now, None, (), tuple(symbols), 0, 0, 0, health, (), (Work.TRAIN,), ())

    def work(self, work: Work, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> WorkReport:
        for _ in range(400 if symbols[0] == "SLOW" else 4):
            time.sleep(0.25)
            on_step(Step("train", "an epoch", None))
        return WorkReport(work, 1.0, "done", ())

    def close(self) -> None:
        pass


def build(setup: wire.WorkerSetup) -> StubBackend:
    return StubBackend()


def open_stream(backend: StubBackend, send: OnTicks) -> Pump:
    """Yahoo's, from `$TAPECAST_STREAM_URL`; what it brings is stored nowhere."""
    from forecasting.data.sources.yahoo_stream import YahooStream

    url = os.environ["TAPECAST_STREAM_URL"]
    return Pump(lambda put: YahooStream(put, clock=WallClock(), units={}, url=url), send, lambda quotes: None)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Worker(sys.stdin.buffer, answers, build, open_stream).serve()
