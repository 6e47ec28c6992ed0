"""Keys as a terminal sends them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from textual.events import Key

from tests.support.terminal import Terminal
from tui.keyboard import EscapeFirst


@pytest.fixture
def app() -> Iterator[Terminal]:
    terminal = Terminal([sys.executable, "-m", "tests.support.fake_engine", "NVDA", "AAPL"], columns=120, rows=35)
    terminal.read_until(lambda: "AAPL" in terminal.text())
    yield terminal
    terminal.close()


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("\x1b2", ["escape", "2"]), ("\x1bq", ["escape", "q"]), ("\x1b/", ["escape", "slash"]),
        ("\x1bjj", ["escape", "j", "j"]), ("\x1b\x1b[A", ["escape", "up"]), ("\x1b[A2", ["up", "2"]),
        ("\x1bOP", ["f1"]), ("\x1bb", ["ctrl+left"]), ("\x1b[50;3u", ["alt+2"]), ("£", ["pound_sign"]),
    ],
)
def test_escape_and_a_character_are_two_keys(sent: str, keys: list[str]) -> None:
    assert [event.key for event in EscapeFirst().feed(sent) if isinstance(event, Key)] == keys


def test_escape_and_a_digit_in_one_packet_close_what_is_open_and_show_the_view(app: Terminal) -> None:
    titles = {"a": "Add symbols", "?": "Keys", "L": "Lists", "A": "New alert", "/": "part of a symbol",
              ":": "part of a command"}
    for key, title in titles.items():
        app.type(key)
        app.read_until(lambda title=title: title in app.text())  # type: ignore[misc]
        app.type("\x1b4")
        app.read_until(lambda title=title: "Rules" in app.text() and title not in app.text())  # type: ignore[misc]
        app.type("1")
        app.read_until(lambda: "Rules" not in app.text())


def test_bytes_that_are_no_text_do_not_end_the_reading_of_keys(app: Terminal) -> None:
    os.write(app.master, b"\xff\xfe\xe1")
    app.type("4")
    app.read_until(lambda: "Rules" in app.text())
