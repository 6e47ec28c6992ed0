"""What tapecast writes is its owner's alone, however open the umask it is started under."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminal import ROOT

SMALL = "[model]\nseeds = 1\nepochs = 1\nhidden = 4\nhistory_years = 2\n"


def modes(folder: Path) -> dict[str, int]:
    """Permissions of a folder and of everything in it."""
    return {str(p.relative_to(folder.parent)): stat.S_IMODE(p.lstat().st_mode) for p in (folder, *folder.rglob("*"))}


@pytest.mark.skipif(os.name != "posix", reason="no such permissions elsewhere")
def test_folders_are_0700_and_files_0600_under_any_umask(tmp_path: Path) -> None:
    config, data, out = tmp_path / "config.toml", tmp_path / "deep" / "data", tmp_path / "out"
    config.write_text(SMALL)
    where = ["--config", str(config), "--source", "simulated", "--data-dir", str(data)]
    for words in (
        ["print", "--json"], ["train", "--json", "-"], ["store", "backup"], ["export", "--to", f"{out}.jsonl"],
        ["export", "--to", str(out), "--format", "csv"], ["doctor", "--json"],
    ):
        command = [sys.executable, "-m", "tui", *words, *where]
        done = subprocess.run(command, cwd=ROOT, umask=0, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)

    found = {**modes(tmp_path / "deep"), **modes(out), **modes(Path(f"{out}.jsonl"))}
    wrong = {name: oct(mode) for name, mode in found.items() if mode & 0o077}
    assert wrong == {}
    assert any(name.endswith(".safetensors") for name in found)
    assert any(name.endswith("store.db") for name in found)
