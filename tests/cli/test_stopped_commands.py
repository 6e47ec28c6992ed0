"""A long command stopped by ^C ends at once, in one line, as a shell expects it, and leaves no half of an answer."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from forecasting.errors import ConfigError
from tests.support.terminal import ROOT
from tests.support.waiting import PATIENCE_S
from tui.cli_evaluate import write_json

EVALUATE = ("evaluate", "--test-start", "2024-01-02")
BACKTEST = ("backtest", "--test-start", "2024-01-02")
AS_130 = 130, -signal.SIGINT      # what a shell calls 130; Python ends by the signal where it came in an import


@pytest.mark.parametrize(("words", "stage"), [(EVALUATE, "evaluate"), (BACKTEST, "read")])
def test_a_command_stopped_at_its_work_says_so_and_writes_nothing(
    words: tuple[str, ...], stage: str, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.json"
    command = [sys.executable, "-m", "tui", "--source", "simulated", "--data-dir", str(tmp_path / "data"), *words]
    process = subprocess.Popen(
        [*command, "--json", str(answer)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if f'"stage": "{stage}"' in line:
            break
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=PATIENCE_S)

    assert process.returncode in AS_130
    assert said == ""
    assert [line for line in told.splitlines() if not line.startswith("{")] == ["tapecast: stopped"]
    assert not answer.exists()


def test_an_answer_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--json .*: Is a directory; name a file in a folder of yours"):
        write_json({"rows": []}, tmp_path)


def test_an_answer_that_is_no_json_leaves_the_old_one_alone(tmp_path: Path) -> None:
    old = tmp_path / "answer.json"
    old.write_text("old")
    with pytest.raises(ValueError, match="JSON"):
        write_json({"rows": [float("nan")]}, old)
    assert old.read_text() == "old"
