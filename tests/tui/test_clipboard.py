"""What is copied is plain, bounded, and reaches the terminal through a multiplexer."""

from __future__ import annotations

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.service.clipboard import MAX_BYTES, row_text, sequences
from tui.terminal import allowed, is_copy

BARE, TMUX = {"TERM": "xterm-256color"}, {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}


def held(sequence: str) -> str:
    return b64decode(sequence.partition("52;c;")[2].rstrip("\x1b\\").rstrip("\a")).decode()


def test_cells_stand_between_tabs_and_bring_no_control_character_along() -> None:
    assert row_text(["NVDA", "my\tchips\n", "\x1b]52;c;eA==\a183", ""]) == "NVDA\tmy chips\t183\t"


def test_a_terminal_is_told_once_and_tmux_in_both_ways_it_may_listen_to() -> None:
    assert [held(s) for s in sequences("a\tb", BARE)] == ["a\tb"]
    bare, wrapped = sequences("a\tb", TMUX)
    assert bare == "\x1b]52;c;YQli\x07"
    assert wrapped == "\x1bPtmux;\x1b\x1b]52;c;YQli\x07\x1b\\"


@given(st.text(max_size=3000), st.sampled_from([BARE, TMUX, {"TERM": "screen"}]))
def test_whatever_is_copied_passes_the_gate_and_is_bounded(text: str, env: dict[str, str]) -> None:
    text = row_text([text])
    for sequence in sequences(text, env):
        assert is_copy(sequence)
        assert not allowed(sequence)      # that gate is for whoever has something to tell
        assert text.startswith(held(sequence))
        assert len(held(sequence).encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b]52;c;?\x07", "\x1b]52;p;YQ==\x07", "\x1b]52;c;YQ==\x1b[2J\x07", "\x1b]52;c;" + "A" * 5000 + "\x07",
        "\x1b]52;c;Y Q\x07",
    ],
)
def test_no_other_use_of_the_clipboard_passes(sequence: str) -> None:
    assert not is_copy(sequence)
    assert not allowed(sequence)
