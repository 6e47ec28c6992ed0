"""What all tests of the command line start from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.command_line import Result, Run
from tui import cli


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path) -> Run:
    config = tmp_path / "empty.toml"
    config.write_text("")
    monkeypatch.setenv("TAPECAST_CONFIG", str(config))

    def call(*words: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["tapecast", "--data-dir", str(data), *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, captured.out, captured.err)

    return call
