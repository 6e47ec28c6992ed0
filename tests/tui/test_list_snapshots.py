"""Pictures of the dialogs about lists; pytest's `--snapshot-update` takes them anew after a wanted change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from forecasting.domain.watchlist import WatchGroup
from tests.support.fake_comparison import answer_comparisons
from tests.support.pictures import answer_searches
from tests.support.tui import fake, make_app, press, settle
from tui.app import TapecastApp

SnapCompare = Callable[..., bool]


def an_app() -> TapecastApp:
    """With a smart list, and answers to what is compared and searched for."""
    app = make_app()
    engine = fake(app)
    engine.groups = (*engine.groups, WatchGroup("Buys", (), "signal == buy"))
    answer_comparisons(engine)
    answer_searches(engine)
    return app


def after(*keys: str) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *keys)
        await settle(pilot)

    return run


@pytest.mark.parametrize("size", [(80, 24), (120, 35), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("name", "keys"),
    [("lists", ("L", "j")), ("columns", ("C", "j", "s")), ("compare", ("w",)), ("correlations", ("W", "l"))],
)
def test_dialog(snap_compare: SnapCompare, name: str, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    assert snap_compare(an_app(), terminal_size=size, run_before=after(*keys))


def test_smart_list(snap_compare: SnapCompare) -> None:
    assert snap_compare(an_app(), terminal_size=(80, 24), run_before=after("left_square_bracket"))


def test_chosen_columns(snap_compare: SnapCompare) -> None:
    app = an_app()
    fake(app).columns.choose(("symbol", "name", "last", "change", "volume", "day", "year", "rsi", "hits", "state"))
    assert snap_compare(app, terminal_size=(200, 50), run_before=after("j"))


def test_empty(snap_compare: SnapCompare) -> None:
    app = an_app()
    fake(app).groups = (WatchGroup("Watch", ()),)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after())
