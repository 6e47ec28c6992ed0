"""What the first line says of sessions, sources and rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from forecasting.domain.market import SessionState, Symbol
from forecasting.domain.money import Rate
from forecasting.domain.snapshot import ExchangeStatus, Health, Snapshot, SourceHealth
from forecasting.domain.watchlist import WatchGroup, tabs
from tests.support.fake_engine import NOW, snapshot
from tests.support.tui import COLOURS
from tui import format as fmt
from tui.charts.options import ChartOptions
from tui.screens.view import Scene
from tui.widgets.row_order import SortOrder
from tui.widgets.truth_line import truth_line

NVDA = Symbol("NVDA")


def line(change: Callable[[Snapshot], Snapshot], width: int = 200) -> str:
    group = WatchGroup("Core", (NVDA,))
    made = change(replace(snapshot((group,)), jobs=()))
    scene = Scene(
        snapshot=made, now=NOW, group=group, rows=made.rows, order=SortOrder(), filter_text="", filter_problem=None,
        symbol=NVDA, detail=None, options=ChartOptions(), palette=COLOURS, glyphs=fmt.UNICODE,
    )
    return truth_line(scene, "", width).plain


@pytest.mark.parametrize(
    ("state", "then", "text"),
    [
        (SessionState.OPEN, SessionState.BREAK, "TSE OPEN 10m00 to break"),
        (SessionState.BREAK, SessionState.OPEN, "TSE BREAK 10m00 to open"),
        (SessionState.OPEN, SessionState.CLOSED, "TSE OPEN 10m00 to close"),
        (SessionState.OPEN, SessionState.POST, "TSE OPEN 10m00 to close"),
        (SessionState.POST, SessionState.CLOSED, "TSE POST 10m00 to end"),
        (SessionState.PRE, SessionState.OPEN, "TSE PRE 10m00 to open"),
        (SessionState.CLOSED, SessionState.OPEN, "TSE CLOSED 10m00 to open"),
    ],
)
def test_a_session_counts_down_to_what_comes_next(state: SessionState, then: SessionState, text: str) -> None:
    status = ExchangeStatus("XTKS", state, NOW + timedelta(minutes=10), then)
    assert text in line(lambda s: replace(s, exchanges=(status,)))


def test_where_trading_never_stops_nothing_is_counted_down() -> None:
    shown = line(lambda s: replace(s, exchanges=(ExchangeStatus("24/7", SessionState.OPEN, None),)))
    assert "24/7 OPEN   data" in shown


@pytest.mark.parametrize("width", [78, 118])
def test_who_answers_in_whose_place_is_said_with_since_when(width: int) -> None:
    taken_over = NOW - timedelta(minutes=4)
    health = SourceHealth(
        "yahoo", Health.LATE, "yahoo: no answer within 8 s; csv answers meanwhile", taken_over, None, 7,
        substitute="csv", substitute_since=taken_over,
    )  # fmt: skip
    text = f"yahoo down 4m, csv since {fmt.local_time(taken_over)[:5]}"
    assert text in line(lambda s: replace(s, source=health), width)
    back = SourceHealth("yahoo", Health.OK, "back after 4 min")
    assert "yahoo back after 4 min" in line(lambda s: replace(s, source=back), width)


def test_a_converted_price_tells_what_it_was_and_how_old_the_rate_is() -> None:
    rate = Rate("USD", "EUR", 0.92134, NOW - timedelta(seconds=12))

    def converted(s: Snapshot) -> Snapshot:
        return replace(s, rows=tuple(replace(r, last=183.2, rate=rate) for r in s.rows))

    assert "183.20 USD x 0.92134 (12s)" in line(converted, 118)


LISTS = ("Core", "Tech", "Europe", "Japan", "Crypto", "Indices", "Dividends", "Growth")


def tabs_shown(here: str, width: int, lists: tuple[str, ...] = LISTS) -> str:
    """The line while a model trains, with the list `here` on screen."""
    groups = (*(WatchGroup(name, (NVDA,)) for name in lists), WatchGroup("Buys", (), "signal == buy"))
    made, group = snapshot(groups), next(group for group in tabs(groups) if group.name == here)
    scene = Scene(
        snapshot=made, now=NOW, group=group, rows=made.rows, order=SortOrder(), filter_text="", filter_problem=None,
        symbol=NVDA, detail=None, options=ChartOptions(), palette=COLOURS, glyphs=fmt.UNICODE,
    )
    return truth_line(scene, "", width).plain


@pytest.mark.parametrize("width", [38, 78, 118])
@pytest.mark.parametrize("here", [*LISTS, "All", "Buys"])
def test_the_list_on_screen_is_named_at_any_width_whatever_else_there_is_to_say(here: str, width: int) -> None:
    shown = tabs_shown(here, width)
    assert {"Buys": "*Buys"}.get(here, here) in shown.split()
    assert len(shown) <= width


def test_tabs_scroll_to_the_list_on_screen_and_mark_that_there_are_more() -> None:
    assert tabs_shown("Core", 78).startswith("◆ Core  Tech >   data")
    assert tabs_shown("Japan", 78).startswith("◆ < Japan >   data")
    assert tabs_shown("Buys", 78).startswith("◆ < All  *Buys   data")


def test_a_job_at_work_leaves_room_for_the_lists() -> None:
    assert tabs_shown("Core", 78, ("Core",)) == (
        "◆ Core  *Buys   data 15:29:56 (4s)   yahoo ok   training ███░░░░░ 43% ETA 6s"
    )
