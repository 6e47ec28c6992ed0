"""Terminals that show ASCII alone."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tests.support.tui import make_app, press, settle
from tui.app import TapecastApp
from tui.seven_bits import seven_bits

OPEN = ["1", "2", "3", "4", "5", "6", "exclamation_mark", "a", "A", "e", "C", "L", "I", "question_mark", "colon"]


def shown(app: TapecastApp) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


@pytest.mark.parametrize("size", [(80, 24), (120, 35)])
async def test_no_view_and_no_dialog_draws_what_is_beyond_ascii(size: tuple[int, int]) -> None:
    app = make_app(ascii_only=True)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for key in OPEN:
            await press(pilot, "escape", "2" if key == "I" else "1", key)
            await settle(pilot)
            frame = [seven_bits(line) for line in shown(app)]
            assert [line for line in frame if not line.isascii()] == [], key
            assert [cell_len(line) for line in frame] == [cell_len(line) for line in shown(app)]


def test_letters_of_names_stay() -> None:
    assert seven_bits("│ Nestlé … ▄") == "| Nestlé . #"


@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_driver_writes_so_where_it_is_asked_to(ascii_only: bool) -> None:
    app = make_app(ascii_only=ascii_only)
    assert ("in_seven_bits" in app.driver_class.write.__qualname__) is ascii_only
