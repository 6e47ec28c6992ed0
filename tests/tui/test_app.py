"""What the running app shows as facts change, and at every size."""

from __future__ import annotations

import asyncio
import itertools
import sys
from dataclasses import replace

import pytest
from textual.geometry import Region

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, JobStatus, Snapshot, SourceHealth, SymbolDetail
from forecasting.domain.watchlist import WatchGroup
from tests.support.fake_engine import FakeEngine
from tests.support.tui import cursor_symbol, fake, main_screen, make_app, press, settle, symbols_shown
from tests.support.waiting import PATIENCE_S
from tui.app import TapecastApp
from tui.widgets.symbol_pane import SymbolPane
from tui.widgets.truth_line import TruthLine
from tui.widgets.watch_table import WatchTable
from tui.widgets.words import Words


async def test_a_tick_rewrites_only_the_cells_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        table = main_screen(app).query_one(WatchTable)
        painted: list[Region] = []
        refresh = table.refresh

        def watched(*regions: Region, **options: bool) -> WatchTable:
            painted.extend(regions)
            return refresh(*regions, **options)

        monkeypatch.setattr(table, "refresh", watched)

        def dearer(snapshot: Snapshot) -> Snapshot:
            rows = tuple(replace(row, last=184.0) if row.symbol == "NVDA" else row for row in snapshot.rows)
            return replace(snapshot, rows=rows)

        fake(app).push(dearer)
        await pilot.pause()
        assert painted == [Region(10, 1, 9, 1)]      # LAST of the first row


async def test_a_price_tick_does_not_read_the_detail_again_but_a_new_forecast_does() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        reads = fake(app).calls.count(("detail", "NVDA"))
        fake(app).push(lambda s: replace(s, rows=(replace(s.rows[0], last=184.0), *s.rows[1:])))
        await settle(pilot)
        assert fake(app).calls.count(("detail", "NVDA")) == reads
        fake(app).push(lambda s: replace(s, rows=(replace(s.rows[0], model="lstm"), *s.rows[1:])))
        await settle(pilot)
        assert fake(app).calls.count(("detail", "NVDA")) == reads + 1


async def test_snapshots_that_never_stop_do_not_starve_the_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        reads = fake(app).calls.count(("detail", "NVDA"))
        monkeypatch.setattr("tui.screens.stage.DETAIL_DELAY", 0.05)
        rsi = itertools.count()

        def another_rsi(snapshot: Snapshot) -> Snapshot:
            return replace(snapshot, rows=(replace(snapshot.rows[0], rsi=float(next(rsi))), *snapshot.rows[1:]))

        fake(app).push(another_rsi)
        async with asyncio.timeout(PATIENCE_S):
            while fake(app).calls.count(("detail", "NVDA")) == reads:
                fake(app).push()
                await pilot.pause(0.002)


async def test_a_detail_for_a_symbol_the_cursor_has_left_is_dropped() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        await press(pilot, "j")
        await settle(pilot)
        screen = main_screen(app)
        screen.show_detail(Symbol("NVDA"), None)
        assert "AAPL" in screen.query_one("#price").render().plain  # type: ignore[union-attr]


async def test_a_row_that_vanishes_leaves_the_cursor_on_the_first() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await press(pilot, "j", "j")
        fake(app).groups = (WatchGroup("Core", (Symbol("AAPL"), Symbol("TSM"))),)
        fake(app).push()
        await pilot.pause()
        assert symbols_shown(app) == ["AAPL", "TSM"]
        assert cursor_symbol(app) == "AAPL"


@pytest.mark.parametrize(
    ("source", "said"), [("demo", "Loading: demo is being asked"), ("yahoo", "This list is empty")]
)
async def test_a_source_that_names_its_symbols_by_itself_is_waited_for(source: str, said: str) -> None:
    app = make_app()
    fake(app).groups = ()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        asking = JobStatus("refresh", Health.WORKING, "history of SYN-HALO, 10 of 12")
        not_asked = SourceHealth(source, Health.WORKING, "not asked yet")
        fake(app).push(lambda snapshot: replace(snapshot, source=not_asked, jobs=(asking,)))
        await settle(pilot)
        assert main_screen(app).query_one("#empty", Words).text.plain.startswith(said)
        truth = main_screen(app).query_one(TruthLine)
        line = "".join(segment.text for segment in truth.render_line(0))
        assert f"{source} history of SYN-HALO, 10 of 12" in line


