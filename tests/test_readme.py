"""What README says can be pasted: its first two commands are those of CI, and every other one is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tui.cli import cli

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_ci_runs_exactly_the_test_command_of_readme() -> None:
    start, test = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert start.endswith("tapecast --demo")
    assert test in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_readme_names_every_option_and_exit_code_of_the_command_line() -> None:
    for word in ("--config", "--data-dir", "--source", "--csv-dir", "--as-of", "0 all fine", "4 not enough history"):
        assert word in README


@pytest.mark.parametrize("line", re.findall(r"^tapecast .+$", README, re.MULTILINE))
def test_every_command_of_readme_is_one_that_there_is(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    answer = CliRunner().invoke(cli, [*words, "--help"])      # its words are read, and nothing is done
    assert answer.exit_code == 0, answer.output
