"""Pictures of the views on the fake engine; pytest's `--snapshot-update` takes them anew after a wanted change."""

from __future__ import annotations

import pytest

from tests.support.fake_alerts import fill_alerts
from tests.support.fake_engine import NOW
from tests.support.pictures import SIZES, SnapCompare, after
from tests.support.tui import fake, make_app
from tui.app import TapecastApp


@SIZES
def test_watch(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(make_app(), terminal_size=size, run_before=after("j"))


def alerting() -> TapecastApp:
    """With rules and alerts of every kind."""
    app = make_app()
    fill_alerts(fake(app).fake_alerts, fake(app).alerts, NOW)
    return app


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("chart", ("2", "c", "h", "h")), ("accuracy", ("3",)), ("health", ("exclamation_mark",)),
    ],
)
def test_view(snap_compare: SnapCompare, name: str, keys: tuple[str, ...]) -> None:
    assert snap_compare(make_app(), terminal_size=(120, 35), run_before=after(*keys))


@SIZES
def test_accuracy(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(make_app(), terminal_size=size, run_before=after("3", "b"))


@SIZES
def test_alerts(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(alerting(), terminal_size=size, run_before=after("4", "j"))


@SIZES
def test_new_alert(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    typed = "RSI<30 and macd_hist>0 for 3 bars" if size[0] == 120 else "rsi crosses abuve 30"
    assert snap_compare(alerting(), terminal_size=size, run_before=after("A", *typed))


def test_watch_with_alerts(snap_compare: SnapCompare) -> None:
    assert snap_compare(alerting(), terminal_size=(80, 24), run_before=after("j"))


def test_replay_paused_light_and_ascii(snap_compare: SnapCompare) -> None:
    app = make_app(replaying=True, theme="light", ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 35), run_before=after("p"))
