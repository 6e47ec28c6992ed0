"""Columns chosen, ordered and sorted by, by keyboard."""

from __future__ import annotations

import pytest

from forecasting.domain.columns import COLUMN_KEYS
from tests.support.tui import fake, main_screen, make_app, press, symbols_shown
from tui.app import TapecastApp
from tui.widgets.columns import BY_KEY, COLUMNS, MEANINGS
from tui.widgets.menu import Menu
from tui.widgets.row_order import SORT_KEYS
from tui.widgets.watch_table import WatchTable

SIZE = (120, 35)


def shown(app: TapecastApp) -> list[str]:
    return [column.key for column in main_screen(app).query_one(WatchTable).columns]


def first_line(app: TapecastApp) -> str:
    return main_screen(app).query_one(WatchTable).render_line(0).text.rstrip()


def test_each_column_has_a_name_a_meaning_a_look_and_an_order() -> None:
    assert set(COLUMN_KEYS) == set(BY_KEY) == set(MEANINGS) == set(SORT_KEYS)
    assert COLUMN_KEYS[: len(COLUMNS)] == tuple(column.key for column in COLUMNS)


async def test_a_column_is_shown_moved_and_undone() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "C", *"j" * 9, "space", *"K" * 8, "enter")      # name, behind the symbol
        assert shown(app) == ["symbol", "name", *(column.key for column in COLUMNS[1:])]
        assert fake(app).columns.keys == tuple(shown(app))
        await press(pilot, "u")
        assert shown(app) == [column.key for column in COLUMNS]
        assert fake(app).columns.keys == ()


async def test_hidden_columns_go_and_escape_changes_nothing() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "C", "j", "j", "j", "space", "enter")
        assert "spark" not in shown(app)
        await press(pilot, "C", "j", "space", "escape")
        assert "last" in shown(app)
        await press(pilot, "C", "d", "enter")
        assert fake(app).columns.keys == ()


async def test_the_symbol_is_always_there_and_first() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "C", "space", "J", "j", "K", "K", "enter")
        assert shown(app)[:2] == ["symbol", "last"]
        fake(app).columns.choose(("rsi",))
        main_screen(app).show()
        assert shown(app) == ["symbol", "rsi"]


async def test_any_column_is_sorted_by_from_the_dialog_shown_or_not() -> None:
    app = make_app("NVDA", "AAPL", "TSM", "SAP.DE")
    async with app.run_test(size=SIZE) as pilot:
        row = COLUMN_KEYS.index("rsi")
        await press(pilot, "C", *"j" * row, "s", "enter")
        place = main_screen(app).place
        assert place.order.column == "rsi"
        ordered = symbols_shown(app)
        values = {row.symbol: row.rsi for row in place.rows()}
        assert ordered == sorted(values, key=lambda symbol: values[symbol] or 0.0)
        await press(pilot, "C", *"j" * row, "s", "enter")
        assert symbols_shown(app) == ordered[::-1]
        await press(pilot, "C", *"j" * row, "s", "enter")
        assert place.order.column is None


async def test_s_goes_through_the_columns_that_are_chosen() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        fake(app).columns.choose(("symbol", "volume", "name"))
        seen = []
        for _ in range(4):
            await press(pilot, "s")
            seen.append(main_screen(app).place.order.column)
        assert seen == ["symbol", "volume", "name", None]


async def test_more_columns_than_fit_scroll_beside_the_symbol() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        fake(app).columns.choose(COLUMN_KEYS)
        main_screen(app).show()
        await pilot.pause()
        assert first_line(app).startswith("SYM           LAST    CHG%")
        await press(pilot, *"l" * 30)
        assert first_line(app).startswith("SYM")
        assert first_line(app).endswith(BY_KEY[COLUMN_KEYS[-1]].label)
        assert "NVDA" in main_screen(app).query_one(WatchTable).render_line(1).text[:6]


async def test_the_cursor_of_the_dialog_stays_in_sight_on_a_small_screen() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "C", *"j" * len(COLUMN_KEYS))
        menu = app.screen.query_one(Menu)
        assert menu.at == len(COLUMN_KEYS) - 1
        assert MEANINGS[COLUMN_KEYS[-1]] in "".join(menu.render_line(y).text for y in range(menu.size.height))


@pytest.mark.parametrize(("width", "keys", "table"), [
    (200, (), 81), (200, ("last", "rsi"), 81), (200, COLUMN_KEYS, 140), (120, COLUMN_KEYS, 81),
])
async def test_chosen_columns_get_room_where_there_is_some(width: int, keys: tuple[str, ...], table: int) -> None:
    app = make_app()
    async with app.run_test(size=(width, 40)) as pilot:
        fake(app).columns.choose(keys)
        main_screen(app).show()
        await pilot.pause()
        assert main_screen(app).query_one("#watch-left").size.width == table
