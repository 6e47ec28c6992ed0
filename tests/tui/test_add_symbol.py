"""Symbols added by what a person remembers of them."""

from __future__ import annotations

import threading

import pytest
from textual.widgets import Input, Label

from forecasting.domain.market import Symbol
from forecasting.domain.search import AskMatches, Match, Matches
from forecasting.service.backend import OnStep
from tests.support.tui import cursor_symbol, fake, make_app, press, settle, symbols_shown
from tests.support.waiting import PATIENCE_S, soon
from tui.app import TapecastApp
from tui.widgets.menu import Menu

SIZE = (120, 35)
FOUND = (
    Match(Symbol("7203.T"), "Toyota Motor", "Tokyo Equity"), Match(Symbol("TM"), "Toyota Motor ADR", "NYSE Equity"),
)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.dialogs.add_symbol.PAUSE_S", 0.001)


def finding(*symbols: str) -> TapecastApp:
    app = make_app(*symbols)
    fake(app).answers[AskMatches] = lambda question, on_step: Matches(
        question.text, tuple(m for m in FOUND if question.text.casefold() in f"{m.symbol} {m.name}".casefold())
    )
    return app


def offered(app: TapecastApp) -> list[str]:
    return [row.plain.split()[0] for row in app.screen.query_one(Menu).rows]


def said(app: TapecastApp) -> str:
    return str(app.screen.query_one("#said", Label).content)


def asked(app: TapecastApp) -> list[str]:
    return [call[1].text for call in fake(app).calls if call[0] == "inquire" and isinstance(call[1], AskMatches)]


async def test_part_of_a_name_lists_what_may_be_meant_and_arrows_choose() -> None:
    app = finding("NVDA", "AAPL")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a")
        app.screen.query_one(Input).value = "toyota"
        await settle(pilot)
        assert offered(app) == ["7203.T", "TM", "toyota"]
        await press(pilot, "down", "enter")
        assert (symbols_shown(app), cursor_symbol(app)) == (["NVDA", "AAPL", "TM"], "TM")
        await press(pilot, "u")
        assert symbols_shown(app) == ["NVDA", "AAPL"]


async def test_the_worker_is_asked_once_the_typing_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.dialogs.add_symbol.PAUSE_S", 1.0)
    app = finding("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"toyo")
        assert asked(app) == []
        await soon(lambda: asked(app) != [])
        await settle(pilot)
        assert asked(app) == ["toyo"]


async def test_what_is_typed_as_a_symbol_is_added_as_it_is() -> None:
    app = finding("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"TOYOTA", "enter")
        await press(pilot, "a", *"brk.b", "enter")
        assert symbols_shown(app) == ["NVDA", "TOYOTA", "BRK-B"]


async def test_a_symbol_that_is_known_comes_before_names_that_hold_it() -> None:
    app = finding("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"tm")
        await settle(pilot)
        assert offered(app) == ["TM"]
        await press(pilot, "enter")
        assert symbols_shown(app) == ["NVDA", "TM"]


async def test_several_symbols_are_added_as_one_change() -> None:
    app = finding("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a")
        app.screen.query_one(Input).value = "aapl, TSM  SAP.DE"
        await press(pilot, "enter")
        assert (symbols_shown(app), cursor_symbol(app)) == (["NVDA", "AAPL", "TSM", "SAP.DE"], "AAPL")
        await press(pilot, "u")
        assert symbols_shown(app) == ["NVDA"]


async def test_one_that_cannot_be_a_symbol_keeps_all_out_and_each_has_its_line() -> None:
    app = finding("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a")
        app.screen.query_one(Input).value = "AAPL, T?M, ??"
        await press(pilot, "enter")
        assert [line.split(":")[0] for line in said(app).splitlines()] == [
            "'T?M' is no ticker symbol", "'??' is no ticker symbol",
        ]
        assert symbols_shown(app) == ["NVDA"]


@pytest.mark.parametrize(("typed", "added"), [("toyota motor adr", "TM"), ("tm", "TM")])
async def test_enter_in_the_middle_of_typing_waits_for_what_leaves_no_choice(
    monkeypatch: pytest.MonkeyPatch, typed: str, added: str,
) -> None:
    monkeypatch.setattr("tui.dialogs.add_symbol.PAUSE_S", 60.0)
    app = finding("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a")
        app.screen.query_one(Input).value = typed
        await press(pilot, "enter")
        await settle(pilot)
        assert (symbols_shown(app), cursor_symbol(app)) == (["NVDA", added], added)


async def test_enter_in_the_middle_of_typing_asks_where_several_may_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.dialogs.add_symbol.PAUSE_S", 60.0)
    app = finding("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"toyota", "enter")
        await settle(pilot)
        assert (symbols_shown(app), said(app)) == (["NVDA"], "2 may be meant; Enter adds 7203.T, arrows choose")
        await press(pilot, "enter")
        assert symbols_shown(app) == ["NVDA", "7203.T"]


async def test_offline_enter_says_why_nothing_is_found_and_a_second_one_adds_what_is_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.dialogs.add_symbol.PAUSE_S", 60.0)
    app = finding("NVDA")
    fake(app).answers[AskMatches] = lambda question, on_step: Matches(question.text, (), "yahoo: no network")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"shell", "enter")
        await settle(pilot)
        assert said(app) == "yahoo: no network; Enter adds SHELL as it is"
        await press(pilot, "enter")
        assert symbols_shown(app) == ["NVDA", "SHELL"]


async def test_enter_does_not_wait_for_an_answer_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.dialogs.add_symbol.PATIENCE_S", 0.05)
    app, late = finding("NVDA"), threading.Event()

    def hang(question: AskMatches, on_step: OnStep) -> Matches:
        late.wait(PATIENCE_S)
        return Matches(question.text, FOUND)

    fake(app).answers[AskMatches] = hang
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"toyota", "enter")
        await soon(lambda: said(app) == "no answer within 0.05 s; Enter adds TOYOTA as it is")
        late.set()
        await settle(pilot)
        assert offered(app) == ["7203.T", "TM", "toyota"]
        await press(pilot, "escape")
        assert symbols_shown(app) == ["NVDA"]


async def test_without_a_worker_symbols_are_added_all_the_same() -> None:
    app = make_app("NVDA")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"tsm")
        await settle(pilot)
        await press(pilot, "enter")
        assert symbols_shown(app) == ["NVDA", "TSM"]
