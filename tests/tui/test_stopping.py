"""Signals end the app within two seconds and leave the terminal as it was, also where the app itself cannot."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import ROOT, Terminal, children
from tests.support.waiting import PATIENCE_S, until, within

LEAVE_ALTERNATE_SCREEN, SHOW_CURSOR = b"\x1b[?1049l", b"\x1b[?25h"
TWO_SECONDS = 2.0


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "tui", "--source", "simulated", "--data-dir", str(tmp_path / "data")]
    terminal = Terminal(command, columns=80, rows=24)
    try:
        terminal.read_until(lambda: "help" in terminal.text().lower())
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_app_and_restores_the_terminal(app: Terminal, number: signal.Signals) -> None:
    with within(TWO_SECONDS):
        app.process.send_signal(number)
        assert app.wait() == 128 + number
    assert LEAVE_ALTERNATE_SCREEN in app.raw
    assert SHOW_CURSOR in app.raw[app.raw.rindex(LEAVE_ALTERNATE_SCREEN):]
    assert app.settings() == app.settings_before
    assert "Traceback" not in app.text()


def test_a_terminal_that_takes_no_output_does_not_hold_the_process(app: Terminal) -> None:
    stall(app)
    with within(TWO_SECONDS):
        app.process.send_signal(signal.SIGTERM)
        code = app.process.wait(PATIENCE_S)
    assert code == 128 + signal.SIGTERM
    assert app.settings() == app.settings_before


def stall(app: Terminal) -> None:
    """Press keys and read nothing, until the terminal's buffer is full and the app's writer waits on it."""
    unread, still = -1, 0
    deadline = time.monotonic() + PATIENCE_S
    while still < 40:
        assert time.monotonic() < deadline, "the terminal goes on taking output"
        app.type("?\x1b")
        select.select([], [], [], 0.02)
        waiting = int.from_bytes(fcntl.ioctl(app.master, termios.FIONREAD, bytes(4)), sys.byteorder)
        still = still + 1 if waiting == unread else 0
        unread = waiting


@pytest.mark.parametrize("leader", [True, False])
def test_a_dropped_connection_ends_app_and_worker(app: Terminal, leader: bool) -> None:
    until(lambda: children(app.process.pid))
    workers = children(app.process.pid)
    os.close(app.master)
    app.master = os.open(os.devnull, os.O_RDWR)
    with within(TWO_SECONDS):
        if leader:      # of a session is told by the kernel that its terminal has gone; nobody else is
            app.process.send_signal(signal.SIGHUP)
        assert app.process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


BROKEN = """
import sys
from tui.cli import main
from tui.screens.main import MainScreen
from tui.widgets.truth_line import TruthLine

def broken(*args):
    hook = "https://hooks.example/S3CRET"
    raise ValueError("not expected")

def draw(self):
    TruthLine.render_lines = broken
    self.query_one(TruthLine).refresh()

