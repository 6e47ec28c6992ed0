"""Fewer bytes, the same picture: an emulated terminal shows alike what was written either way."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from tui.thrift import exact, thrifty

RESET = "\x1b[0m"


def test_of_a_line_only_the_changed_cells_are_painted() -> None:
    line = {0: Strip([Segment("NVDA  "), Segment("183.22 ")]), 13: Strip([Segment("chart")])}
    frame = exact(ChopsUpdate([line], [(0, 6, 13), (0, 15, 17)], [[13, 18]]))
    assert isinstance(frame, ChopsUpdate)
    assert frame.render_segments(Console()) == "\x1b[1;7H183.22 \x1b[1;16Har"


def test_a_whole_frame_stays_as_it_is() -> None:
    assert exact("a whole frame") == "a whole frame"
    assert exact(None) is None


def test_only_the_colour_that_changes_is_told() -> None:
    frame = f"\x1b[38;2;1;2;3;48;2;9;9;9mAB{RESET}\x1b[38;2;4;5;6;48;2;9;9;9mCD{RESET}"
    assert thrifty(frame) == f"\x1b[38;2;1;2;3;48;2;9;9;9mAB\x1b[38;2;4;5;6mCD{RESET}"


def test_a_style_is_kept_over_a_move_of_the_cursor() -> None:
    frame = f"\x1b[1;31mAB{RESET}\x1b[5;7H\x1b[1;31mCD{RESET}"
    assert thrifty(frame) == f"\x1b[1;31mAB\x1b[5;7HCD{RESET}"


def test_an_attribute_that_ends_takes_a_reset() -> None:
    assert thrifty(f"\x1b[1;31mAB{RESET}\x1b[31mCD{RESET}") == f"\x1b[1;31mAB\x1b[0;31mCD{RESET}"


def test_text_without_style_follows_a_reset() -> None:
    assert thrifty(f"\x1b[31mAB{RESET}\nCD") == f"\x1b[31mAB{RESET}\nCD"


def test_other_sequences_pass_unchanged() -> None:
    for frame in ("", "plain", "\x1b[?2026h", "\x1b]8;id=1;http://example.org\x1b\\link\x1b]8;;\x1b\\", "\x1b[2J"):
        assert thrifty(frame) == frame


_COLOURS = st.sampled_from(["31", "92", "38;5;200", "38;2;1;2;3", "39"])
_GROUNDS = st.sampled_from(["41", "102", "48;5;20", "48;2;7;8;9", "49"])
_STYLES = st.lists(st.one_of(st.sampled_from(["0", "1", "3", "4", "7"]), _COLOURS, _GROUNDS), max_size=4).map(";".join)
_PIECES = st.one_of(
    _STYLES.map(lambda style: f"\x1b[{style}m"),
    st.just(RESET),
    st.sampled_from(["A", "bc ", "\r\n", "\x1b[2;3H", "\x1b[K"]),
)


@given(st.lists(_PIECES, max_size=30))
def test_the_terminal_shows_the_same(pieces: list[str]) -> None:
    frame = "".join(pieces)
    assert _shown(thrifty(frame)) == _shown(frame)
    assert len(thrifty(frame)) <= len(frame) + 2


def _shown(frame: str) -> tuple[object, ...]:
    """Every cell with its style, and the style that text after the frame would have."""
    screen = pyte.Screen(20, 5)
    pyte.Stream(screen).feed(frame)
    return [[screen.buffer[y][x] for x in range(20)] for y in range(5)], screen.cursor.attrs
