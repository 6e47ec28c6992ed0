"""The accuracy view: what it asks, what it says, and that no figure stands alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.text import Text
from textual.pilot import Pilot

from forecasting.domain.forecast import Origin
from forecasting.domain.market import Symbol
from forecasting.errors import WorkerCrashed
from forecasting.service.accuracy import Accuracy, AskAccuracy
from tests.support.fake_accuracy import answer_accuracy
from tests.support.fake_engine import record
from tests.support.tui import COLOURS, fake, main_screen, make_app, press, settle
from tui.app import TapecastApp
from tui.charts.figure import Chart, build
from tui.charts.of_record import coverage_chart, hit_chart, past_chart, pit_chart, reliability_chart, saved_chart
from tui.charts.of_record import skill_chart as skill
from tui.format import ASCII, UNICODE
from tui.screens.accuracy import PARTS, AccuracyView
from tui.screens.angle import Angle, fuller_origin
from tui.widgets import accuracy_words
from tui.widgets.accuracy_words import Pen
from tui.widgets.figure_table import figure_table
from tui.widgets.record_part import RecordPart
from tui.widgets.words import Words

NVDA = Symbol("NVDA")
SYMBOLS = (NVDA, Symbol("AAPL"))


def answered(origin: Origin = Origin.BACKFILL, horizon: int = 1, symbol: Symbol | None = NVDA) -> Accuracy:
    return answer_accuracy(AskAccuracy(SYMBOLS, symbol, horizon, origin), lambda step: None)


def asked(app: TapecastApp) -> list[AskAccuracy]:
    return [asked for _, *rest in fake(app).calls for asked in rest if isinstance(asked, AskAccuracy)]


def said(app: TapecastApp) -> str:
    """All words on screen."""
    view = main_screen(app).query_one(AccuracyView)
    return "\n".join(words.text.plain for words in view.query(Words) if words.is_on_screen)


async def opened(pilot: Pilot[Any], *keys: str) -> None:
    await settle(pilot)
    await press(pilot, "3", *keys)
    await settle(pilot)


async def test_it_asks_the_worker_once_for_the_selected_symbol_and_not_before_it_is_opened() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        assert asked(app) == []
        await opened(pilot)
        fake(app).push()
        await settle(pilot)
        (question,) = asked(app)
    assert (question.symbol, question.horizon, len(question.symbols)) == (NVDA, 1, 12)


async def test_keys_change_horizon_scope_and_origin_and_what_was_read_is_not_asked_again() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot)
        for key in ("full_stop", "full_stop", "full_stop", "s", "b", "b", "s", "comma", "comma"):
            await press(pilot, key)
            await settle(pilot)
        found = [(q.symbol, q.horizon, q.origin.value) for q in asked(app)]
    assert found == [
        ("NVDA", 1, "live"), ("NVDA", 5, "live"), ("NVDA", 10, "live"), (None, 10, "live"), (None, 10, "backfill"),
    ]


async def test_another_symbol_is_asked_for_and_a_settlement_asks_again() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot)
        await press(pilot, "n")
        await settle(pilot)
        settled = (record(None, "har-t", 1, Origin.LIVE, 300, 0.01),)
        fake(app).push(lambda snapshot: replace(snapshot, records=settled))
        await settle(pilot)
        assert [q.symbol for q in asked(app)] == ["NVDA", "AAPL", "AAPL"]


async def test_a_short_record_says_how_many_sessions_it_needs_and_shows_no_skill() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot)
        words = said(app)
    assert "live  n=12 on 12 sessions" in words
    assert words.count("needs 30 sessions, has 12") >= 4
    assert "CRPS: cannot be told yet" in words
    assert "over time: needs 30 sessions, has 12" not in words      # said by the chart's pane


async def test_skill_and_no_skill_are_said_plainly_with_interval_and_baseline() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot, "b", "f")        # the model after har-t
        words = said(app)
    assert re.search(r"spread     \+\d\.\d% \[\+\d\.\d\.\.\+\d\.\d\] on random-walk's CRPS: skill", words)
    assert re.search(r"80% band   \d\d% \[\d\d\.\.\d\d\] of 252 held: fits; 4\.\d% wide, random-walk 4\.\d%", words)
    assert "direction  claims none, P(up) is 50% throughout; always-up scored 50%" in words
    assert "level      the median is no change: nothing is claimed" in words
    assert "ewma-t" in words.splitlines()[0]


async def test_a_model_that_claims_a_direction_is_held_against_always_up() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await opened(pilot, "b")
        await press(pilot, "f", "f", "f")
        await settle(pilot)
        words = said(app)
    assert re.search(r"direction  52% \[45\.\.58\] against always-up's 50%: no skill, its interval reaches zero", words)
    assert re.search(r"level      R2 \+3\.7% \[-0\.3\.\.\+7\.7\] against no change: no skill", words)


def test_a_gain_that_is_written_as_nothing_is_not_called_a_skill() -> None:
    """The demo's medians of some millionths had "R2 0.0% [0.0..0.0]: skill"."""
    card = answered().models[1].card
    tiny = replace(card.crps, value=4e-4, low=2e-4, high=6e-4, skill=4e-4, skill_low=2e-4, skill_high=6e-4)
    assert accuracy_words.Pen(COLOURS, UNICODE, 80, "sessions").judged(Text(), tiny, card).plain.startswith("no skill")


