"""Pictures of the chart on the fake engine, with a worker that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.fake_alerts import fill_alerts
from tests.support.fake_charts import answering
from tests.support.fake_engine import NOW
from tests.support.tui import fake, make_app, press, settle
from tui.app import TapecastApp

SnapCompare = Callable[..., bool]


def charting(*chosen: str, ascii_only: bool = False) -> TapecastApp:
    app = make_app(ascii_only=ascii_only)
    fill_alerts(fake(app).fake_alerts, fake(app).alerts, NOW)
    answering(fake(app), chosen=chosen)
    return app


def after(*keys: str) -> Callable[[Pilot[Any]], Any]:
    """Press keys one after the other, each when what the former asked for is drawn."""

    async def run(pilot: Pilot[Any]) -> None:
        for key in ("2", *keys):
            await press(pilot, key)
            await settle(pilot)
        await settle(pilot)

    return run


@pytest.mark.parametrize("size", [(80, 24), (120, 35), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_candles_with_past_forecasts_and_indicators(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    app = charting("sma20", "atr")
    assert snap_compare(app, terminal_size=size, run_before=after("c", "F", "F", "h", "h"))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("zoomed", ("K", "K", "H", "h")), ("one day", ("comma",) * 4), ("logarithmic", ("full_stop", "D")),
        ("indicators", ("I", "j", "space")),
    ],
)
def test_the_chart_after_keys(snap_compare: SnapCompare, name: str, keys: tuple[str, ...]) -> None:
    assert snap_compare(charting(), terminal_size=(120, 35), run_before=after(*keys))


def test_in_ascii(snap_compare: SnapCompare) -> None:
    app = charting("bollinger", ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 35), run_before=after("c", "F", "F", "h", "h"))
