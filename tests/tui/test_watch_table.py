"""The watch table: what scrolls, what the mouse does, and how little is painted."""

from __future__ import annotations

import pytest

from tests.support.many_rows_app import ManyRows
from tests.support.tui import cursor_symbol, main_screen, make_app, press, settle, symbols_shown
from tui.app import TapecastApp
from tui.widgets.watch_table import WatchTable


def an_app(rows: int) -> TapecastApp:
    return TapecastApp(ManyRows(rows), monotonic=lambda: 0.0)


def first_shown(app: TapecastApp) -> str:
    return main_screen(app).query_one(WatchTable).render_line(1).text.split()[0]


async def test_the_cursor_stays_in_sight_where_it_moves_or_the_rows_do() -> None:
    app = an_app(200)
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.pause()
        table = main_screen(app).query_one(WatchTable)
        for keys in (("G",), ("s",), ("S",), ("g", "g")):
            await press(pilot, *keys)
            await pilot.pause()
            line = table.cursor_row + 1 - table.scroll_offset.y
            assert 1 <= line < table.size.height
            assert table.render_line(line).text.split()[0] == cursor_symbol(app)


async def test_a_filter_leaves_the_rows_it_finds_and_taken_back_all_of_them() -> None:
    app = an_app(200)
    async with app.run_test(size=(120, 35)) as pilot:
        await press(pilot, "G", "/", *"S001")
        assert symbols_shown(app) == [f"S{i:04d}" for i in range(10, 20)]
        assert first_shown(app) == "S0010"
        await press(pilot, "escape")
        assert len(symbols_shown(app)) == 200


async def test_the_wheel_may_leave_the_cursor_behind() -> None:
    app = an_app(200)
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.pause()
        main_screen(app).query_one(WatchTable).scroll_to(y=50, animate=False)
        main_screen(app).show()
        await pilot.pause()
        assert first_shown(app) == "S0050"


async def test_a_click_moves_the_cursor_and_a_second_one_opens_the_chart() -> None:
    app = an_app(5)
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.pause()
        await pilot.click(WatchTable, offset=(3, 4))
        await pilot.pause()
        assert cursor_symbol(app) == "S0003"
        await pilot.click(WatchTable, offset=(3, 4))
        await pilot.pause()
        assert main_screen(app).view.id == "chart"


async def test_what_moves_the_cursor_lays_nothing_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        laid_out: list[bool] = []
        screen = main_screen(app)
        monkeypatch.setattr(screen, "_refresh_layout", lambda *args, **kwargs: laid_out.append(True))
        await press(pilot, "j", "k")
        assert laid_out == []