async def test_h_and_l_go_through_the_parts_and_stop_at_the_ends() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        found = []
        for key in ("h", "l", "l", "l", "l", "l"):
            await press(pilot, key)
            await settle(pilot)
            found.append([p.id for p in main_screen(app).query(RecordPart) if p.display])
    assert found == [[f"part-{name.lower()}"] for name in ("Summary", *PARTS[1:], "Past")]


async def test_two_parts_stand_beside_each_other_where_there_is_room() -> None:
    app = make_app()
    async with app.run_test(size=(200, 50)) as pilot:
        await opened(pilot, "b", "l", "l", "l", "l")
        shown = [p for p in main_screen(app).query(RecordPart) if p.display]
        assert [p.id for p in shown] == ["part-direction", "part-past"]
        await pilot.resize_terminal(90, 30)
        await settle(pilot)
        assert [p.id for p in main_screen(app).query(RecordPart) if p.display] == ["part-direction"]


async def test_a_worker_that_cannot_answer_is_told_in_the_view() -> None:
    def crash(question: AskAccuracy, on_step: object) -> Accuracy:
        raise WorkerCrashed("the worker has ended")

    app = make_app()
    fake(app).answers[AskAccuracy] = crash
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "not read: the worker has ended" in said(app)
        assert len(asked(app)) == 1


async def test_nothing_settled_says_what_will_change_that() -> None:
    app = make_app("7203.T")
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "No live forecast so far ahead has been settled yet" in said(app)


