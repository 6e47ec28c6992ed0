"""`tapecast alerts test SINK`: one message, and how it was taken."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.sink_server import SinkServer
from tests.support.terminal import Terminal

TOPIC = "hunter2-topic"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "sinks.toml"


def written(config: Path, *lines: str) -> tuple[str, str]:
    config.write_text("\n".join(['[[sink]]\nname = "it"', *lines]))
    return "--config", str(config)


def test_a_web_hook_that_takes_it(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SinkServer() as far:
        monkeypatch.setenv("HOOK", far.url(f"/{TOPIC}"))
        result = run(*written(config, 'kind = "webhook"', 'url = "env:HOOK"'), "alerts", "test", "it", "--json")
    assert (result.code, result.err) == (0, "")
    assert (result.json["sink"], result.json["ok"], result.json["error"]) == ("it", True, None)
    assert result.json.keys() == {"sink", "ok", "seconds", "error"}
    assert b"this is how alerts reach it" in far.posted[0].body


def test_one_that_does_not_is_asked_once_and_told_without_its_address(run: Run, config: Path) -> None:
    with SinkServer(503) as far:
        options = written(config, 'kind = "webhook"', f'url = "{far.url(f"/{TOPIC}")}"')
        result = run(*options, "alerts", "test", "it")
    assert result.code == 1
    assert result.out.startswith("it: http://127.0.0.1/… answered 503 Service Unavailable (")
    assert len(far.posted) == 1
    assert TOPIC not in result.out + result.err


def test_a_secret_that_is_not_there_is_named(run: Run, config: Path) -> None:
    result = run(*written(config, 'kind = "apprise"', 'url = "env:NO_SUCH_URL"'), "alerts", "test", "it")
    assert result.code == 1
    assert result.out.startswith("it: sink it: url: $NO_SUCH_URL is not set; set it in the environment")


def test_an_unknown_sink_is_answered_with_those_there_are(run: Run) -> None:
    result = run("alerts", "test", "phone")
    assert (result.code, result.out) == (2, "")
    assert result.err == "tapecast: no [[sink]] is called 'phone'; there are: toast, bell\n"


def test_a_toast_has_nothing_to_send(run: Run) -> None:
    result = run("alerts", "test", "toast")
    assert result.code == 0
    assert "shown inside the app only" in result.err


def test_what_is_for_the_terminal_goes_to_the_terminal_and_not_into_the_output(config: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tui", *written(config, 'kind = "osc777"'), "alerts", "test", "it"]
    program = (
        "import os, subprocess, sys\n"      # a session leader takes the terminal it opens as its own
        f"os.close(os.open(os.ttyname(0), os.O_RDWR)); out = open({str(tmp_path / 'out')!r}, 'w')\n"
        f"sys.exit(subprocess.call({words!r}, stdout=out))"
    )
    terminal = Terminal([sys.executable, "-c", program], columns=80, rows=24, env={"TMUX": "", "STY": ""})
    try:
        assert terminal.wait() == 0
        bare = b"\x1b]777;notify;tapecast;this is how alerts reach it\x07"
        terminal.read_until(lambda: bare in terminal.raw)
    finally:
        terminal.close()
    assert (tmp_path / "out").read_text().startswith("it: ok (")
    assert os.fspath(tmp_path) not in terminal.raw.decode()
