"""What a terminal can do, and that the app does no more."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.terminal import ROOT, Terminal
from tests.support.tui import make_app
from tui.abilities import Abilities, abilities
from tui.thrift import colourless


def of(environ: Mapping[str, str], colour_system: str | None = "truecolor", *, no_color: bool = False,
       encoding: str | None = "utf-8") -> Abilities:
    return abilities(environ, colour_system=colour_system, no_color=no_color, encoding=encoding)


def test_a_modern_terminal_can_do_everything_and_is_near() -> None:
    assert of({"TERM": "xterm-256color"}) == Abilities(colours=True, few=False, ascii=False, far=False, mouse=True)


def test_gnu_screen_is_not_asked_for_the_mouse_since_it_would_keep_esc_back() -> None:
    assert not of({"TERM": "screen.xterm-256color", "STY": "4711.pts-0"}).mouse
    assert of({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}).mouse
    assert of({"TERM": "xterm-256color", "STY": "4711.pts-0"}).mouse      # a terminal that was started from there


def test_the_mouse_is_asked_for_where_it_does_no_harm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui", "--source", "simulated", "--data-dir", str(tmp_path)]
    asked = []
    for environ in ({}, {"TERM": "screen", "STY": "4711.pts-0"}):
        terminal = Terminal(command, columns=80, rows=24, env=environ)
        terminal.read_until(lambda: "help" in terminal.text())      # noqa: B023 - called in this turn
        asked.append(b"\x1b[?1000h" in terminal.raw)
        terminal.close()
    assert asked == [True, False]


@pytest.mark.parametrize(("colour_system", "no_color", "colours", "few"), [
    ("truecolor", False, True, False), ("256", False, True, False), ("standard", False, True, True),
    (None, False, False, True), ("truecolor", True, False, True),
])
def test_colours_are_as_many_as_there_are(colour_system: str | None, no_color: bool, colours: bool, few: bool) -> None:
    found = of({}, colour_system, no_color=no_color)
    assert (found.colours, found.few) == (colours, few)


@pytest.mark.parametrize(("term", "encoding", "ascii_only"), [
    ("xterm-256color", "UTF-8", False), ("xterm", "utf8", False), ("linux", "utf-8", True), ("vt100", "utf-8", True),
    ("xterm", "ANSI_X3.4-1968", True), ("xterm", "latin-1", True), ("xterm", None, False),
])
def test_what_cannot_be_shown_is_drawn_in_ascii(term: str, encoding: str | None, ascii_only: bool) -> None:
    assert of({"TERM": term}, encoding=encoding).ascii is ascii_only


def test_over_ssh_nothing_is_animated(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not of({}).far
    assert of({"SSH_TTY": "/dev/pts/3"}).far
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.9 22")
    assert make_app().animation_level == "none"


def test_without_colours_attributes_stay() -> None:
    frame = "\x1b[1;38;2;1;2;3;48;2;9;9;9mAB\x1b[0m \x1b[31mCD\x1b[0m \x1b[7;44mEF\x1b[0;4;32mG\x1b[2;3H\x1b[0;33mH"
    assert colourless("\x1b[38;2;0;0;0mA\x1b[1;48;5;0mB\x1b[mC") == "A\x1b[1mB\x1b[0mC"
    assert colourless(frame) == "\x1b[1mAB\x1b[0m CD\x1b[0m \x1b[7mEF\x1b[0;4mG\x1b[2;3H\x1b[0mH"


def test_in_sixteen_colours_the_default_gives_way_and_a_choice_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "standard")
    assert make_app().theme == "tapecast-sixteen"
    assert make_app(theme="light").theme == "tapecast-light"
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "truecolor")
    assert make_app().theme == "tapecast"


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    """The beginning of a command line that runs something in a tmux of its own, without its status line."""
    found = shutil.which("tmux")
    if found is None:
        pytest.skip("there is no tmux here")
    config = tmp_path / "tmux.conf"
    config.write_text("set -g status off\nset -g default-terminal screen\n")
    socket = str(tmp_path / "socket")
    yield [found, "-S", socket, "-f", str(config), "new-session"]
    subprocess.run([found, "-S", socket, "kill-server"], check=False, capture_output=True)


def run(tmux: list[str], env: Mapping[str, str], screen: str) -> bytes:
    """What a terminal is told while the app comes up in tmux and goes again."""
    inside = f"cd {ROOT} && exec {sys.executable} -m tests.support.telling_app"
    terminal = Terminal([*tmux, *(x for name, value in env.items() for x in ("-e", f"{name}={value}")), inside],
                        columns=100, rows=30, env={"TMUX": "", "TERM": screen, "COLORTERM": "", **env})
    try:
        terminal.read_until(lambda: "LIVE" in terminal.text() and "CHG" in terminal.text())
        terminal.type("q")
        assert terminal.wait() == 0
        return bytes(terminal.raw)
    finally:
        terminal.close()


def test_in_a_tmux_with_sixteen_colours_there_are_no_more_and_the_chosen_row_is_reversed(tmux: list[str]) -> None:
    raw = run(tmux, {}, "xterm")
    assert b"38;2;" not in raw
    assert b"38;5;" not in raw
    assert any(code in raw for code in (b"\x1b[96m", b";96m", b"\x1b[97m", b";97m", b"[36m", b"[37m"))
    assert b"\x1b[7m" in raw or b";7m" in raw or b"\x1b[7;" in raw or b"\x1b[1;7" in raw


def test_with_no_color_in_a_tmux_no_colour_is_set_and_the_chosen_row_is_reversed(tmux: list[str]) -> None:
    raw = run(tmux, {"NO_COLOR": "1"}, "xterm-256color")
    styles = [part.split(b"m", 1)[0] for part in raw.split(b"\x1b[")[1:] if b"m" in part[:24]]
    numbers = {code for style in styles if style.replace(b";", b"").isdigit() for code in style.split(b";")}
    assert not {code for code in numbers if len(code) > 1 and code not in (b"39", b"49")}
    assert b"7" in numbers
