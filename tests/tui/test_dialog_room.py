"""Dialogs where lines are few: they take them all, and what they say of their keys stays in sight."""

from __future__ import annotations

import pytest
from textual.widgets import Label

from tests.support.tui import make_app, press, settle


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
