"""Candles by half cells, columns by eighths: every glyph where it belongs."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.text import Text
from textual_plotext.plot import Plot

from tui.charts import cells
from tui.charts.figure import Figure, log_ticks
from tui.format import ASCII, UNICODE, Glyphs

BLUE = "#58a6ff"
GRID = cells.Grid(0.0, 3.0, 4)      # rows in the middle of 0, 1, 2 and 3; each covers half a unit up and down


def figure(columns: int = 7) -> Figure:
    made = Plot()
    made.plotsize(columns, GRID.rows)
    made._set_size(columns, GRID.rows)
    made.xaxes(False, False)
    made.yaxes(False, False)
    made.xlim(0, columns - 1)
    made.ylim(GRID.low, GRID.high)
    made.xticks([], [])
    made.yticks([], [])
    return made


def lines(made: Figure) -> list[str]:
    return [line.rstrip() for line in Text.from_ansi(made.build()).plain.split("\n")][: GRID.rows]


def candle(
    glyphs: Glyphs, pitch: float, low: float, least: float, most: float, high: float, *, rising: bool = False
) -> list[str]:
    made = figure()
    cells.candles(made, GRID, [(3.0, low, high)], [(3.0, least, most)], BLUE, glyphs, pitch=pitch, rising=rising)
    return lines(made)


def test_a_thin_candle_is_a_heavy_body_on_a_light_wick() -> None:
    assert candle(UNICODE, 1, -0.5, 0.5, 2.0, 3.5) == ["   │", "   ╽", "   ┃", "   │"]


def test_a_candle_with_room_beside_it_has_a_full_body() -> None:
    assert candle(UNICODE, 2, -0.5, 0.5, 2.0, 3.5) == ["   │", "   ▄", "   █", "   │"]
    assert candle(UNICODE, 4, -0.5, 0.5, 2.0, 3.5) == ["   │", "  ▄▄▄", "  ███", "   │"]


def test_a_price_that_has_not_moved_is_still_half_a_cell() -> None:
    assert candle(UNICODE, 1, 1.0, 1.0, 1.0, 1.0)[2] == "   ╹"


@pytest.mark.parametrize(
    ("pitch", "drawn"),
    [
        (1, ["   │", "   ╥", "   ║", "   │"]),
        (2, ["   │", "   ╥", "   ║", "   │"]),
        (4, ["   │", "  ┌┴┐", "  └┬┘", "   │"]),
    ],
)
def test_a_candle_that_rose_is_hollow_and_so_told_from_one_that_fell_without_colour(
    pitch: float, drawn: list[str]
) -> None:
    assert candle(UNICODE, pitch, -0.5, 0.5, 2.0, 3.5, rising=True) == drawn
    fell = candle(UNICODE, pitch, -0.5, 0.5, 2.0, 3.5)
    assert not set("".join(fell)) & set("".join(drawn)) - set(" │")
    assert all(cell_len(glyph) == 1 for glyph in "".join(drawn))


def test_a_frame_of_one_line_shows_its_wicks() -> None:
    assert candle(UNICODE, 4, 0.5, 1.6, 2.4, 3.5, rising=True)[1] == "  ├┼┤"
    assert candle(UNICODE, 4, 1.6, 1.6, 2.4, 2.4, rising=True) == ["", "  ├─┤", "", ""]


def test_candles_in_ascii_are_ascii() -> None:
    drawn = candle(ASCII, 4, -0.5, 0.5, 2.0, 3.5)
    assert drawn == ["   |", "  ###", "  ###", "   |"]


def test_bars_grow_from_their_base_to_either_side() -> None:
    made = figure(4)
    cells.bars(made, GRID, [(0.0, 3.5), (1.0, 1.6), (2.0, 1.4), (3.0, -0.5)], BLUE, UNICODE, base=1.5)
    assert lines(made) == ["█", "█▄", "  ▀█", "   █"]


def test_bars_in_ascii_tell_their_sides_apart_in_one_row() -> None:
    made = figure(4)
    cells.bars(made, GRID, [(0.0, 1.6), (1.0, 1.4)], BLUE, ASCII, base=1.5)
    assert lines(made)[1:3] in (["+", " #"], ["+#", ""], ["", "+#"])


def test_columns_rise_by_eighths() -> None:
    made = figure(4)
    cells.columns(
        made, GRID, [(0.0, 1.0), (1.0, 0.5), (2.0, 1 / 32), (3.0, 0.28125)], BLUE, UNICODE, rising=False
    )
    assert lines(made) == ["█", "█", "██ ▁", "██▁█"]


def test_a_low_column_of_a_bar_that_rose_is_hollow_as_no_body_of_it_is_seen() -> None:
    made = figure(4)
    cells.columns(made, GRID, [(0.0, 0.125)], BLUE, UNICODE, rising=True)
    cells.columns(made, GRID, [(1.0, 0.125)], BLUE, UNICODE, rising=False)
    assert lines(made) == ["", "", "", "╥▄"]


@pytest.mark.parametrize(("glyphs", "drawn"), [(UNICODE, ["▄", "▒█", "▒█"]), (ASCII, ["-", "+#", "+#"])])
def test_columns_of_bars_that_rose_and_fell_are_told_apart_without_colour(glyphs: Glyphs, drawn: list[str]) -> None:
    made = figure(4)
    cells.columns(made, GRID, [(0.0, 0.625)], BLUE, glyphs, rising=True)
    cells.columns(made, GRID, [(1.0, 0.5)], BLUE, glyphs, rising=False)
    assert lines(made) == ["", *drawn]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(9.0, 210.0, (10.0, 30.0, 100.0)), (100.0, 110.0, (100.0, 102.5, 105.0, 107.5, 110.0)), (0.0, 5.0, (0.0,))],
)
def test_logarithmic_ticks_are_round_and_about_equally_far_apart(
    low: float, high: float, ticks: tuple[float, ...]
) -> None:
    assert log_ticks(low, high, 4) == ticks
