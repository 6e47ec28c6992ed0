"""What is held, by key: written down in a dialog, shown under the table, hidden, copied, opened."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.widgets import Input, TextArea

from forecasting.domain.decision import Alert
from forecasting.domain.market import Symbol
from tests.support.fake_engine import NOW
from tests.support.fake_holdings import fill_holdings
from tests.support.tui import fake, main_screen, make_app, press, settle
from tui.app import TapecastApp
from tui.dialogs.edit_symbol import EditSymbol
from tui.dialogs.show_address import ShowAddress
from tui.messages import EngineFailed, NoticeGiven
from tui.widgets.truth_line import TruthLine
from tui.widgets.words import Words

SIZE = (120, 35)
NVDA, SAP = Symbol("NVDA"), Symbol("SAP.DE")


@pytest.fixture(autouse=True)
def _no_details(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.stage.DETAIL_DELAY", 60.0)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/7")
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def held() -> TapecastApp:
    """With a long, a short, a yen and a closed position, and a note."""
    app = make_app()
    fill_holdings(fake(app).holdings)
    return app


def line(app: TapecastApp, name: str) -> str:
    words = main_screen(app).query_one(f"#{name}", Words)
    return "" if words.has_class("-off") else words.text.plain


def said(app: TapecastApp) -> str:
    """The newest toast."""
    return list(app._notifications)[-1].message


def asks(app: TapecastApp) -> bool:
    """Whether the dialog is open."""
    return isinstance(app.screen, EditSymbol)


def in_dialog(app: TapecastApp) -> str:
    return app.screen.query_one("#said", Words).text.plain


def on_screen(app: TapecastApp) -> str:
    """Every word on screen."""
    return app.export_screenshot(simplify=True).replace("&#160;", " ")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the terminal beside the screen."""
    sequences: list[str] = []
    monkeypatch.setattr(TapecastApp, "_put", lambda app, sequence: sequences.append(sequence))
    return sequences


def clipboard(written: list[str]) -> str:
    copied = [s for s in written if s.startswith("\x1b]52;c;")]
    return base64.b64decode(copied[-1].removeprefix("\x1b]52;c;").removesuffix("\a")).decode()


# The dialog.


async def test_lots_are_written_down_by_keyboard_and_the_line_shows_what_they_are_worth() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        assert (line(app, "portfolio"), line(app, "held")) == ("", "")
        await press(pilot, "e", *"2025-01-15 10 @ 120.50 fee 1", "enter", *"2025-11-03 -4 @ 201")
        assert in_dialog(app) == "6 held at 120.60 on average, fees included; +321.60 realised, first in first out"
        await press(pilot, "tab", "enter")
        assert not asks(app)
        assert said(app) == "NVDA: lots changed. u undoes."
        assert line(app, "held").startswith("NVDA   6 @ 120.60   worth 1,099.03 USD   P&L ▲+375.43 (+51.9%)")
        assert line(app, "portfolio").startswith("Held 1,099.03 USD   day ▲+19.03 (+1.8%)   P&L ▲+375.43 (+51.9%)")
        await press(pilot, "u")
        assert said(app) == "what is written down about NVDA is as it was"
        assert (line(app, "portfolio"), line(app, "held")) == ("", "")
        assert fake(app).holdings.all() == {}


async def test_alias_tags_and_note_are_saved_with_enter_and_the_lots_stay(held: TapecastApp) -> None:
    async with held.run_test(size=(80, 24)) as pilot:
        before = fake(held).holdings.of(NVDA)
        await press(pilot, "e", "shift+tab", "shift+tab", "shift+tab", "end", *" 2", "enter")
        after = fake(held).holdings.of(NVDA)
        assert (after.alias, after.tags, after.entries) == ("my chips 2", ("core", "tech"), before.entries)
        assert said(held) == "NVDA: alias changed. u undoes."
        await press(pilot, "u")
        assert fake(held).holdings.of(NVDA) == before


async def test_a_line_that_cannot_be_read_is_named_and_the_cursor_goes_there() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "e", *"2025-01-15 10 @ 120", "enter", *"2025-01-16 ten @ 120", "enter", *"[red]")
        assert in_dialog(app).startswith("line 2: 'ten' stands where a quantity")
        await press(pilot, "ctrl+o")
        assert asks(app)
        assert app.screen.query_one(TextArea).cursor_location == (1, 11)
        await press(pilot, "escape")
        assert not asks(app)
    assert fake(app).holdings.all() == {}


async def test_an_impossible_tag_is_said_and_the_dialog_stays() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "e")
        app.screen.query_one("#tags", Input).value = "<b>"
        await press(pilot, "ctrl+o")
        assert in_dialog(app).startswith("'<b>' is no tag")
        assert asks(app)


async def test_the_line_follows_the_cursor_and_names_what_the_sum_lacks(held: TapecastApp) -> None:
    async with held.run_test(size=(200, 50)) as pilot:
        assert line(held, "portfolio").endswith("without 7203.T (no JPY rate)")
        await press(pilot, "j")
        assert line(held, "held").startswith("AAPL   -20 @ 195.50   worth -3,616.10 USD   P&L ▲+293.90 (+7.5%)")
        await press(pilot, "j")
        assert line(held, "held") == ""                              # ^GSPC: nothing is written down of it
        await press(pilot, "j")
        assert line(held, "held") == "BTC-USD   cold wallet"
        await press(pilot, "G", "k")
        assert line(held, "held") == "TSM   nothing held now   realised ▲+200.00"


# The privacy mask.

AMOUNTS = ("2,014", "130.46", "1,601", "579.79", "873.69", "520.60", "120.50", "11 @")


