"""README's two commands are what CI runs and what a person pastes."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_ci_runs_exactly_the_test_command_of_readme() -> None:
    start, test = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert start.endswith("tapecast --demo")
    assert test in (ROOT / ".ci" / "run").read_text().splitlines()


def test_readme_names_every_option_and_exit_code_of_the_command_line() -> None:
    text = (ROOT / "README.md").read_text()
    for word in ("--config", "--data-dir", "--source", "--csv-dir", "--as-of", "0 all fine", "4 not enough history"):
        assert word in text
