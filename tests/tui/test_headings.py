"""Headings of charts: what there is no room for is left out whole, and nothing is cut in the middle of a word."""

from __future__ import annotations

import pytest
from rich.text import Text

from forecasting.domain.backtest import AskBacktest
from tests.support import backtests
from tests.support.fake_charts import answering
from tests.support.fake_models import fill_models
from tests.support.tui import COLOURS, fake, main_screen, make_app, press, settle
from tui.app import TapecastApp
from tui.fitting import Part, fitted, fitted_lines, in_lines
from tui.widgets.chart_pane import ChartPane
from tui.widgets.parts import parts_line

PARTS: list[Part] = [
    (0, Text("Hits")), (3, Text(" 1 ahead")), (1, Text("  54% [46..62]")), (2, Text(" n=63"), Text(" backfill")),
]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, "Hits 1 ahead  54% [46..62] n=63 backfill"),
        (39, "Hits  54% [46..62] n=63 backfill"),
        (31, "Hits 1 ahead  54% [46..62] n=63"),
        (30, "Hits  54% [46..62] n=63"),
        (22, "Hits  54% [46..62]"),
        (3, "Hits"),
    ],
)
def test_of_a_headings_parts_those_that_matter_least_are_left_out_whole(width: int, shown: str) -> None:
    assert fitted(PARTS, width).plain == shown


def test_what_continues_a_part_is_not_shown_without_it() -> None:
    assert fitted([(0, Text("MACD")), (1, Text("  a long reason"), Text("; a"))], 10).plain == "MACD"


def test_texts_go_on_in_a_next_line_without_being_broken() -> None:
    told = [Text(each) for each in ("n=126 live", "hit 52% [43..61]", "80% band 78% [71..85]")]
    assert in_lines(told, 30).plain == "n=126 live  hit 52% [43..61]\n80% band 78% [71..85]"


@pytest.mark.parametrize(
    ("width", "lines", "told"),
    [
        (60, 1, "har-t  up 43%  n=126 live  hit 52% [43..61]"),
        (30, 2, "har-t  up 43%  n=126 live\nhit 52% [43..61]"),
        (20, 2, "har-t  n=126 live\nhit 52% [43..61]"),      # in three lines all had room
        (20, 3, "har-t  up 43%\nn=126 live\nhit 52% [43..61]"),
        (15, 3, "har-t  up 43%\nn=126 live"),      # the hit rate is longer than a line
        (8, 1, "har-t\nn=126 live"),      # what matters most stays
    ],
)
def test_in_few_lines_what_matters_least_is_left_out_whole(width: int, lines: int, told: str) -> None:
    parts = [(0, Text("har-t")), (2, Text("up 43%")), (0, Text("n=126 live")), (1, Text("hit 52% [43..61]"))]
    assert fitted_lines(parts, width, lines).plain == told


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (80, "Summary   Calibration   Errors   Direction   Past   h l part  , . horizon"),
        (50, "Summary   Calibration   Errors   Direction   Past"),
        (45, "Summary  Calibration  Errors  Direction  Past"),
        (38, "Sum Cal Err Dir Pas   h l part"),
    ],
)
def test_the_names_of_all_parts_are_shown_in_shorter_words_where_there_is_little_room(width: int, line: str) -> None:
    names = ("Summary", "Calibration", "Errors", "Direction", "Past")
    assert parts_line(names, {0}, COLOURS, width, ("h l part", ", . horizon")).plain == line


def drawn(*chosen: str) -> TapecastApp:
    app = make_app()
    fill_models(fake(app))
    answering(fake(app), chosen=chosen)
    fake(app).answers[AskBacktest] = backtests.answering
    return app


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_no_heading_of_any_view_is_cut_off(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.actions.backtest.REST_S", 0.001)
    monkeypatch.setattr("tui.widgets.chart_pane.build", lambda *_: Text("a picture"))     # takes its time, says nothing
    app = drawn("sma20", "bollinger", "atr")
    async with app.run_test(size=(width, 45)) as pilot:
        seen = 0
        await settle(pilot)
        for keys in ("1", "2c", "FFD", "3bfff", "l", "l", "l", "l", "5", "6"):
            await press(pilot, *keys)
            await settle(pilot)
            for pane in main_screen(app).query(ChartPane):
                if pane.is_on_screen and pane._picture:
                    seen += 1
                    text = pane._heading.plain
                    assert "…" not in text, (keys, text)
                    assert len(text) <= pane.size.width
        assert seen >= 20
