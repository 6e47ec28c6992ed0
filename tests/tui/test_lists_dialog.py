"""Lists made, renamed, reordered and deleted by keyboard, and a symbol put on others; each can be undone."""

from __future__ import annotations

from textual.widgets import Input

from tests.support.tui import cursor_symbol, fake, main_screen, make_app, press, symbols_shown
from tui.app import TapecastApp
from tui.widgets.menu import Menu
from tui.widgets.words import Words

SIZE = (120, 35)


def names(app: TapecastApp) -> list[str]:
    return [group.title for group in fake(app).groups]


def rows(app: TapecastApp) -> list[str]:
    return [" ".join(row.plain.split()) for row in app.screen.query_one(Menu).rows]


def said(app: TapecastApp) -> str:
    return app.screen.query_one("#said", Words).text.plain


async def test_the_dialog_names_the_lists_with_what_is_on_them() -> None:
    app = make_app("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "L")
        assert rows(app) == ["Core 2 symbols has NVDA", "Tech 4 symbols has NVDA"]


async def test_a_new_list_is_made_shown_and_undone() -> None:
    app = make_app("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "L", "n", *"Mine", "enter")
        assert (names(app), rows(app)[-1]) == (["Core", "Tech", "Mine"], "Mine 0 symbols")
        await press(pilot, "enter")
        assert main_screen(app).place.group_name == "Mine"
        await press(pilot, "u")
        assert names(app) == ["Core", "Tech"]


async def test_a_smart_list_is_asked_for_its_name_and_its_condition() -> None:
    app = make_app("NVDA", "AAPL", "SAP.DE")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "L", "f", *"Buys", "enter", *"signal == bui (", "enter")
        assert names(app) == ["Core", "Tech"]
        assert said(app)
        app.screen.query_one(Input).value = "signal == buy"
        await press(pilot, "enter", "enter")
        assert symbols_shown(app) == ["NVDA", "SAP.DE"]
        await press(pilot, "a")      # refused: nothing is put on a smart list by hand
        assert len(app.screen_stack) == 1
        await press(pilot, "L", "e")
        app.screen.query_one(Input).value = "symbol == AAPL"
        await press(pilot, "enter", "escape")
        assert symbols_shown(app) == ["AAPL"]


async def test_the_list_on_screen_stays_on_screen_under_its_new_name() -> None:
    app = make_app("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "right_square_bracket", "L", "r", *"Technik", "enter", "escape")
        assert (names(app), main_screen(app).place.group_name) == (["Core", "Technik"], "Technik")
        await press(pilot, "L", "r")
        app.screen.query_one(Input).value = "Core"
        await press(pilot, "enter")
        assert said(app) == "there is a list 'Core' already"
        await press(pilot, "escape", "escape")
        assert len(app.screen_stack) == 1


async def test_lists_are_reordered_and_the_cursor_goes_along() -> None:
    app = make_app("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "L", "J")
        assert names(app) == ["Tech", "Core"]
        assert app.screen.query_one(Menu).at == 1
        await press(pilot, "K", "K")
        assert names(app) == ["Core", "Tech"]


async def test_a_deleted_list_comes_back_with_undo_and_the_last_one_stays() -> None:
    app = make_app("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "L", "x")
        assert names(app) == ["Tech"]
        await press(pilot, "x")
        assert said(app) == "'Tech' is the only list with symbols of its own; make another one first"
        await press(pilot, "u")
        assert rows(app)[0] == "Core 1 symbol has NVDA"


async def test_the_selected_symbol_is_copied_or_moved_to_another_list() -> None:
    app = make_app("NVDA", "AAPL", "TSM")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "L", "j", "c", "escape")
        assert [group.symbols for group in fake(app).groups][1][-1] == "AAPL"
        await press(pilot, "u", "L", "j", "m", "escape")
        assert [group.symbols[-1] for group in fake(app).groups] == ["TSM", "AAPL"]
        assert cursor_symbol(app) in ("NVDA", "TSM")
        await press(pilot, "u")
        assert symbols_shown(app) == ["NVDA", "AAPL", "TSM"]


async def test_removing_from_everything_takes_it_off_every_list_in_one_step() -> None:
    app = make_app("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "left_square_bracket")
        assert symbols_shown(app)[:2] == ["NVDA", "AAPL"]
        await press(pilot, "x")
        assert all("NVDA" not in group.symbols for group in fake(app).groups)
        await press(pilot, "u")
        assert all("NVDA" in group.symbols for group in fake(app).groups)


async def test_a_list_that_alert_rules_are_about_is_not_taken_away_in_silence() -> None:
    app = make_app("NVDA")
    fake(app).alerts.add("last > 1", group="Core")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "L", "x")
        assert said(app) == "alert rules are about Core: they rest until a list is called so; u undoes"
        await press(pilot, "u", "r", *"Home", "enter")      # they go by the new name
        assert said(app) == ""


async def test_behind_the_privacy_mask_no_condition_tells_an_amount() -> None:
    app = make_app("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "L", "f", *"Rich", "enter")
        app.screen.query_one(Input).value = "position.value > 98765 and rsi < 30"
        await press(pilot, "enter", "escape", "P", "L")
        assert rows(app)[-1] == "*Rich position.value > *** and rsi < ***"
        await press(pilot, "escape", "left_square_bracket")
        assert "98765" not in main_screen(app).query_one("#empty", Words).text.plain
        await press(pilot, "P")
        assert "98765" in main_screen(app).query_one("#empty", Words).text.plain
