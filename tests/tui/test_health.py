"""The Health view: source and budget, jobs, quarantine, store, processes, sinks, and both logs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, Group
from textual.pilot import Pilot
from textual.widgets import Static

from forecasting.domain.decision import Delivery
from forecasting.domain.snapshot import Budget, Circuit, Health, Snapshot, SourceHealth
from forecasting.service.inspection import SinkFacts
from tests.support.fake_alerts import fill_alerts
from tests.support.fake_engine import NOW
from tests.support.tui import COLOURS, fake, main_screen, make_app, press, settle
from tui.app import TapecastApp
from tui.format import UNICODE
from tui.widgets.health_text import sinks
from tui.widgets.log_lines import LogLines, broken
from tui.widgets.words import Words

LOG = """\
2026-03-02 15:00:00,000 INFO forecasting.service.engine started
2026-03-02 15:00:01,000 WARNING forecasting.service.engine refresh failed: yahoo: no answer
2026-03-02 15:00:02,000 ERROR forecasting.worker train failed
Traceback (most recent call last):
  File "x.py", line 3, in y
ZeroDivisionError: division by \x1b[31mzero\x1b[0m
2026-03-02 15:00:03,000 INFO forecasting.service.engine well again
"""


def told(app: TapecastApp) -> str:
    """The words of the part on screen."""
    shown = main_screen(app).query_one("#health-text", Static).content
    assert isinstance(shown, Group)
    paper = StringIO()
    Console(width=118, file=paper).print(shown)
    return paper.getvalue()


def log_shown(app: TapecastApp) -> list[str]:
    """The rows of the log from top to bottom."""
    lines = main_screen(app).query_one(LogLines)
    return [text for y in range(lines.size.height) if (text := lines.render_line(y).text.rstrip())]


def note(app: TapecastApp) -> str:
    """The line above the log."""
    return str(main_screen(app).query_one("#log-note", Words).text)


async def opened(pilot: Pilot[None], *keys: str) -> None:
    await settle(pilot)
    await press(pilot, "exclamation_mark", *keys)
    await settle(pilot)


def in_trouble(snapshot: Snapshot) -> Snapshot:
    """Yahoo has had enough of histories."""
    until = NOW + timedelta(seconds=95)
    circuits = (
        Circuit("everything", 0, None, None, ""),
        Circuit("histories", 2, NOW - timedelta(minutes=1), until, "yahoo: too many requests"),
    )
    health = SourceHealth("yahoo", Health.LATE, "yahoo: too many requests", NOW - timedelta(minutes=1), until, 143,
                          budget=Budget(4.0, -2.0, 31, circuits))
    return replace(snapshot, source=health)


async def test_the_source_is_told_with_its_budget_and_both_circuits() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot)
        fake(app).push(in_trouble)
        await settle(pilot)
        words = told(app)
        assert "yahoo  late  yahoo: too many requests" in words
        assert "2 wait, 4 a second   sent 31 in the last minute, 143 since the start" in words
        assert "breaker of everything  closed" in words
        assert "breaker of histories  open until 15:31:35, 1m35" in words


def test_a_sink_in_trouble_tells_when_it_is_tried_again() -> None:
    pending = Delivery("desk", False, 0.3, "answered 503", next_try=NOW + timedelta(minutes=5))
    text = StringIO()
    Console(file=text, width=100).print(sinks((SinkFacts("desk", (NOW, pending)),), COLOURS, UNICODE, 100))
    assert "next try 15:35: answered 503" in text.getvalue()


async def test_jobs_and_processes_are_told_and_sinks_with_their_newest_delivery() -> None:
    app = make_app()
    fill_alerts(fake(app).fake_alerts, fake(app).alerts, NOW)
    fake(app).inspection = replace(fake(app).inspection, sinks=(SinkFacts("phone", None),))
    async with app.run_test(size=(120, 50)) as pilot:
        await opened(pilot)
        words = told(app)
        assert re.search(r"phone +- +- +not used yet", words)
        assert "lstm, epoch 13 of 30" in words
        assert "ETA 6s" in words
        assert "worker   4712  584.0 MB        9" in words
        used = {delivery.sink for alert in fake(app).alerts.history() for delivery in alert.deliveries}
        assert used
        assert all(sink in words for sink in used)


async def test_quarantine_and_store_have_parts_of_their_own() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot, "l")
        assert "BADSYM  quote         3        13:30    in 13m00  BADSYM: the source knows no such symbol" in told(app)
        await press(pilot, "l")
        assert "every page was whole 3m ago" in told(app)
        assert "18h ago, store.db.backup-20260301T210000Z" in told(app)
        assert "TSM: 2026-02-20: volume 0" in told(app)


async def test_a_log_is_shown_from_its_end_without_its_escape_sequences(tmp_path: Path) -> None:
    app = logging_app(tmp_path)
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot, "l", "l", "l")
        assert len(log_shown(app)) == 7
        assert log_shown(app)[-1].endswith("well again")
        assert log_shown(app)[5] == "ZeroDivisionError: division by zero"
        await press(pilot, "l")
        await settle(pilot)
        assert log_shown(app) == ["2026-03-02 15:00:00,000 INFO forecasting.worker alone"]


async def test_a_log_is_filtered_by_level_and_by_text(tmp_path: Path) -> None:
    app = logging_app(tmp_path)
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot, "l", "l", "l", "v")
        assert "WARNING+" in note(app)
        assert len(log_shown(app)) == 5
        await press(pilot, "slash", *"ZERO", "enter")
        assert len(log_shown(app)) == 1
        assert "'ZERO'" in note(app)
        await press(pilot, "escape")
        assert len(log_shown(app)) == 5
        assert main_screen(app).view.id == "health"      # the filter was the top layer
        await press(pilot, "escape")
        assert main_screen(app).view.id == "watch"


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (40, ["yahoo: no answer from query1.example.org"]),
        (24, ["yahoo: no answer from", "query1.example.org"]),
        (16, ["yahoo: no answer", "from query1.exam", "ple.org"]),
        (1, list("yahoo:noanswerfromquery1.example.org")),
    ],
)
def test_a_long_line_of_a_log_goes_on_in_the_next_row_between_words(width: int, rows: list[str]) -> None:
    assert [row for row in broken("yahoo: no answer from query1.example.org", width) if row.strip()] == rows


async def test_a_long_log_scrolls_and_stays_where_a_person_reads(tmp_path: Path) -> None:
    app = logging_app(tmp_path)
    log = fake(app).inspection.logs[0]
    log.write_text("".join(f"2026-03-02 15:00:00,000 INFO line {n}\n" for n in range(30_000)))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "l", "l", "l")
        assert log_shown(app)[-1].endswith("line 29999")
        await press(pilot, "g", "g")
        assert log_shown(app)[0].endswith("line 28000")      # two thousand lines and no more
        with open(log, "a") as file:
            file.write("2026-03-02 15:00:00,000 INFO line 30000\n")
        fake(app).push()
        await settle(pilot)
        assert log_shown(app)[0].endswith("line 28001")
        await press(pilot, "G")
        assert log_shown(app)[-1].endswith("line 30000")


async def test_the_view_stands_at_every_size(tmp_path: Path) -> None:
    for size in ((20, 6), (40, 16), (300, 100)):
        app = logging_app(tmp_path)
        async with app.run_test(size=size) as pilot:
            await opened(pilot, "l", "l", "l", "l", "h", "h", "h", "h")
            assert main_screen(app).view.id == "health"


def logging_app(folder: Path) -> TapecastApp:
    """An app with logs in `folder`."""
    app = make_app()
    logs = (folder / "app.log", folder / "worker.log")
    logs[0].write_text(LOG)
    logs[1].write_text("2026-03-02 15:00:00,000 INFO forecasting.worker alone\n")
    fake(app).inspection = replace(fake(app).inspection, logs=logs)
    return app
