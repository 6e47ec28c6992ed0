"""What each key does, driven through the running app."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Input, Label, OptionList

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot
from forecasting.service.delivery import Show
from forecasting.service.facade import OnSnapshot, RunInThread
from tests.support.fake_engine import CORE
from tests.support.tui import cursor_symbol, fake, main_screen, make_app, press, settle, symbols_shown
from tui.dialogs.add_symbol import AddSymbol
from tui.dialogs.help import Help
from tui.screens.view import View
from tui.widgets.words import Words

SIZE = (120, 35)


@pytest.fixture(autouse=True)
def _no_details(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most keys need no charts; a test that does asks for `details`."""
    monkeypatch.setattr("tui.screens.stage.DETAIL_DELAY", 60.0)


@pytest.fixture
def details(monkeypatch: pytest.MonkeyPatch, _no_details: None) -> None:
    monkeypatch.setattr("tui.screens.stage.DETAIL_DELAY", 0.001)


def view_id(app: object) -> str | None:
    return main_screen(app).view.id  # type: ignore[arg-type]


async def test_rows_are_painted_before_the_engine_starts() -> None:
    app = make_app()
    painted_before_start: list[list[str]] = []
    start = fake(app).start

    def watched_start(on_snapshot: OnSnapshot, run_in_thread: RunInThread, show: Show | None = None) -> None:
        painted_before_start.append(symbols_shown(app))
        start(on_snapshot, run_in_thread, show)

    fake(app).start = watched_start  # type: ignore[method-assign]
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
    assert painted_before_start == [list(CORE)]


async def test_movement_keys_put_the_cursor_on_a_symbol() -> None:
    steps = (
        ("j", "AAPL"), ("down", "^GSPC"), ("up", "AAPL"), ("k", "NVDA"), ("k", "NVDA"),
        ("G", "BADSYM"), ("j", "BADSYM"), ("g g", "NVDA"),
        ("end", "BADSYM"), ("home", "NVDA"), ("n", "AAPL"), ("N", "NVDA"), ("pagedown", "BADSYM"),
        ("pageup", "NVDA"), ("ctrl+d", "BADSYM"), ("ctrl+u", "NVDA"), ("g j", "AAPL"),
    )
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        came = []
        for keys, _ in steps:
            await pilot.press(*keys.split())
            came.append((keys, cursor_symbol(app)))
        assert tuple(came) == steps


async def test_number_keys_and_tab_change_the_view() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        seen = []
        for key in ("2", "3", "4", "exclamation_mark", "5", "6", "1", "tab", "tab", "shift+tab"):
            await press(pilot, key)
            seen.append(view_id(app))
        assert seen == [
            "chart", "accuracy", "signals", "health", "backtest", "models", "watch", "chart", "accuracy", "chart",
        ]


async def test_enter_opens_the_chart_and_q_goes_back_then_quits() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "enter")
        await settle(pilot)
        assert view_id(app) == "chart"
        await press(pilot, "q")
        assert view_id(app) == "watch"
        await press(pilot, "q")
    assert app.return_code == 0
    assert fake(app).calls[-1] == ("stop",)


async def test_escape_closes_layers_but_never_quits() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "question_mark")
        assert isinstance(app.screen, Help)
        await press(pilot, "escape", "2", "escape", "escape", "escape")
        assert view_id(app) == "watch"
        assert app.is_running


async def test_ctrl_c_quits_from_a_dialog() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "a")
        assert isinstance(app.screen, AddSymbol)
        await press(pilot, "ctrl+c")
        assert app._exit
    assert fake(app).calls[-1] == ("stop",)


async def test_brackets_change_the_list() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "right_square_bracket")
        assert symbols_shown(app) == ["MSFT", "AMD", "INTC", "NVDA"]
        await press(pilot, "left_square_bracket")
        assert symbols_shown(app)[0] == "NVDA"


async def test_filter_narrows_while_typing_enter_keeps_it_and_escape_clears_it() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "slash", "a", "p")
        assert symbols_shown(app) == ["AAPL", "SAP.DE"]
        await press(pilot, "enter", "n")
        assert cursor_symbol(app) == "SAP.DE"
        await press(pilot, "escape")
        assert len(symbols_shown(app)) == 9
        assert cursor_symbol(app) == "SAP.DE"


async def test_a_filter_that_matches_nothing_says_so() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "slash", "q", "q", "q")
        assert symbols_shown(app) == []
        assert main_screen(app).query_one("#empty").display


async def test_a_condition_filters_by_figures_and_a_wrong_one_leaves_the_rows_and_stays_to_be_mended() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        everything = symbols_shown(app)
        await press(pilot, "slash", *"last>300", "enter")
        main = main_screen(app)
        assert symbols_shown(app) == [
            str(r.symbol) for s in CORE if (r := main.place.snapshot.row(Symbol(s))) and r.last and r.last > 300
        ]
        assert 0 < len(symbols_shown(app)) < len(everything)
        note = main.query_one("#filter-note", Words)
        assert (note.display, note.text.plain) == (
            True, f"filter: last>300   {len(symbols_shown(app))} of {len(everything)} rows; Esc clears it"
        )
        await press(pilot, "escape", "slash", *"lest>300", "enter")
        assert symbols_shown(app) == everything
        assert note.text.plain == "no field 'lest'; did you mean last? (at 1: lest>300)"
        assert main.query_one("#filter").has_focus
        await press(pilot, "escape")
        assert not note.display


async def test_the_last_word_of_a_condition_is_completed() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "slash", *"rsi>50 and forecast_5d_", "right")
        assert main_screen(app).query_one("#filter", Input).value == "rsi>50 and forecast_5d_pct"


