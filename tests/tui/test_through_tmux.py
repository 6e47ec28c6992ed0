"""What the app tells the terminal arrives there through a real tmux, and nothing else does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import ROOT, Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in which the app runs inside tmux."""
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("there is no tmux here")
    config = tmp_path / "tmux.conf"
    config.write_text('set -g allow-passthrough on\nset -g set-titles on\nset -g set-titles-string "#{pane_title}"\n')
    socket = str(tmp_path / "socket")
    inside = f"cd {ROOT} && exec {sys.executable} -m tests.support.telling_app"
    terminal = Terminal([tmux, "-S", socket, "-f", str(config), "new-session", inside], columns=80, rows=24,
                        env={"TMUX": "", "TMUX_TMPDIR": str(tmp_path)})
    yield terminal
    terminal.close()
    subprocess.run([tmux, "-S", socket, "kill-server"], check=False, capture_output=True)


def test_notifications_bell_and_title_arrive_and_no_word_becomes_a_sequence(terminal: Terminal) -> None:
    wanted = (
        b"\x1b]9;NVDA: [red]fell by half, now\x07", b"\x1b]777;notify;NVDA;[red]fell by half, now\x07", b"(1) tapecast",
    )
    terminal.read_until(lambda: all(words in terminal.raw for words in wanted))
    without_titles = terminal.raw.replace(b"\x1b]0;", b"").replace(b"\x1b]2;", b"")
    assert b"\x07" in without_titles.replace(wanted[0], b"").replace(wanted[1], b"")
    assert b"]52;" not in terminal.raw
    assert b"owned" not in terminal.raw
    terminal.read_until(lambda: 'name != "[red]fell by half; now"' in terminal.text())
    terminal.type("q")
    assert terminal.wait() == 0
