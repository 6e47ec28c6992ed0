"""The whole app, and a worker that is killed under it: prices stay, the loss is told, and a new worker comes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import Terminal, children

SAID = re.compile(r"the worker (ended with code -9|has ended); it is started anew")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "tui", "--source", "simulated", "--data-dir", str(tmp_path / "data")]
    terminal = Terminal(command, columns=160, rows=40)
    yield terminal
    terminal.close()


def test_a_killed_worker_is_told_of_and_replaced_while_the_screen_goes_on(app: Terminal) -> None:
    app.read_until(lambda: "SIM-" in app.text())
    app.type("!")
    app.read_until(lambda: "backfill  working" in app.text() or "train  " in app.text())
    killed: set[int] = set()

    def told() -> bool:
        """Kill each that comes until it is: of a first loss no more may be seen for long than that it is over."""
        for worker in set(children(app.process.pid)) - killed:
            with contextlib.suppress(ProcessLookupError):      # it has ended by itself
                os.kill(worker, signal.SIGKILL)
            killed.add(worker)
        return SAID.search(app.text()) is not None

    app.read_until(told)
    app.type("1r")
    app.read_until(lambda: bool(set(children(app.process.pid)) - killed))
    app.read_until(lambda: "SIM-" in app.text() and "FAILED" not in app.text())
    app.type("q")
    assert app.wait() == 0
