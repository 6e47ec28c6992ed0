"""Alerts by key: rules are added, muted, removed; alerts are seen, listed and followed to their charts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import Input

from forecasting.domain.decision import AlertRule
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from tests.support.fake_alerts import fill_alerts
from tests.support.fake_engine import NOW
from tests.support.tui import cursor_symbol, fake, main_screen, make_app, press, settle
from tui.app import TapecastApp
from tui.dialogs.new_alert import NewAlert
from tui.screens.signals import SignalsView
from tui.widgets.choice import Choice
from tui.widgets.record_table import RecordTable
from tui.widgets.signal_log import SignalLog
from tui.widgets.truth_line import TruthLine
from tui.widgets.watch_table import WatchTable
from tui.widgets.words import Words

SIZE = (120, 35)


@pytest.fixture(autouse=True)
def _no_details(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.stage.DETAIL_DELAY", 60.0)


@pytest.fixture
def app() -> TapecastApp:
    """With four rules and four alerts, two of them unseen: NVDA's newest, and SAP.DE's late one."""
    app = make_app()
    fill_alerts(fake(app).fake_alerts, fake(app).alerts, NOW)
    return app


def rules(app: TapecastApp) -> list[AlertRule]:
    return list(fake(app).fake_alerts.rules())


def unseen(app: TapecastApp) -> list[int]:
    return [alert.id for alert in fake(app).alerts.unseen()]


def said(app: TapecastApp) -> str:
    """The newest toast."""
    return list(app._notifications)[-1].message


def text(app: TapecastApp, name: str) -> str:
    return app.screen.query_one(name, Words).text.plain


def asks(app: TapecastApp) -> bool:
    """Whether the dialog is open."""
    return isinstance(app.screen, NewAlert)


def symbol_cells(app: TapecastApp) -> list[str]:
    table = main_screen(app).query_one(WatchTable)
    return [table.render_line(y).text[: table.columns[0].width].strip() for y in range(1, len(table.rows) + 1)]


def details(app: TapecastApp) -> list[str]:
    return text(app, "#record-details").splitlines()


# The dialog.


async def test_a_rule_is_read_while_it_is_typed_and_enter_puts_it_in_force() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "A")
        assert asks(app)
        assert "rsi crosses above 30" in text(app, "#said")
        await press(pilot, *"rsi<30 and cros")
        assert text(app, "#pointer") == " " * 11 + "^"
        assert text(app, "#said").startswith("no field 'cros'")
        await press(pilot, *["backspace"] * 4, *"macd_h", "right")
        assert app.screen.query_one(Input).value == "rsi<30 and macd_hist"
        await press(pilot, *">0 for 3 bars")
        assert text(app, "#pointer") == ""
        assert text(app, "#said") == "when it comes true: rsi < 30 and (macd_hist > 0 for 3 bars)\nneeds 36 bars"
        await press(pilot, "enter")
        assert not asks(app)
    (rule,) = rules(app)
    assert (rule.text, rule.symbols, rule.group, rule.cooldown_s) == (
        "rsi<30 and macd_hist>0 for 3 bars", ("AAPL",), None, 900.0,
    )
    assert said(app) == "alert 1 for AAPL: rsi<30 and macd_hist>0 for 3 bars"


@pytest.mark.parametrize(
    ("keys", "symbols", "group", "cooldown_s"),
    [
        (("tab", "right", "enter"), (), "Core", 900.0),
        (("tab", "left", "tab", "space", "space", "enter"), (), None, 86_400.0),
        (("tab", "tab", "h", "enter"), ("NVDA",), None, 0.0),
    ],
)
async def test_arrows_choose_for_whom_and_how_soon_again(
    keys: tuple[str, ...], symbols: tuple[str, ...], group: str | None, cooldown_s: float
) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "A", *"last > 1", *keys)
    (rule,) = rules(app)
    assert (rule.symbols, rule.group, rule.cooldown_s) == (symbols, group, cooldown_s)


async def test_a_rule_for_the_smart_list_on_screen_is_about_whoever_is_on_it() -> None:
    app = make_app("NVDA", "AAPL")
    fake(app).lists.create("Buys", "signal == buy")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "left_square_bracket", "A", *"last > 1", "tab", "right")
        assert "*Buys" in app.screen.query_one("#whose", Choice).render().plain
        await press(pilot, "enter")
    (rule,) = rules(app)
    assert (rule.symbols, rule.group) == ((), "Buys")


async def test_a_rule_that_cannot_be_read_stays_to_be_mended_and_escape_gives_it_up() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "A", "enter")
        assert "the rule is empty" in text(app, "#said")
        await press(pilot, *"last crosses [red]", "enter")
        assert "[" in text(app, "#said")
        await press(pilot, "escape")
        assert not asks(app)
    assert rules(app) == []


async def test_the_dialog_tells_how_many_bars_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.stage.DETAIL_DELAY", 0.001)
    app = make_app("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "A", *"average(400 bars) > 1")
        assert text(app, "#said").endswith("needs 400 bars, NVDA has 320")
        await press(pilot, "tab", "right")
        assert text(app, "#said").endswith("needs 400 bars")


async def test_a_click_chooses_for_whom() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "A", *"last > 1")
        await pilot.click("#whose", offset=(28, 0))
        await press(pilot, "enter")
    assert rules(app)[0].group == "Core"


async def test_where_nothing_is_watched_a_rule_is_for_all_that_will_be() -> None:
    app = make_app()
    fake(app).groups = ()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "A", *"last > 1", "enter")
    assert (rules(app)[0].symbols, rules(app)[0].group) == ((), None)


# In the watch view.


async def test_unseen_alerts_are_marked_until_space_acknowledges_the_rows_or_all(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        assert "alerts 2●" in main_screen(app).query_one(TruthLine).text.plain
        assert symbol_cells(app)[:5] == ["NVDA     ●", "AAPL", "^GSPC", "BTC-USD", "SAP.DE   ●"]
        await press(pilot, "space")
        assert (unseen(app), said(app)) == ([3], "1 alert of NVDA acknowledged")
        assert symbol_cells(app)[:5] == ["NVDA", "AAPL", "^GSPC", "BTC-USD", "SAP.DE   ●"]
        await press(pilot, "space")
        assert (unseen(app), said(app)) == ([], "1 alert of all symbols acknowledged")
        assert "alerts" not in main_screen(app).query_one(TruthLine).text.plain
        await press(pilot, "space")
        assert said(app) == "there is no unseen alert"


async def test_the_log_tells_alerts_and_signals_by_their_time(app: TapecastApp) -> None:
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        lines = main_screen(app).query_one(SignalLog).text.plain.splitlines()
    assert lines[0] == "03-02 15:29 NVDA    ● rsi crosses above 30: rsi 31.187 → bell, ntfy ok(0.4 s)"
    assert lines[1] == "03-02 14:29 SAP.DE  ● last >= 240: last 240.1 late: of 03-01 22:30"
    assert lines[2].startswith("03-02 14:05 AAPL ")
    assert lines[3].startswith("02-27 21:00 ")
    assert "BUY" in lines[3]


async def test_m_mutes_the_rules_that_name_the_row_for_eight_hours_and_again_hears_them(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "m")
        assert [rule.muted_until for rule in rules(app)[:2]] == [NOW + timedelta(hours=8), None]
        assert said(app) == "1 rule for NVDA: muted for 8 h; m undoes"
        await press(pilot, "m")
        assert rules(app)[0].muted_until is None
        await press(pilot, "j", "m")
        assert said(app).startswith("no rule is for AAPL by name")


# In the signals view.


async def test_signals_has_three_parts_and_opens_with_alerts_where_there_can_be_any(app: TapecastApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "4")
        main = main_screen(app)
        assert text(app, "#parts").startswith("Alerts 4 (2●)   Rules 4   Journal 44")
        assert details(app) == [
            "NVDA  rsi 31.187", "rule 1: rsi crosses above 30",
            "data of 03-02 15:28:57, found 03-02 15:29:00", "bell, ntfy ok(0.4 s)  not acknowledged",
        ]
        await press(pilot, "l", "j", "j")
        assert details(app)[0] == '3  name != "[red]x" and change_pct(5 bars) < -3 and volume_ratio > 2'
        assert details(app)[3] == "muted to 23:30"
        await press(pilot, "G")
        assert details(app)[3] == "needs 16 bars, has 8"
        await press(pilot, "right", "right")
        assert main.query_one("#journal-scroll").display
        assert not any(table.display for table in main.query(RecordTable))
        await press(pilot, "h", "left", "h", "j")
        assert details(app)[0] == "SAP.DE  last 240.1"


async def test_space_acknowledges_the_chosen_alert_or_all_of_the_chosen_rule(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "4", "j", "space")
        assert (unseen(app), said(app)) == ([4], "SAP.DE: acknowledged")
        assert "acknowledged 03-02 15:30:00" in details(app)[3]
        await press(pilot, "space", "l", "space")
        assert (unseen(app), said(app)) == ([], "1 alert of rule 1 acknowledged")


async def test_x_removes_the_chosen_rule_and_u_brings_it_back(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "4", "x")
        assert said(app) == "choose a rule to remove: h and l lead to Rules"
        await press(pilot, "l", "j", "x", "x")
        assert [rule.id for rule in rules(app)] == [1, 4]
        await press(pilot, "u", "u")
        assert [rule.id for rule in rules(app)] == [1, 2, 3, 4]
        assert fake(app).groups[0].symbols[0] == "NVDA"
        await press(pilot, "u")
        assert said(app) == "nothing to undo"


async def test_m_mutes_the_chosen_alerts_rule_and_a_removed_one_is_named(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "4", "j", "m")
        assert rules(app)[1].muted_until == NOW + timedelta(hours=8)
        fake(app).alerts.remove(1)
        fake(app).push()
        await press(pilot, "k", "m")
        assert said(app) == "rule 1 is removed already"


async def test_enter_leads_to_the_chosen_symbols_chart_also_in_another_list(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "slash", *"nv", "enter", "4", "j", "enter")
        assert main_screen(app).view.id == "chart"
        await press(pilot, "1")
        assert cursor_symbol(app) == "SAP.DE"
        fired = fake(app).fake_alerts.fired
        fired += [replace(fired[-1], id=5, symbol=Symbol("AMD")), replace(fired[-1], id=6, symbol=Symbol("GONE"))]
        fake(app).push()
        await press(pilot, "4", "g", "g", "j", "enter", "1")
        assert cursor_symbol(app) == "AMD"
        assert main_screen(app).place.group == WatchGroup("Tech", fake(app).groups[1].symbols)
        await press(pilot, "4", "k", "enter")
        assert said(app) == "GONE is in no list; a adds it"


async def test_a_new_alert_is_on_the_chosen_alerts_symbol(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "4", "j", "A", *"last > 1", "enter")
    assert rules(app)[-1].symbols == ("SAP.DE",)


async def test_the_cursor_stays_on_its_alert_when_others_come(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "4", "j")
        fired = fake(app).fake_alerts.fired
        fired.append(replace(fired[-1], id=5))
        fake(app).push()
        await pilot.pause()
        assert details(app)[0] == "SAP.DE  last 240.1"


async def test_empty_parts_teach() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "4")
        assert main_screen(app).query_one("#journal-scroll").display      # no rule: signals are what there is
        for keys in ("h", "h"):
            await press(pilot, keys)
            empty = text(app, "#signals-empty")
            assert "There are no alert rules yet." in empty
            assert "A adds one" in empty
            assert "rsi crosses above 30" in empty
        await press(pilot, "A", *"last > 1", "enter")
        assert "Nothing has come true yet" in text(app, "#signals-empty")


async def test_a_click_chooses_an_alert_and_another_opens_its_chart(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "4")
        view = main_screen(app).query_one(SignalsView)
        await pilot.click("#alerts-table", offset=(30, 2))
        assert details(app)[0].startswith("SAP.DE")
        assert view.display
        await pilot.click("#alerts-table", offset=(30, 2))
        await pilot.pause()
        assert main_screen(app).view.id == "chart"


async def test_the_signals_view_survives_every_size(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "4")
        for part in ("h", "l", "l"):
            await press(pilot, part)
            for width, height in ((20, 6), (60, 15), (300, 100)):
                await pilot.resize_terminal(width, height)
                await press(pilot, "j")


async def test_slash_sifts_alerts_rules_and_journal_by_words_and_escape_shows_all(app: TapecastApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "4", "slash", *"rsi nvda", "enter")
        assert text(app, "#parts").startswith("Alerts 2 (2●)   Rules 1   Journal 2   'rsi nvda'  Esc shows all")
        assert details(app)[0] == "NVDA  rsi 31.187"
        await press(pilot, "l")
        assert main_screen(app).query_one("#rules-table", RecordTable).row_count == 1
        await press(pilot, "slash", *"xx")
        assert "None here holds these words" in text(app, "#signals-empty")
        await press(pilot, "escape")
        assert text(app, "#parts").startswith("Alerts 4 (2●)   Rules 4   Journal 44")
        assert main_screen(app).view_name == "signals"
        await press(pilot, "escape")
        assert main_screen(app).view_name == "watch"
