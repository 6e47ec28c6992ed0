"""Dialogs where lines or colours are few: what they say of their keys, and what has them, stays in sight."""

from __future__ import annotations

import pytest
from textual.widgets import Label

from tests.support.tui import make_app, press, settle
from tui.app import TapecastApp


@pytest.mark.parametrize(
    ("key", "hints"), [("A", "#keys-here"), ("C", "#keys-here"), ("L", "#keys-here"), ("a", "#said")]
)
async def test_on_a_terminal_of_40_by_12_the_keys_of_a_dialog_are_read_whole(key: str, hints: str) -> None:
    app = make_app()
    async with app.run_test(size=(40, 12)) as pilot:
        await settle(pilot)
        await press(pilot, key)
        line = app.screen.query_one(hints, Label)
        assert line.size.width * line.size.height >= len(str(line.render()))
        assert app.screen.query_one(".dialog").content_region.contains_region(line.region)


async def test_without_colours_a_bar_tells_which_line_has_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app("NVDA")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "e")
        assert marked(app) == ["▌2024-01-15 10"] + 5 * ["▌"]      # the lines of lots
        await press(pilot, "tab", "tab")
        assert marked(app) == ["Alias  ▌shown"]
        await press(pilot, "escape", "A")
        assert marked(app) == ["▌rsi crosses a"]
        await press(pilot, "tab")
        assert marked(app) == []                                  # a choice is reversed


def marked(app: TapecastApp) -> list[str]:
    """The lines of the dialog with a bar in them, each by its beginning."""
    room = app.screen.query_one(".dialog").content_region
    lines = [strip.crop(room.x, room.right).text for strip in app.screen._compositor.render_strips()]
    return [line[:14].rstrip() for line in lines[room.y : room.bottom] if "▌" in line]
