"""A worker whose ticks go wrong as the file `$TAPECAST_TROUBLE` says: `python -m tests.support.troubled_worker`.

The file holds one of `TROUBLES`, or nothing; it is read at each tick, so that trouble may end while a test runs. For
`slow` the tick takes half a second.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from forecasting.domain.market import Symbol
from forecasting.service import wire
from forecasting.service.backend import OnStep, TickReport
from forecasting.service.worker import Worker
from tests.support.worker_stub import StubBackend

TROUBLES = ("killed", "exit-0", "exit-1", "half-a-line", "mute", "stopped", "no-answer", "another-answer")
"""After these the worker has to be started anew, or its answer to be refused."""

NOISE = (
    b"\x00\xff\xfe not a frame \x1b[31m\n", b"[1, 2]\n", b"null\n", b"{}\n", b'{"id": []}\n', b'{"id": {"a": 1}}\n',
    b"\n", b'{"ticks": 7}\n', b'{"id": 999999, "value": 1}\n', b"[" * 100_000 + b"\n", b"1" * 5_000 + b"\n",
)  # fmt: skip
"""Lines that are passed over."""


class TroubledBackend(StubBackend):
    """Does what the file says, then what the stub does."""

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        match Path(os.environ["TAPECAST_TROUBLE"]).read_text():
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit-0":
                os._exit(0)
            case "exit-1":
                os._exit(1)
            case "half-a-line":
                os.write(answers.fileno(), b'{"id": 1, "val')
                os._exit(0)
            case "mute":
                os.close(answers.fileno())
                time.sleep(60)
            case "stopped":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "no-answer":
                time.sleep(60)
            case "another-answer":
                one = '{"id": %d, "value": {"at": "\\u001b[31mnever"}}\n'
                os.write(answers.fileno(), "".join(one % number for number in range(1000)).encode())
            case "noise":
                os.write(answers.fileno(), b"".join(NOISE))
            case "slow":
                time.sleep(0.5)
        return super().tick(symbols, now, on_step)


def build(setup: wire.WorkerSetup) -> StubBackend:
    return TroubledBackend()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Worker(sys.stdin.buffer, answers, build).serve()
