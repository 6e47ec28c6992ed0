"""A page opens where a person can see it, and nowhere else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from forecasting.domain.market import Symbol
from tui.browser import open_page, opener, page_of


@pytest.mark.parametrize(
    ("symbol", "page"), [("NVDA", "NVDA"), ("^GSPC", "%5EGSPC"), ("EURUSD=X", "EURUSD%3DX"), ("BRK-B", "BRK-B")]
)
def test_the_page_of_a_symbol(symbol: str, page: str) -> None:
    assert page_of(Symbol(symbol)) == f"https://finance.yahoo.com/quote/{page}"


def test_nothing_opens_over_ssh_or_without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert opener({"DISPLAY": ":0", "SSH_TTY": "/dev/pts/1"}, "linux") is None
    assert opener({"SSH_CONNECTION": "1 2 3 4"}, "darwin") is None
    assert opener({}, "linux") is None
    assert opener({"WAYLAND_DISPLAY": "wayland-0"}, "linux") == ("xdg-open",)
    assert opener({}, "darwin") == ("open",)


def test_only_web_addresses_are_opened_as_one_word_and_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, object]]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **how: started.append((words, how)))
    assert open_page("https://finance.yahoo.com/quote/NVDA", ("open",))
    assert not open_page("file:///etc/passwd", ("open",))
    [(words, how)] = started
    assert words == ["open", "https://finance.yahoo.com/quote/NVDA"]
    assert {how[name] for name in ("stdin", "stdout", "stderr")} == {subprocess.DEVNULL}


def test_a_program_that_is_not_there_opens_nothing(tmp_path: Path) -> None:
    assert not open_page("https://finance.yahoo.com/", (str(tmp_path / "no-such-browser"),))
