"""Pictures of each part of a view, and of each dialog, at three sizes; see `test_snapshots`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_alerts import fill_alerts
from tests.support.fake_engine import NOW
from tests.support.fake_holdings import fill_holdings
from tests.support.pictures import SIZES, SnapCompare, after, answer_searches
from tests.support.tui import fake, make_app
from tui.app import TapecastApp

LOG = """\
2026-03-02 15:00:00,000 INFO forecasting.service.engine started
2026-03-02 15:00:01,000 WARNING forecasting.service.engine refresh failed: yahoo: query1.finance.yahoo.com: no answer \
(failed to connect to 203.0.113.7:443 after 21 s); check the network
2026-03-02 15:00:02,000 ERROR forecasting.worker train failed
Traceback (most recent call last):
  File "forecasting/models/training.py", line 3, in fit
ZeroDivisionError: division by zero
2026-03-02 15:00:03,000 INFO forecasting.service.engine well again
"""


def filled() -> TapecastApp:
    """With rules, alerts, holdings, and symbols to be found."""
    app = make_app()
    engine = fake(app)
    fill_alerts(engine.fake_alerts, engine.alerts, NOW)
    fill_holdings(engine.holdings)
    answer_searches(engine)
    return app


@SIZES
@pytest.mark.parametrize(("part", "keys"), [("rules", "ljj"), ("journal", "ll")])
def test_signals(snap_compare: SnapCompare, size: tuple[int, int], part: str, keys: str) -> None:
    assert snap_compare(filled(), terminal_size=size, run_before=after("4", *keys))


@pytest.mark.parametrize("size", [(80, 24), (120, 35)], ids=["80x24", "120x35"])
@pytest.mark.parametrize(("part", "steps"), [("calibration", 1), ("errors", 2), ("direction", 3), ("past", 4)])
def test_accuracy(snap_compare: SnapCompare, size: tuple[int, int], part: str, steps: int) -> None:
    assert snap_compare(make_app(), terminal_size=size, run_before=after("3", *"bfff", *"l" * steps))


@pytest.mark.parametrize(("parts", "steps"), [("calibration, errors", 1), ("direction, past", 3)])
def test_accuracy_side_by_side(snap_compare: SnapCompare, parts: str, steps: int) -> None:
    size = (200, 50)
    assert snap_compare(make_app(), terminal_size=size, run_before=after("3", *"bfff", *"l" * steps))


@SIZES
def test_log(snap_compare: SnapCompare, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)      # so that its path is the same in every picture
    Path("tapecast.log").write_text(LOG)
    app = make_app()
    fake(app).inspection = replace(fake(app).inspection, logs=(Path("tapecast.log"),) * 2)
    assert snap_compare(app, terminal_size=size, run_before=after("exclamation_mark", *"lll"))


@SIZES
@pytest.mark.parametrize(
    ("name", "keys"),
    [("add", ("a", "t", "down")), ("help", ("question_mark", *"alert")), ("edit", ("e",)), ("palette", ("colon",))],
)
def test_dialog(snap_compare: SnapCompare, size: tuple[int, int], name: str, keys: tuple[str, ...]) -> None:
    assert snap_compare(filled(), terminal_size=size, run_before=after(*keys))
