"""What tests that compare pictures share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from forecasting.domain.market import Symbol
from forecasting.domain.search import AskMatches, Match, Matches
from tests.support.fake_engine import NAMES, FakeEngine
from tests.support.tui import press, settle

SnapCompare = Callable[..., bool]

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 35), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")


def after(*keys: str) -> Callable[[Pilot[Any]], Any]:
    """Press keys, then wait until everything is drawn."""

    async def run(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *keys)
        for box in pilot.app.screen.query(Input):
            box.cursor_blink = False
        await settle(pilot)

    return run


def answer_searches(engine: FakeEngine) -> None:
    """Whatever is searched for, symbols with a T are found."""
    found = tuple(Match(Symbol(symbol), name, "Tokyo Equity") for symbol, name in NAMES.items() if "T" in symbol)
    engine.answers[AskMatches] = lambda question, on_step: Matches(question.text, found)
