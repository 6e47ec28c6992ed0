"""The journal of signals where there is little room."""

from __future__ import annotations

import io

from rich.console import Console

from forecasting.domain.decision import SignalKind, SignalRecord
from tests.support.tui import main_screen, make_app
from tui.widgets.journal import Journal, _journal, _records


async def test_in_eighty_columns_the_reason_goes_on_in_a_next_line_and_nothing_is_cut() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await pilot.pause()
        scene = main_screen(app).scene()
        assert main_screen(app).query_one(Journal).is_attached
    text = io.StringIO()
    Console(file=text, width=78).print(_journal(scene.snapshot.signals[:5], scene))

    lines = [line for line in text.getvalue().splitlines() if not line.startswith(" ")]
    for scored, line in zip(scene.snapshot.signals[:5], lines, strict=True):
        assert line.startswith(f"{scored.signal.session}  {scored.signal.symbol} ")
    assert "…" not in text.getvalue()
    assert text.getvalue().split().count("1.88") == 5      # how each of the reasons ends


async def test_the_kinds_keep_to_a_line_each_and_no_mean_return_stands_without_its_interval() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await pilot.pause()
        scene = main_screen(app).scene()
    records = tuple(
        SignalRecord(kind, 1234, 600, 0.486, 0.4, 0.57, 0.0, 0.51, -0.0012, -0.0123, 0.0098, 0.0005, 0.002)
        for kind in SignalKind
    )
    for width, shown in ((60, False), (80, True), (120, True)):
        text = io.StringIO()
        Console(file=text, width=width - 3).print(_records(records, scene, width))
        lines = text.getvalue().splitlines()
        assert len(lines) == 1 + len(records)
        assert all("1234 49% [40..57] 51%" in " ".join(line.split()) for line in lines[1:])
        assert all(("-0.12% [-1.23..+0.98]" in line and "+0.05%" in line) is shown for line in lines[1:])
        assert all(("-0.12%" in line) is shown for line in lines[1:])
