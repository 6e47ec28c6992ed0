"""Files that commands write: whole or not at all, and nothing else is ever lost for them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from forecasting.errors import ConfigError
from forecasting.service.out_file import check_out_file, write_out_file


def check(path: Path, *, force: bool = False) -> None:
    check_out_file("--png", path, "image/png", ".png", force=force)


@pytest.mark.parametrize("name", ["a.png", "A.PNG", "chart", "BRK.B", "tmp.Xa3"])
def test_a_name_that_says_nothing_else_is_taken(tmp_path: Path, name: str) -> None:
    check(tmp_path / name)


@pytest.mark.parametrize(("name", "says"), [
    ("a.gif", "image/gif"), ("a.svg", r"image/svg\+xml"), ("a.pdf", "application/pdf"), ("a.png.gz", "gzip"),
])
def test_a_name_that_says_something_else_is_refused(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=f"its name says {says}, and --png writes image/png; name it a"):
        check(tmp_path / name, force=True)


def test_what_is_no_ordinary_file_is_never_replaced(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link, tmp_path):
        with pytest.raises(ConfigError, match="it is no ordinary file; name another, or - for standard output"):
            check(path, force=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("of", ["folder", "file"])
def test_where_one_may_not_write_is_told_before_any_work(tmp_path: Path, of: str) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"mine")
    (tmp_path if of == "folder" else file).chmod(0o500)
    try:
        with pytest.raises(ConfigError, match="not allowed to write there"):
            check(file, force=True)
    finally:
        tmp_path.chmod(0o700)


def test_a_link_keeps_leading_to_the_file_it_led_to(tmp_path: Path) -> None:
    file, link = tmp_path / "a.png", tmp_path / "link.png"
    file.write_bytes(b"old")
    link.symlink_to(file)
    with pytest.raises(ConfigError, match="it is there already"):
        check(link)
    check(link, force=True)
    write_out_file(link, b"new", force=True)
    assert (link.is_symlink(), file.read_bytes()) == (True, b"new")


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_one_that_is_stopped_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool, call: str
) -> None:
    file = tmp_path / "a.png"
    if force:
        file.write_bytes(b"old")

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, call, stopped)
    with pytest.raises(KeyboardInterrupt):
        write_out_file(file, b"new", force=force)
    assert {f.name: f.read_bytes() for f in tmp_path.iterdir()} == ({"a.png": b"old"} if force else {})


def test_one_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"theirs")
    with pytest.raises(ConfigError, match="it is there already"):
        write_out_file(file, b"new", force=False)
    assert [f.read_bytes() for f in tmp_path.iterdir()] == [b"theirs"]


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    write_out_file(tmp_path / "a.png", b"new", force=False)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o600
