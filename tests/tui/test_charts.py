"""Charts: what they are made of, and that every one can be drawn at any size."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest
from rich.cells import cell_len
from rich.text import Text

from forecasting.domain.snapshot import SymbolDetail
from forecasting.service.charting import PastForecast
from tests.support.fake_engine import bars, detail, forecast
from tests.support.tui import COLOURS
from tui.charts.figure import Brush, Figure, build, dashes, line, nice_ticks
from tui.charts.of_symbol import (
    ChartMemo,
    hit_rate_chart,
    no_chart,
    symbol_charts,
)
from tui.charts.options import ChartOptions
from tui.charts.past import held_texts, past_band
from tui.charts.price import Candle, Fan, candles_of, taken_together
from tui.charts.window import Window
from tui.format import ASCII, UNICODE, Glyphs
from tui.themes import Palette


def known_detail() -> SymbolDetail:
    found = detail("NVDA")
    assert found is not None
    return found


def test_a_fan_starts_at_the_last_close_and_its_bands_lie_inside_each_other() -> None:
    fan = Fan.of(forecast("NVDA"))
    assert fan.median[0] == pytest.approx(180.0)
    assert len(fan.median) == 11
    wide, middle, narrow = (fan.band_at(band, 7.5) for band in range(3))
    assert wide[0] < middle[0] < narrow[0] < narrow[1] < middle[1] < wide[1]
    assert fan.bands[1][5] == pytest.approx((forecast("NVDA").price(5, 0.1), forecast("NVDA").price(5, 0.9)))


def test_a_split_does_not_show_as_a_fall() -> None:
    before, after = bars("NVDA")[:2]
    split = replace(before, close=1000.0, adj_close=100.0, high=1010.0), replace(after, close=101.0, adj_close=101.0)
    assert [round(c.close, 6) for c in candles_of(split)] == [100.0, 101.0]
    assert candles_of(split)[0].high == pytest.approx(101.0)


def test_candles_taken_together_keep_the_extremes_and_the_newest_group_whole() -> None:
    candles = [Candle(i, i + 2.0, i - 2.0, i + 1.0, 10.0) for i in range(5)]
    assert taken_together(candles, 2) == (
        Candle(0, 2.0, -2.0, 1.0, 10.0), Candle(1, 4.0, -1.0, 3.0, 20.0), Candle(3, 6.0, 1.0, 5.0, 20.0),
    )


def test_panes_under_each_other_share_one_axis() -> None:
    newest = Window(at=known_detail().bars[-1].session)
    charts = symbol_charts(known_detail(), ChartOptions(timeframe=5, candles=True), 100, newest)
    assert charts is not None
    assert charts.price.axis == charts.rsi.axis == charts.macd.axis == charts.volume.axis
    assert charts.price.axis.readout == len(charts.dates) - 1
    assert charts.dates[-1] == known_detail().bars[-1].session
    assert len(charts.candles) == len(charts.rsi.rsi) == len(charts.dates) == 63       # 252 sessions, four a candle


def test_no_bars_give_no_charts_and_warm_up_leaves_gaps() -> None:
    assert symbol_charts(replace(known_detail(), bars=(), indicators=()), ChartOptions(), 80) is None
    young = replace(known_detail(), bars=bars("NVDA")[:20], indicators=known_detail().indicators[:20], forecasts=())
    charts = symbol_charts(young, ChartOptions(), 80)
    assert charts is not None
    assert charts.macd.histogram == (None,) * 20
    assert "needs 34 bars" in charts.macd.heading(COLOURS, UNICODE, 80).plain


def test_charts_are_made_once_for_the_same_facts() -> None:
    memo, facts = ChartMemo(), known_detail()
    first = memo.charts(facts, ChartOptions(), 80)
    assert memo.charts(facts, ChartOptions(), 80) is first
    assert memo.charts(facts, ChartOptions(), 81) is not first
    assert memo.charts(None, ChartOptions(), 80) is None


def test_of_one_bar_no_picture_is_made_and_its_close_is_told() -> None:
    memo, one, two = ChartMemo(), bars("NVDA")[-1:], bars("NVDA")[-2:]
    first = replace(known_detail(), bars=one, indicators=(), forecasts=(), signals=())
    assert memo.charts(first, ChartOptions(), 80) is None
    assert no_chart("NVDA", one) == f"NVDA: 1 bar so far, 2026-02-27 closed at {one[0].close:.2f}; a chart needs 2"
    assert no_chart("NVDA", ()) == "NVDA: no bars yet"
    assert memo.charts(replace(first, bars=two), ChartOptions(), 80) is not None


@pytest.mark.parametrize(("width", "height"), [(24, 3), (37, 5), (100, 12)])
def test_every_chart_fits_the_size_it_is_built_for(width: int, height: int) -> None:
    whole = known_detail()
    empty = replace(whole, accuracy=(), outcomes=(), indicators=whole.indicators[:5], bars=whole.bars[:5], forecasts=())
    still = (replace(bar, open=5, high=5, low=5, close=5, adj_close=5, volume=0) for bar in whole.bars)
    flat = replace(whole, bars=tuple(still))
    for facts in (whole, empty, flat):
        charts = symbol_charts(facts, ChartOptions(candles=height > 4), width, Window(at=facts.bars[-2].session))
        assert charts is not None
        every = (charts.price, charts.volume, charts.rsi, charts.macd, hit_rate_chart(facts))
        for chart in every:
            lines = build(chart, width, height, COLOURS, UNICODE).plain.split("\n")
            assert len(lines) <= height
            assert max(map(cell_len, lines)) <= width


def test_ascii_charts_are_ascii_and_the_shades_tell_the_bands_apart() -> None:
    charts = symbol_charts(known_detail(), ChartOptions(candles=True), 80)
    assert charts is not None
    assert build(charts.price, 80, 16, COLOURS, ASCII).plain.isascii()
    drawn = build(charts.price, 80, 16, COLOURS, UNICODE).plain
    assert all(shade in drawn for shade in "░▒▓┆")


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0.0, 10.0, (0.0, 5.0, 10.0)), (153.0, 207.8, (160.0, 180.0, 200.0)), (5.0, 5.0, (5.0,))]
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert nice_ticks(low, high, 3) == ticks


def test_of_two_bars_in_one_column_the_busier_one_is_drawn() -> None:
    charts = symbol_charts(known_detail(), ChartOptions(timeframe=5), 100)
    assert charts is not None
    assert charts.volume.axis.pitch < 1
    rows = build(charts.volume, 100, 3, COLOURS, UNICODE).plain.split("\n")
    drawn = [column for column in zip(*(row.ljust(100)[9:79] for row in rows), strict=True) if set(column) - set(" ┆")]
    assert len(drawn) == 70
    assert all(column[2] in "█▒" for column in drawn)      # no column hangs in the air


def test_a_past_band_stands_around_the_bar_it_is_about_and_a_miss_is_told() -> None:
    forecast = PastForecast(date(2026, 2, 27), date(2026, 2, 20), True, -0.02, 0.0, 0.02, 0.03)
    band = past_band(forecast, 5, close=103.0)
    start = 103.0 / math.exp(0.03)
    assert (band.low, band.median, band.high) == pytest.approx([start * math.exp(q) for q in (-0.02, 0.0, 0.02)])
    assert (band.held, band.live, band.horizon) == (False, True, 5)


def test_live_and_backfilled_coverage_are_told_apart_with_interval_and_n() -> None:
    told = held_texts(known_detail().records, "har-t", 5)
    assert told == ("80% band made 5 before held 78% [62..94] n=24 live", "78% [71..85] n=126 backfill")
    assert held_texts((), "har-t", 5) == ("80% band made 5 before: none settled yet",)


def test_a_signal_is_marked_on_the_candle_that_holds_its_bar() -> None:
    detail = known_detail()
    charts = symbol_charts(detail, ChartOptions(candles=True), 100, alerts=())
    assert charts is not None
    for mark, signal in zip(charts.price.marks, reversed(detail.signals), strict=True):
        assert charts.dates[mark.bar - 1] < signal.signal.session <= charts.dates[mark.bar]
        assert mark.direction == signal.signal.direction
    without = symbol_charts(detail, ChartOptions(candles=True), 100)
    assert without is not None
    assert without.price.marks == ()


class Level:
    """A figure of 2 over eighty bars, as a line or as what a line is measured by."""

    def __init__(self, *, dashed: bool) -> None:
        self._dashed = dashed

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        return Text("level")

    def draw(self, figure: Figure, brush: Brush) -> None:
        figure.xlim(0, 79)
        figure.ylim(0, 4)
        if self._dashed:
            dashes(figure, brush, range(80), [2.0] * 80, COLOURS.muted)
        else:
            line(figure, range(80), [2.0] * 80, COLOURS.accent, brush.glyphs.marker)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_what_a_line_is_measured_by_is_told_from_it_without_colour(glyphs: Glyphs) -> None:
    def drawn(dashed: bool) -> str:
        rows = build(Level(dashed=dashed), 60, 9, COLOURS, glyphs).plain.split("\n")
        (found,) = [row for row in rows if row.startswith("2.00")]      # its tick
        return found[4:].strip()

    whole, broken = drawn(dashed=False), drawn(dashed=True)
    assert " " not in whole
    if glyphs is UNICODE:
        assert broken.count(" ") >= 10      # a cell of nothing in four at least
        assert len(whole) - len(broken) <= 2      # from edge to edge as the other, but for a gap
    else:
        assert (set(whole), set(broken)) == ({"."}, {"-"})


def test_a_line_of_one_bar_and_one_with_a_bend_are_measured_by_too() -> None:
    for values in ([2.0], [1.0, 3.0], [1.0, 3.0, 2.0]):
        class Bent(Level):
            def draw(self, figure: Figure, brush: Brush) -> None:
                dashes(figure, brush, range(len(values)), values, COLOURS.muted)      # noqa: B023 - drawn in this turn

        assert build(Bent(dashed=True), 40, 9, COLOURS, UNICODE).plain.strip()
