"""Pictures of the Models and Health views on the fake engine; see `test_snapshots`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.fake_alerts import fill_alerts
from tests.support.fake_engine import NOW
from tests.support.fake_models import fill_models, training
from tests.support.pictures import SIZES, SnapCompare, after
from tests.support.tui import fake, make_app, settle
from tui.app import TapecastApp


def working() -> TapecastApp:
    """With models, and alerts that were delivered."""
    app = make_app()
    fill_models(fake(app))
    fill_alerts(fake(app).fake_alerts, fake(app).alerts, NOW)
    return app


def in_training(*keys: str) -> Callable[[Pilot[Any]], Any]:
    """The same as `after`, with a training that has begun meanwhile."""

    async def run(pilot: Pilot[Any]) -> None:
        assert isinstance(pilot.app, TapecastApp)
        await settle(pilot)
        fake(pilot.app).push(training)
        await after(*keys)(pilot)

    return run


@SIZES
def test_training(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(working(), terminal_size=size, run_before=in_training("6"))


@SIZES
@pytest.mark.parametrize(("part", "keys"), [("versions", "l"), ("record", "ll"), ("band", "lll")])
def test_models(snap_compare: SnapCompare, size: tuple[int, int], part: str, keys: str) -> None:
    assert snap_compare(working(), terminal_size=size, run_before=after("6", *keys))


@SIZES
@pytest.mark.parametrize(("part", "keys"), [("overview", ""), ("symbols", "l"), ("store", "ll")])
def test_health(snap_compare: SnapCompare, size: tuple[int, int], part: str, keys: str) -> None:
    assert snap_compare(working(), terminal_size=size, run_before=in_training("exclamation_mark", *keys))