async def test_an_empty_list_teaches() -> None:
    engine = FakeEngine()
    engine.groups = ()
    app = TapecastApp(engine, monotonic=lambda: 0.0)
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "j", "enter", "x", "2", "3", "n", "right_square_bracket", "1")
        empty = main_screen(app).query_one("#empty", Words)
        assert empty.display
        for hint in ("a  ", "?", "--demo"):
            assert hint in empty.text.plain


async def test_text_from_outside_is_never_markup() -> None:
    app = make_app("INTC")
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        fake(app).push(lambda s: replace(
            s, notices=("[bold]not markup[/nothing]",), source=replace(s.source, message="[/] [red]down"),
        ))
        await press(pilot, "exclamation_mark", "1", "2", "question_mark", "escape")
        await settle(pilot)
        assert "[/] [red]down" in main_screen(app).query_one(TruthLine).text.plain
        assert "[red]Intel[/red]" in main_screen(app).query_one("#readout", Words).text.plain


async def test_ages_grow_between_snapshots_and_a_replays_do_not() -> None:
    seconds = [0.0]
    live = TapecastApp(FakeEngine(), monotonic=lambda: seconds[0])
    async with live.run_test(size=(120, 35)):
        seconds[0] = 30.0
        main_screen(live).show()
        assert "(34s)" in main_screen(live).query_one(TruthLine).text.plain
        seconds[0] = 0.0
    replaying = TapecastApp(FakeEngine(replaying=True), monotonic=lambda: seconds[0])
    async with replaying.run_test(size=(120, 35)):
        seconds[0] = 30.0
        main_screen(replaying).show()
        line = main_screen(replaying).query_one(TruthLine).text.plain
        assert "(4s)" in line
        assert "REPLAY 2008-09-15 x1" in line


async def test_the_failed_rows_reason_stands_in_the_pane() -> None:
    app = make_app("BADSYM", "NVDA")
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        assert "knows no such symbol" in main_screen(app).query_one("#record", Words).text.plain


async def test_a_detail_that_cannot_be_read_is_told_on_screen() -> None:
    from forecasting.errors import StoreError

    class Broken(FakeEngine):
        def detail(self, symbol: Symbol) -> SymbolDetail | None:
            raise StoreError("disk is gone")

    app = TapecastApp(Broken(), monotonic=lambda: 0.0)
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        assert [n.message for n in app._notifications] == ["NVDA: disk is gone"]


SIZES = (
    (20, 6), (39, 12), (40, 10), (60, 20), (79, 24), (80, 24), (99, 30), (100, 20), (120, 35), (200, 50), (300, 100),
)


async def test_every_view_survives_every_size() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        for view, sizes in (("1", SIZES), ("2", SIZES[::3]), ("3", SIZES[::4]), ("4", SIZES[::5]), ("1", SIZES[::-4])):
            await press(pilot, view)
            for width, height in sizes:
                await pilot.resize_terminal(width, height)
        await settle(pilot)
        assert symbols_shown(app)[0] == "NVDA"


@pytest.mark.parametrize(
    ("width", "height", "pane", "truth", "columns"),
    [
        (120, 35, "right", True, 9), (100, 30, "right", True, 7), (80, 24, "below", True, 9), (79, 24, "none", True, 8),
        (50, 20, "none", True, 5), (39, 20, "none", False, 4), (120, 9, "none", False, 9), (30, 8, "none", False, 3),
    ],
)
async def test_the_layout_steps_with_the_size(width: int, height: int, pane: str, truth: bool, columns: int) -> None:
    app = make_app()
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        screen = main_screen(app)
        table, side = screen.query_one(WatchTable), screen.query_one(SymbolPane)
        if pane == "none":
            assert not side.display
        elif pane == "right":
            assert side.region.x >= table.region.right
        else:
            assert side.region.y >= table.region.bottom
        assert screen.query_one("#truth").display is truth
        assert len(table.columns) == columns


async def test_a_view_that_cannot_be_imported_any_more_is_told_and_the_app_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        monkeypatch.setitem(sys.modules, "tui.screens.health", None)
        await press(pilot, "exclamation_mark")
        assert main_screen(app).view_name == "watch"
        assert list(app._notifications)[-1].message.endswith("tapecast was changed on disk, start it anew")
        monkeypatch.undo()
        await press(pilot, "exclamation_mark")
        assert main_screen(app).view_name == "health"


async def test_charts_that_come_when_the_app_has_been_ended_are_left_out() -> None:
    pane = SymbolPane()
    await pane._fill()      # a signal may take the screen away between the first paint and this
    assert pane._plots is None
