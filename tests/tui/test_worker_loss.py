"""The whole app, and a worker that is killed under it: prices stay, the loss is told, and a new worker comes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import Terminal, children

SAID = "the worker ended with code -9; it is started anew at once"


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
    first, = children(app.process.pid)
    os.kill(first, signal.SIGKILL)
    app.read_until(lambda: SAID in app.text())
    app.type("1r")
    app.read_until(lambda: bool(set(children(app.process.pid)) - {first}))
    app.read_until(lambda: "SIM-" in app.text() and "FAILED" not in app.text())
    app.type("q")
    assert app.wait() == 0
