"""--as-of where nothing can be looked back on."""

from __future__ import annotations

import pytest

from tests.support.command_line import Run


@pytest.mark.parametrize("words", [("journal",), ("positions", "list"), ("alerts", "list"), ("ledger", "verify")])
def test_a_command_about_the_present_says_once_that_it_does_not_look_back(run: Run, words: tuple[str, ...]) -> None:
    asked = run(*words, "--as-of", "2015-01-05")
    assert (asked.code, asked.out) == (0, run(*words).out)
    said = f"--as-of 2015-01-05 has no effect: tapecast {' '.join(words)} is about what is stored now"
    assert asked.err.count("--as-of") == asked.err.splitlines().count(said) == 1