MainScreen.action_pause = broken if sys.argv.pop(1) == "key" else draw
main()
"""


@pytest.mark.parametrize("where", ["key", "render"])
def test_an_unexpected_error_is_one_line_and_its_traceback_is_in_the_log(tmp_path: Path, where: str) -> None:
    data = tmp_path / "data"
    words = ["--source", "simulated", "--data-dir", str(data)]
    app = Terminal([sys.executable, "-c", BROKEN, where, *words], columns=250, rows=24)
    try:
        app.read_until(lambda: "help" in app.text().lower())
        app.type("p")
        assert app.wait() == 1
        assert app.settings() == app.settings_before
    finally:
        app.close()
    after = bytes(app.raw[app.raw.rindex(LEAVE_ALTERNATE_SCREEN):]).decode()
    log = data / "simulated" / "app.log"
    assert "tapecast has stopped over an unexpected ValueError" in after
    assert f"{log} has the traceback" in after
    assert "Traceback" not in after
    assert "S3CRET" not in after
    assert after.count("\n") == 1
    written = log.read_text()
    assert "ValueError: not expected" in written
    assert "S3CRET" not in written


MODES = (b"?1049", b"?25", b"?1000", b"?1003", b"?2004", b"?1004")      # screen, cursor, mouse twice, paste, focus
AS_FOUND = {mode: b"h" if mode == b"?25" else b"l" for mode in MODES}


def modes(raw: bytearray) -> dict[bytes, bytes]:
    """Each of `MODES` as it was last set."""
    found = re.findall(rb"\x1b\[(\?\d+)([hl])", raw)
    return {mode: letter for mode, letter in found if mode in MODES}


def painted_anew(terminal: Terminal, so_far: int) -> bool:
    """Whether the app has taken the terminal since `so_far` bytes, and painted after that."""
    _, taken, painted = terminal.raw[so_far:].rpartition(b"\x1b[?1049h")
    return bool(taken) and b"80% band" in painted


@pytest.fixture
def shell() -> Iterator[Terminal]:
    """An interactive shell in which the app has been started."""
    terminal = Terminal(["bash", "--norc", "--noprofile", "--noediting", "-i"], columns=80, rows=24, controlling=True)
    try:
        terminal.type(f"{sys.executable} -m tests.support.fake_engine NVDA AAPL\r")
        terminal.read_until(lambda: "80% band" in terminal.text())
        yield terminal
    finally:
        for pid in children(terminal.process.pid):
            os.killpg(pid, signal.SIGKILL)
        terminal.close()


def test_the_shell_gets_its_terminal_at_ctrl_z_and_fg_gives_it_back(shell: Terminal) -> None:
    for before in ("", "A"):      # also above a dialog
        shell.type(before)
        so_far = len(shell.raw)
        shell.type("\x1a")
        shell.read_until(lambda: b"Stopped" in shell.raw[so_far:])      # noqa: B023 - called in this turn
        assert modes(shell.raw) == AS_FOUND
        so_far = len(shell.raw)
        shell.type("clear; fg\r")
        shell.read_until(lambda: painted_anew(shell, so_far))      # noqa: B023 - called in this turn
        assert modes(shell.raw) == {mode: b"l" if mode == b"?25" else b"h" for mode in MODES}
    shell.read_until(lambda: "New alert" in shell.text())
    shell.type("\x1bq")
    shell.read_until(lambda: not children(shell.process.pid))
    assert modes(shell.raw) == AS_FOUND


def test_who_is_stopped_unasked_leaves_the_terminal_as_it_was_before_all(shell: Terminal) -> None:
    (app,) = children(shell.process.pid)
    os.kill(app, signal.SIGSTOP)
    shell.read_until(lambda: b"Stopped" in shell.raw)
    so_far = len(shell.raw)
    shell.type("fg\r")
    shell.read_until(lambda: painted_anew(shell, so_far))
    so_far = len(shell.raw)
    os.kill(app, signal.SIGCONT)      # to one that runs
    shell.read_until(lambda: painted_anew(shell, so_far))      # what is typed before it has the terminal is lost
    shell.type("q")
    shell.read_until(lambda: not children(shell.process.pid))
    assert modes(shell.raw) == AS_FOUND
    shell.type("echo $((6 * 7))\r")
    shell.read_until(lambda: "42" in shell.text() and "6 * 7" in shell.text())      # it echoes what is typed


def test_where_no_shell_could_wake_it_ctrl_z_says_so(app: Terminal) -> None:
    app.type("\x1a")
    app.read_until(lambda: "no shell is behind" in app.text())
    app.type("4")
    app.read_until(lambda: "Rules" in app.text())


@pytest.mark.parametrize(("stream", "name"), [("stdin", "input"), ("stderr", "error")])
def test_without_a_terminal_the_app_is_refused_with_what_to_run_instead(stream: str, name: str, tmp_path: Path) -> None:
    main, terminal = os.openpty()
    with open(tmp_path / "told", "w+") as told:
        streams = {"stdin": terminal, "stderr": terminal} | {stream: told}
        done = subprocess.run(
            [sys.executable, "-m", "tui", "--data-dir", str(tmp_path)], timeout=PATIENCE_S, check=False, cwd=ROOT,
            stdout=subprocess.DEVNULL, stdin=streams["stdin"], stderr=streams["stderr"],
        )
    said = (tmp_path / "told").read_text() or os.read(main, 1000).decode()
    os.close(main)
    os.close(terminal)
    assert done.returncode == 2
    assert f"standard {name} is no terminal, and the app needs one; `tapecast print`" in said


def test_a_terminal_without_a_screen_is_refused_with_what_to_set() -> None:
    terminal = Terminal([sys.executable, "-m", "tui", "--demo"], columns=200, rows=24, env={"TERM": "dumb"})
    try:
        terminal.read_until(lambda: "TERM=dumb names a terminal without a screen; set it to" in terminal.text())
        assert terminal.process.wait(PATIENCE_S) == 2
    finally:
        terminal.close()
