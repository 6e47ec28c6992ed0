"""OSC sequences: framed as they have to be whatever stands in a name, and seen to arrive through a real tmux."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from forecasting.config import TERMINAL_KINDS, SinkKind
from forecasting.errors import DeliveryError
from forecasting.trading.sinks.message import Message, notice, told
from forecasting.trading.sinks.terminal import TerminalEvent, TerminalSink, event, osc9, osc777, wrapped
from tests.support.alerts import HOSTILE, alert
from tests.support.terminal import Terminal

PLAIN = {"TERM": "xterm-256color"}
SAID = "rsi crosses above 70: rsi 71.25"


def sequence(kind: SinkKind, env: dict[str, str], message: Message | None = None) -> str:
    return event(kind, message or told((alert(),)), env).sequence


def test_each_kind_has_its_sequence() -> None:
    assert sequence("bell", PLAIN) == "\x07"
    assert sequence("osc9", PLAIN) == f"\x1b]9;NVDA: {SAID}\x07"
    assert sequence("osc777", PLAIN) == f"\x1b]777;notify;NVDA;{SAID}\x07"
    assert event("toast", told((alert(),)), PLAIN) == TerminalEvent("toast", "NVDA", SAID, "", notice=False)


@pytest.mark.parametrize("env", [
    {"TMUX": "/tmp/tmux-0/default,1,0", "TERM": "xterm"}, {"TMUX": "x", "TERM": "screen"}, {"TERM": "tmux-256color"},
])  # fmt: skip
def test_tmux_gets_the_sequence_with_every_escape_doubled(env: dict[str, str]) -> None:
    assert wrapped(osc9("hi"), env) == "\x1bPtmux;\x1b\x1b]9;hi\x07\x1b\\"
    assert sequence("bell", env) == "\x07"      # every multiplexer rings by itself


def test_screen_gets_it_as_it_is_in_a_string_of_its_own_and_below_its_limit() -> None:
    env = {"TERM": "screen.xterm-256color"}
    assert wrapped(osc9("hi"), env) == "\x1bP\x1b]9;hi\x07\x1b\\"
    assert len(sequence("osc777", env, notice("東" * 200, "京" * 900)).encode()) <= 256


@given(HOSTILE, HOSTILE, HOSTILE)
@pytest.mark.parametrize(("env", "before", "after"), [
    (PLAIN, "\x1b]", "\x07"),
    ({"TMUX": "x"}, "\x1bPtmux;\x1b\x1b]", "\x07\x1b\\"),
    ({"TERM": "screen"}, "\x1bP\x1b]", "\x07\x1b\\"),
])  # fmt: skip
def test_no_symbol_rule_or_news_adds_a_control_character(
    env: dict[str, str], before: str, after: str, symbol: str, rule: str, news: str
) -> None:
    for alerts in ((one := alert(symbol=symbol, rule=rule, reason=news),), (one, one)):
        for kind, fields in (("osc9", 1), ("osc777", 3)):
            made = event(kind, told(alerts), env).sequence      # type: ignore[arg-type]
            assert made.startswith(before)
            assert made.endswith(after)
            inside = made.removeprefix(before).removesuffix(after)
            assert inside.isprintable()
            assert inside.count(";") == fields
            assert len(made.encode()) <= 256
    shown = event("toast", told((one,)), env)
    assert (shown.title + shown.text).isprintable()


def test_a_text_cannot_be_taken_for_another_command_of_osc_9() -> None:
    assert osc9("4;1;50") == "\x1b]9;4,1,50\x07"      # progress in ConEmu and Windows Terminal
    assert osc777("a;b", "c") == "\x1b]777;notify;a,b;c\x07"


@pytest.mark.parametrize("kind", TERMINAL_KINDS)
def test_the_app_is_handed_the_event_and_its_end_is_a_failure(kind: SinkKind) -> None:
    seen: list[TerminalEvent] = []
    TerminalSink("here", kind, seen.append, PLAIN).deliver(told((alert(),)))
    assert seen == [event(kind, told((alert(),)), PLAIN)]

    def ended(event: TerminalEvent) -> None:
        raise RuntimeError("the loop is closed")

    with pytest.raises(DeliveryError, match="the app has ended"):
        TerminalSink("here", kind, ended).deliver(told((alert(),)))


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    """A tmux server of the test's own."""
    command = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]
    yield command
    subprocess.run([*command, "kill-server"], capture_output=True, check=False)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
@pytest.mark.parametrize("kind", ["osc9", "osc777"])
def test_what_is_wrapped_arrives_bare_at_the_terminal_around_a_real_tmux(
    tmux: list[str], tmp_path: Path, kind: SinkKind
) -> None:
    hostile = alert(symbol="NVDA\x1b]0;owned\x07", reason="rsi \x1b\\\x1b]52;c;aGk=\x07crosses 東京")
    program = tmp_path / "pane.py"
    program.write_text(
        "import os, sys\n"
        "from forecasting.trading.sinks.message import told\n"
        "from forecasting.trading.sinks.terminal import event\n"
        "from tests.support.alerts import alert\n"
        "input('ready')\n"
        f"made = event({kind!r}, told((alert(symbol={hostile.symbol!r}, reason={hostile.reason!r}),)), os.environ)\n"
        "print(made.sequence, end='', flush=True)\n"
        "print('printed')\ninput()\n"
    )
    pane = f"env PYTHONPATH={Path(__file__).resolve().parents[4]} {sys.executable} {program}"
    start = ["new-session", "-s", "t", pane]
    terminal = Terminal([*tmux, *start, ";", "set", "-g", "allow-passthrough", "on"], columns=80, rows=24)
    try:
        terminal.read_until(lambda: "ready" in terminal.text())
        terminal.type("\r")
        terminal.read_until(lambda: "printed" in terminal.text())
        bare = sequence(kind, PLAIN, told((hostile,))).encode()
        assert bare.endswith("東京\x07".encode())
        terminal.read_until(lambda: bare in terminal.raw)
        assert b"owned\x07" not in terminal.raw
        assert b"]52;c;aGk" not in terminal.raw
    finally:
        terminal.close()