async def test_with_the_mask_on_no_amount_is_on_screen_and_percentages_are(held: TapecastApp) -> None:
    async with held.run_test(size=(200, 50)) as pilot:
        assert all(amount in on_screen(held) for amount in ("2,014", "130.46", "1,601"))
        await press(pilot, "P")
        assert line(held, "portfolio").startswith("Held *** USD   day ▲*** (+0.3%)   P&L ▲*** (+16.3%)   realised ***")
        assert line(held, "held").startswith("NVDA   my chips   *** @ ***   worth *** USD   P&L ▲*** (+40.4%)")
        assert "amounts hidden" in held.screen.query_one(TruthLine).text.plain
        assert [amount for amount in AMOUNTS if amount in on_screen(held)] == []
        await press(pilot, "e")
        assert [amount for amount in AMOUNTS if amount in on_screen(held)] == []
        await press(pilot, *"x", "enter")
        assert fake(held).holdings.of(NVDA).alias == "my chipsx"
        assert len(fake(held).holdings.of(NVDA).entries) == 3
        await press(pilot, "P")
        assert "2,014" in line(held, "held")


async def test_the_mask_is_on_from_the_first_paint_where_the_settings_say_so() -> None:
    app = TapecastApp(fake(make_app()), privacy=True, monotonic=lambda: 0.0)
    fill_holdings(fake(app).holdings)
    async with app.run_test(size=SIZE):
        assert line(app, "portfolio").startswith("Held *** USD")


# Copy and open.


async def test_a_row_is_copied_as_tab_separated_text_and_without_amounts_behind_the_mask(
    held: TapecastApp, written: list[str]
) -> None:
    async with held.run_test(size=SIZE) as pilot:
        await press(pilot, "y")
        cells = clipboard(written).split("\t")
        assert cells[:4] == ["NVDA", "my chips", "183.17", "USD"]
        assert cells[-7:] == ["11", "130.46", "2014.89", "579.79", "40.40", "34.89", "320.60"]
        assert said(held).startswith("copied NVDA: 18 fields;")
        await press(pilot, "P", "y")
        assert clipboard(written).split("\t")[-1] == "40.40"
        assert not any(amount in clipboard(written) for amount in ("2014.89", "130.46", "579.79", "320.60"))
        assert "no amounts" in said(held)


async def test_over_ssh_the_address_is_shown_and_can_be_copied(written: list[str]) -> None:
    app = make_app("^GSPC")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "o")
        assert isinstance(app.screen, ShowAddress)
        assert "https://finance.yahoo.com/quote/%5EGSPC" in on_screen(app)
        await press(pilot, "y")
        assert clipboard(written) == "https://finance.yahoo.com/quote/%5EGSPC"
        assert not isinstance(app.screen, ShowAddress)


async def test_beside_a_desktop_the_page_opens_in_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, tuple[str, ...]]] = []

    def remember(address: str, program: tuple[str, ...]) -> bool:
        opened.append((address, program))
        return True

    answer: Callable[..., tuple[str, ...]] = lambda env: ("open-it",)  # noqa: E731
    monkeypatch.setattr("tui.browser.opener", answer)
    monkeypatch.setattr("tui.browser.open_page", remember)
    app = make_app("SAP.DE")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "o")
        assert opened == [("https://finance.yahoo.com/quote/SAP.DE", ("open-it",))]
        assert not isinstance(app.screen, ShowAddress)


async def test_where_nothing_is_held_a_tick_paints_no_line_more() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        holdings = main_screen(app).query_one("#holdings")
        assert holdings.size.height == 0
        await settle(pilot)
        fake(app).push()
        await pilot.pause()
        assert holdings.size.height == 0


async def test_alerts_and_rules_about_what_is_held_tell_no_amount_behind_the_mask() -> None:
    app = make_app()
    desk = fake(app).alerts
    rule = desk.add("position.pnl > 5000 and position.pnl_pct > 12.5", symbols=(NVDA,))
    plain = desk.add("last > 180", symbols=(NVDA,))
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        await press(pilot, "P", "4")
        reason = "position.pnl > 5000 and position.pnl_pct > 12.5: position.pnl 5312.5, position.pnl_pct 13"
        alerts = (
            Alert(2, plain.id, plain.text, NVDA, NOW, NOW, False, 183.0, "last > 180: last 183"),
            Alert(1, rule.id, rule.text, NVDA, NOW, NOW, False, 5312.5, reason),
        )
        fake(app).push(lambda snapshot: replace(snapshot, alerts=alerts, alerts_unseen=2))
        await pilot.pause()
        shown = on_screen(app)
        toasts = [toast.message for toast in app._notifications]
        assert not any(amount in shown or any(amount in toast for toast in toasts) for amount in ("5312", "5000"))
        assert any("position.pnl ***" in toast for toast in toasts)
        assert any("last 183" in toast for toast in toasts)
        await press(pilot, "A", *"position.value > 7000", "enter")
        assert said(app).endswith("position.value > ***")
        main_screen(app).refused("position.value > 7000: the disk is full")
        app.post_message(EngineFailed("alert 3 is silent: position.pnl > 7000 and"))
        app.post_message(NoticeGiven("digest", "NVDA position.pnl > 7000, last 183"))
        await pilot.pause()
        assert not any("7000" in toast.message for toast in app._notifications)
        await press(pilot, "P")
        assert "5312.5" in on_screen(app)


async def test_what_is_made_up_has_no_page() -> None:
    app = make_app("KOMA")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "o")
        assert said(app) == "KOMA is made up, and has no page"
