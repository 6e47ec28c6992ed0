"""Keys as a terminal sends them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from textual.events import Key, Paste
from textual.widgets import Input

from tests.support.terminal import Terminal
from tests.support.tui import make_app, press, settle
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


@pytest.mark.parametrize("size", range(1, 40))
def test_what_is_pasted_is_text_wherever_the_packets_are_cut(size: int) -> None:
    sent = "j\x1b[A\x1b[200~a\x1b]0;b\x07\x1b[2~\rc\nd\x1b[201~k\x1b[2~\x1b[200~e\x1b[201~"
    parser = EscapeFirst()
    events = [event for at in range(0, len(sent), size) for event in parser.feed(sent[at : at + size])]
    told = [event.text if isinstance(event, Paste) else event.key for event in events if isinstance(event, Key | Paste)]
    assert told == ["j", "up", "a]0;b[2~\rc\nd", "k", "insert", "e"]


@pytest.mark.parametrize(("pasted", "shown"), [
    ("AAPL\nTSM\r\nSAP.DE\n", "AAPL TSM SAP.DE"), ("[red]a\u202eb\x9bc\td", "[red]abc d"), ("x" * 5_000, "x" * 200),
    ("", ""), ("\n", ""),
])
async def test_a_line_takes_of_a_paste_what_can_be_seen_and_has_room(pasted: str, shown: str) -> None:
    app = make_app("NVDA")
    async with app.run_test() as pilot:
        await press(pilot, "a")
        app.post_message(Paste(pasted))
        await settle(pilot)
        assert app.screen.query_one(Input).value == shown


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


def test_keys_of_one_packet_go_each_where_the_one_before_it_has_led(app: Terminal) -> None:
    app.type("/aap\r")
    app.read_until(lambda: "AAPL" in app.lines()[2])
    app.type("\x1baTSM\rj")
    app.read_until(lambda: [line[:4].strip() for line in app.lines()[2:5]] == ["NVDA", "AAPL", "TSM"])
    app.type("\x1bA\x1b?\x1b:\x1b/\x1b4")
    app.read_until(lambda: "Rules" in app.text())
    app.type("q?")
    app.read_until(lambda: "Keys in watch" in app.text())


def test_a_key_held_down_is_counted_whole(app: Terminal) -> None:
    app.type("C" + 6 * "j" + 100 * "k" + 3 * "j" + " \r")
    app.read_until(lambda: "20d" not in app.text())
