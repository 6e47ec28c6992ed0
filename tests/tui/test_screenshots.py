"""Pictures of the screen: what is in them, where they are kept, and that none is written over."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasting.errors import TapecastError
from tests.support.tui import make_app, press, settle
from tui.app import TapecastApp
from tui.screenshots import capture, keep, svg

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_picture_and_its_folder_are_their_owners_alone(tmp_path: Path) -> None:
    path = keep("<svg/>", tmp_path / "screenshots", NOON)
    assert path.name == "tapecast-2026-03-02-120000.svg"
    assert path.read_text() == "<svg/>"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_second_picture_in_the_same_second_has_a_name_of_its_own(tmp_path: Path) -> None:
    first, second = keep("one", tmp_path, NOON), keep("two", tmp_path, NOON)
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert second.name == "tapecast-2026-03-02-120000-2.svg"


def test_a_folder_that_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(TapecastError, match=r"screenshot: .*taken takes no file: .*; make room, or choose"):
        keep("<svg/>", tmp_path / "taken", NOON)


async def test_the_picture_shows_what_is_on_the_screen_and_fetches_nothing() -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        picture = svg(capture(app.screen), "tapecast")
    assert "NVDA" in picture
    assert "url(&quot;http" not in picture
    assert 'url("http' not in picture


async def test_the_key_keeps_a_picture_and_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TapecastApp, "screenshots", tmp_path / "screenshots")
    app = make_app()
    async with app.run_test(size=(200, 30)) as pilot:
        await press(pilot, "2", "Y", "Y")
        await settle(pilot)
        told = [notice.message for notice in app._notifications]
    kept = sorted((tmp_path / "screenshots").iterdir())
    assert len(kept) == 2
    assert sorted(told) == sorted(f"the screen is in {path}" for path in kept)


async def test_a_run_without_a_data_folder_says_so() -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await press(pilot, "Y")
        assert [notice.message for notice in app._notifications] == [
            "screenshot: this run has no data folder to keep one in"
        ]


def test_nobody_else_may_look_even_where_new_files_are_everybodys(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = keep("<svg/>", tmp_path / "screenshots", NOON)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