async def test_adding_a_symbol_selects_it_and_undo_takes_it_off() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "a", "I", "B", "M", "enter")
        assert symbols_shown(app)[-1] == "IBM"
        assert cursor_symbol(app) == "IBM"
        await press(pilot, "u")
        assert "IBM" not in symbols_shown(app)


async def test_undo_takes_a_removal_back_though_an_edit_of_the_settings_has_made_the_engine_anew() -> None:
    app = make_app("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "x")
        former = fake(app).lists
        fake(app).groups = former.groups
        fake(app).lists.inherit(former)
        await press(pilot, "u")
        assert symbols_shown(app) == ["NVDA", "AAPL"]


@pytest.mark.parametrize(("typed", "said"), [("nv!da", "no ticker symbol"), ("NVDA", "already")])
async def test_a_symbol_that_cannot_be_added_leaves_the_dialog_open_with_the_reason(typed: str, said: str) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "a")
        assert isinstance(app.screen, AddSymbol)
        app.screen.query_one(Input).value = typed
        await press(pilot, "enter")
        await settle(pilot)
        assert said in str(app.screen.query_one("#said", Label).content)
        await press(pilot, "escape")
        assert len(symbols_shown(app)) == 9


async def test_removing_the_last_row_moves_the_cursor_up_and_undo_brings_it_back() -> None:
    app = make_app("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "G", "x")
        assert symbols_shown(app) == ["NVDA"]
        assert cursor_symbol(app) == "NVDA"
        await press(pilot, "x")
        assert main_screen(app).query_one("#empty").display
        await press(pilot, "x", "u", "u")
        assert symbols_shown(app) == ["NVDA", "AAPL"]


async def test_sorting_keeps_the_cursor_on_its_symbol_and_stays_in_force_when_prices_change() -> None:
    app = make_app("NVDA", "AAPL", "BTC-USD", "BADSYM")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "s")
        assert symbols_shown(app) == ["AAPL", "BADSYM", "BTC-USD", "NVDA"]
        assert cursor_symbol(app) == "AAPL"
        await press(pilot, "s", "S")
        assert symbols_shown(app) == ["BTC-USD", "NVDA", "AAPL", "BADSYM"]      # by price, highest first

        def cheap_bitcoin(snapshot: Snapshot) -> Snapshot:
            rows = tuple(replace(row, last=1.0) if row.symbol == "BTC-USD" else row for row in snapshot.rows)
            return replace(snapshot, rows=rows)

        fake(app).push(cheap_bitcoin)
        await pilot.pause()
        assert symbols_shown(app) == ["NVDA", "AAPL", "BTC-USD", "BADSYM"]
        assert cursor_symbol(app) == "AAPL"


async def test_timeframe_and_switches_change_the_chart() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "2", "comma", "comma")
        assert main_screen(app).options.name == "1mo"
        await press(pilot, "full_stop", "c", "i", "v", "f")
        await settle(pilot)
        options = main_screen(app).options
        assert (options.name, options.candles, options.indicators, options.volume, options.forecast) == (
            "3mo", True, False, False, False,
        )
        assert not main_screen(app).query_one("#chart-rsi").display


@pytest.mark.usefixtures("details")
async def test_the_cross_hair_reads_the_bar_it_is_moved_to() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "2")
        await settle(pilot)
        await press(pilot, "h", "h")
        assert "2026-02-26" in str(main_screen(app).query_one("#readout").render())
        await press(pilot, "l", "l", "l")
        assert "2026-02-27" in str(main_screen(app).query_one("#readout").render())


async def test_pause_shows_a_banner_and_resumes() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "p")
        assert fake(app).paused
        assert main_screen(app).query_one("#banner").display
        await press(pilot, "p")
        assert not main_screen(app).query_one("#banner").display


async def test_replay_keys_steer_a_replay_and_explain_themselves_otherwise() -> None:
    app = make_app(replaying=True)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "plus", "plus", "minus", "greater_than_sign")
        assert fake(app).speed == 2.0
        assert ("jump", 1) in fake(app).calls
    live = make_app()
    async with live.run_test(size=SIZE) as pilot:
        await press(pilot, "plus")
        assert fake(live).speed == 1.0


async def test_theme_and_bare_mode_go_round() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "t")
        assert app.theme == "tapecast-dark"
        await press(pilot, "z")
        assert not main_screen(app).query_one("#truth").display
        await press(pilot, "escape")
        assert main_screen(app).query_one("#truth").display


async def test_help_finds_keys_by_words() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "f1", *"replay")
        assert isinstance(app.screen, Help)
        assert app.screen.shown == ("pause", "slower", "faster", "jump")


async def test_the_palette_offers_the_key_map_and_runs_an_entry() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "colon")
        app.screen.query_one(Input).value = "how good the forecasts"
        while not app.screen.query_one(OptionList).option_count:
            await pilot.pause(0.02)
        await press(pilot, "enter")
        assert view_id(app) == "accuracy"


async def test_an_overridden_key_works_and_a_conflict_is_told() -> None:
    app = make_app(keys={"remove": "d", "undo": "a", "ad": "b"})
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "x")
        assert len(symbols_shown(app)) == 9
        await press(pilot, "d")
        assert len(symbols_shown(app)) == 8
        told = [notice.message for notice in app._notifications]
    assert any("a is taken by 'add'" in text for text in told)
    assert any("did you mean 'add'" in text for text in told)


async def test_ctrl_q_and_ctrl_s_stay_with_the_terminal() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "ctrl+q", "ctrl+s", "ctrl+a", "ctrl+b")
        assert app.is_running
        assert isinstance(main_screen(app).view, View)