@pytest.mark.parametrize("size", [(20, 6), (61, 17), (200, 50)])
async def test_every_part_is_shown_at_every_size(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await opened(pilot, "b")
        for key in ("l", "l", "s", "l", "l", "j", "G", "full_stop", "h", "f"):
            await press(pilot, key)
        await settle(pilot)
        assert main_screen(app).view_name == "accuracy"


def test_live_is_shown_once_it_has_an_interval_of_skill_and_backfill_before() -> None:
    short = replace(record("NVDA", "har-t", 1, Origin.LIVE, 12, 0.01), skill_low=None, skill_high=None)
    long = record("NVDA", "har-t", 1, Origin.LIVE, 60, 0.01)
    past = record("NVDA", "har-t", 1, Origin.BACKFILL, 252, 0.01)
    assert fuller_origin((short, past), 1) is Origin.BACKFILL
    assert fuller_origin((long, past), 1) is Origin.LIVE
    assert fuller_origin((short,), 1) is Origin.LIVE
    assert fuller_origin((long, past), 5) is Origin.LIVE       # nothing is known: what is made now


def test_horizons_stop_at_the_ends() -> None:
    assert [Angle(1).further(-1).horizon, Angle(1).further(1).horizon, Angle(10).further(1).horizon] == [1, 5, 10]


def test_columns_that_do_not_fit_are_left_out_from_the_right() -> None:
    rows = [[Text("lstm"), Text("+1.2%"), Text("252")], [Text("har"), Text("-"), Text("60")]]
    assert figure_table(("model", "skill", "n"), rows, 80, "#808080").plain.splitlines() == [
        "model  skill    n", "lstm   +1.2%  252", "har        -   60",
    ]
    assert figure_table(("model", "skill", "n"), rows, 16, "#808080").plain.splitlines()[1] == "lstm   +1.2%"
    assert figure_table(("model", "skill", "n"), rows, 3, "#808080").plain.splitlines()[1] == "lstm "


@pytest.mark.parametrize("room", [30, 77, 196])
@pytest.mark.parametrize("horizon", [1, 10])
@pytest.mark.parametrize("origin", list(Origin))
def test_no_table_is_wider_than_its_room_and_no_figure_is_nan_or_infinite(
    room: int, horizon: int, origin: Origin
) -> None:
    found = answered(origin, horizon)
    pen = Pen(COLOURS, UNICODE, room, "sessions")
    for shown in found.models:
        written = [
            write(found, shown, pen).plain
            for write in (accuracy_words.summary, accuracy_words.calibration, accuracy_words.errors,
                          accuracy_words.direction)
        ]
        written.append(accuracy_words.past(shown, pen, named=True).plain)
        assert not re.search(r"\b(nan|inf)\b", "\n".join(written))
        tables = re.findall(r"^(?:random-walk  |50% band |95% band ).*$", "\n".join(written), re.MULTILINE)
        assert len(tables) >= 3
        assert all(len(line) <= room for line in tables)


def test_coverage_that_leaves_its_nominal_level_is_called_too_narrow_or_too_wide() -> None:
    found = answered()
    card = found.models[0].card
    band = card.coverage[1]

    def words(value: float, low: float, high: float) -> str:
        held = replace(band.held, value=value, low=low, high=high, skill=value - 0.8, skill_low=low - 0.8,
                       skill_high=high - 0.8)
        coverage = (card.coverage[0], replace(band, held=held), card.coverage[2])
        shown = replace(found.models[0], card=replace(card, coverage=coverage))
        return accuracy_words.summary(found, shown, Pen(COLOURS, UNICODE, 100, "sessions")).plain

    assert "held: too narrow" in words(0.7, 0.65, 0.75)
    assert "held: too wide" in words(0.9, 0.85, 0.94)
    assert "held: fits" in words(0.8, 0.75, 0.85)


CHARTS: tuple[Callable[[Any], Chart | None], ...] = (
    skill, hit_chart, coverage_chart, saved_chart, pit_chart, reliability_chart, lambda found: past_chart(found, 5),
)


@pytest.mark.parametrize(("width", "height"), [(24, 4), (44, 8), (100, 25)])
def test_every_chart_of_the_record_fits_its_size_and_is_ascii_where_it_has_to_be(width: int, height: int) -> None:
    for found in (answered().models[0], answered(symbol=None, horizon=5).models[0], answered(Origin.LIVE).models[0]):
        for chart in filter(None, (make(found) for make in CHARTS)):
            for glyphs in (UNICODE, ASCII):
                drawn = build(chart, width, height, COLOURS, glyphs).plain
                assert len(drawn.splitlines()) <= height
                assert max(map(len, drawn.splitlines())) <= width
                assert chart.heading(COLOURS, glyphs, width).plain
            assert drawn.isascii()


def test_a_median_that_is_no_change_saves_nothing_to_draw() -> None:
    found = {m.card.model: m for m in answered().models}
    assert saved_chart(found["har-t"]) is None
    chart = saved_chart(found["ensemble"])
    assert chart is not None
    assert f"{100 * found['ensemble'].card.r2.value:+.1f}%" in chart.heading(COLOURS, UNICODE, 120).plain


def test_the_pits_columns_are_as_high_as_their_shares() -> None:
    pit = answered().models[0].card.pit
    level_pit = replace(pit, shares=(0.2,) + (0.0,) * 4 + (0.8 / 5,) * 5, p_value=0.001)
    chart = pit_chart(replace(answered().models[0], card=replace(answered().models[0].card, pit=level_pit)))
    assert chart is not None
    lines = build(chart, 60, 23, COLOURS, UNICODE).plain.splitlines()
    heights = [sum(line.ljust(60)[9 + 5 * place + 1] not in " ─" for line in lines[:-1]) for place in range(10)]
    assert heights[0] == max(heights) == 20       # of 22 rows: 0.2 of 0.22
    assert heights[1:5] == [0, 0, 0, 0]
    assert set(heights[5:]) == {16}
    assert "not flat p=0.001" in chart.heading(COLOURS, UNICODE, 120).plain


def test_outcomes_outside_the_band_are_counted_and_crossed() -> None:
    found = answered(horizon=5).models[0]
    inside = sum(low <= one.actual <= high for one in found.past for low, high in one.bands[1:2])
    chart = past_chart(found, 5)
    assert chart is not None
    assert f"Outcomes 5 ahead  {inside} of 60 in the 80% band" in chart.heading(COLOURS, UNICODE, 120).plain
    assert "✗" in build(chart, 80, 12, COLOURS, UNICODE).plain


def test_few_settled_forecasts_still_make_a_band_without_gaps() -> None:
    found = answered().models[0]
    chart = past_chart(replace(found, past=found.past[-4:]), 1)
    assert chart is not None
    middle = build(chart, 60, 11, COLOURS, UNICODE).plain.split("\n")[5]
    assert " " not in middle.strip().removeprefix("0.0% ")
    assert middle.count("░") + middle.count("•") == 60 - 8 - 1
