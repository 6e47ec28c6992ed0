"""What a person sees of an edit of config.toml while the app runs."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

from forecasting.config import load
from forecasting.service.reloading import Reloading
from tests.support.fake_engine import FakeEngine
from tests.support.tui import main_screen, press, settle
from tui.app import TapecastApp
from tui.edited_settings import EditedSettings
from tui.widgets.watch_table import WatchTable

_TIMES = count(1_700_000_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(path := tmp_path / "config.toml", "")
    return path


def write(file: Path, text: str) -> None:
    file.write_text(text)
    os.utime(file, (moment := next(_TIMES), moment))


def made(file: Path, theme: str = "tapecast") -> tuple[TapecastApp, EditedSettings]:
    app = TapecastApp(FakeEngine("NVDA", "AAPL"), theme=theme, monotonic=lambda: 0.0)
    return app, EditedSettings(app, Reloading(load(file), lambda: load(file), lambda settings: None))


def toasts(app: TapecastApp) -> list[str]:
    return [note.message for note in app._notifications]


async def test_theme_and_keys_change_while_the_app_runs(file: Path) -> None:
    app, edited = made(file)
    async with app.run_test(size=(120, 35)) as pilot:
        write(file, '[display]\ntheme = "light"\n[keys]\nbare = "X"\nhelp = "ctrl+s"')
        edited.look()
        await settle(pilot)
        assert app.theme == "tapecast-light"
        assert toasts(app) == [
            f"{file} read anew: [display], [keys]",
            "key for 'help': ^s belongs to the terminal or a multiplexer; the default stays",
        ]
        await press(pilot, "X")
        assert main_screen(app).has_class("-bare")
        await press(pilot, "X", "z")
        assert not main_screen(app).has_class("-bare")      # z is nobody's now
        await press(pilot, "question_mark")
        assert len(app.screen_stack) == 2


async def test_columns_written_into_the_file_are_shown_and_those_chosen_by_key_outlive_other_edits(file: Path) -> None:
    app, edited = made(file)
    async with app.run_test(size=(120, 35)) as pilot:
        write(file, '[display]\ncolumns = ["last", "rsi"]')
        edited.look()
        await settle(pilot)
        table = main_screen(app).query_one(WatchTable)
        assert [column.key for column in table.columns] == ["symbol", "last", "rsi"]
        app.engine.columns.choose(("name",))
        write(file, '[display]\ncolumns = ["last", "rsi"]\nbell = false')
        edited.look()
        await settle(pilot)
        assert [column.key for column in table.columns] == ["symbol", "name"]


async def test_columns_that_the_app_itself_writes_down_are_no_edit(file: Path) -> None:
    app, edited = made(file)
    async with app.run_test(size=(120, 35)) as pilot:
        app.engine.columns.choose(("name",))
        write(file, '[display]\ncolumns = ["name"]')
        edited.look()
        await settle(pilot)
        assert toasts(app) == []


async def test_a_theme_there_is_not_is_told_at_the_start_and_in_an_edit(file: Path) -> None:
    app, edited = made(file, theme="tapcast")
    async with app.run_test(size=(120, 35)) as pilot:
        assert toasts(app) == ["theme 'tapcast': no such theme; did you mean 'tapecast'?"]
        write(file, '[display]\ntheme = "lihgt"')
        edited.look()
        await settle(pilot)
        assert app.theme == "tapecast"
        assert toasts(app)[-1] == "theme 'lihgt': no such theme; did you mean 'light'?"


async def test_a_theme_chosen_by_key_outlives_an_edit_of_something_else(file: Path) -> None:
    app, edited = made(file)
    async with app.run_test(size=(120, 35)) as pilot:
        await press(pilot, "t")
        chosen = app.theme
        assert chosen != "tapecast"
        write(file, "[display]\nbell = false")
        edited.look()
        await settle(pilot)
        assert (app.theme, app._bell) == (chosen, False)


async def test_a_broken_edit_stays_in_the_footer_until_it_is_mended(file: Path) -> None:
    app, edited = made(file)
    async with app.run_test(size=(200, 50)) as pilot:
        write(file, "[display]\ntheme = light")
        edited.look()
        await settle(pilot)
        screen = main_screen(app)
        first = screen.place.snapshot.notices[0]
        assert first.startswith(f"{file}:2:9: not TOML")
        assert first.endswith("the edit is not in force, what was set before stays")
        app.engine.push()  # type: ignore[attr-defined]
        await settle(pilot)
        assert screen.place.snapshot.notices[0] == first
        write(file, '[display]\ntheme = "light"')
        edited.look()
        await settle(pilot)
        assert app.theme == "tapecast-light"
        assert first not in screen.place.snapshot.notices


async def test_a_broken_edit_that_is_taken_back_leaves_the_footer_too(file: Path) -> None:
    app, edited = made(file)
    async with app.run_test(size=(200, 50)) as pilot:
        before = main_screen(app).place.snapshot.notices
        write(file, "[display]\ntheme = light")
        edited.look()
        await settle(pilot)
        assert len(main_screen(app).place.snapshot.notices) == len(before) + 1
        write(file, "")
        edited.look()
        await settle(pilot)
        assert main_screen(app).place.snapshot.notices == before
        assert len(toasts(app)) == 1      # nothing has changed, so nothing is said to have


async def test_a_broken_file_that_is_taken_away_is_called_gone_until_it_comes_back(file: Path) -> None:
    app, edited = made(file)
    async with app.run_test(size=(200, 50)) as pilot:
        before = main_screen(app).place.snapshot.notices
        write(file, "[display]\ntheme = light")
        edited.look()
        await settle(pilot)
        file.unlink()
        for _ in range(2):
            edited.look()
            await settle(pilot)
        assert main_screen(app).place.snapshot.notices[0].startswith(f"{file}: gone; what it set stays")
        write(file, "")
        edited.look()
        await settle(pilot)
        assert main_screen(app).place.snapshot.notices == before
