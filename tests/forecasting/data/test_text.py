from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecasting.data.text import clean_text


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("Apple Inc.", "Apple Inc."),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]52;c;cm0gLXJm\x07copied", "copied"),
        ("\x1b]0;title\x1b\\name", "name"),
        ("\x9b31mC1\x9b0m", "C1"),
        ("two\r\nlines\tand tab", "two lines and tab"),
        ("abc\u202edcba", "abcdcba"),
        ("zero\u200bwidth\x00\x7f", "zerowidth"),
        ("Société Générale — 東京", "Société Générale — 東京"),
    ],
)
def test_what_could_steer_a_terminal_or_mislead_a_reader_is_gone(dirty: str, clean: str) -> None:
    assert clean_text(dirty) == clean


@settings(deadline=None)
@given(st.text(alphabet=st.characters() | st.sampled_from("\x1b[]0;m\x07\x9b\u202e"), max_size=60))
def test_whatever_comes_in_only_printable_characters_come_out(text: str) -> None:
    cleaned = clean_text(text, limit=20)
    assert len(cleaned) <= 20
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cf", "Cs")]


DIRTY = st.characters() | st.sampled_from("\x1b[]0;m\x07\x9b\x90\\P\u202e\u200b …é")


@settings(deadline=None)
@given(st.text(DIRTY, max_size=60), st.integers(1, 40))
@example("two \u200b words\ufeff \u200b", 20)
@example("a\x1b\u200b[31mb", 20)       # without the invisible one the rest would be a sequence
@example("\x1b\x1b[31m[31mb", 20)
def test_what_was_cleaned_is_clean(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit=limit)
    assert clean_text(cleaned, limit=limit) == cleaned
    assert cleaned.isprintable()
    assert not set(cleaned) & set("\x1b\x9b\x07\u202e\u2066\n\x00")
