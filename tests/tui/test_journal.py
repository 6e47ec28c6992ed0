"""The journal of signals where there is little room."""

from __future__ import annotations

import io

from rich.console import Console

from tests.support.tui import main_screen, make_app
from tui.widgets.journal import Journal, _journal


async def test_in_eighty_columns_the_reason_gives_way_and_neither_date_nor_symbol() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await pilot.pause()
        scene = main_screen(app).scene()
        assert main_screen(app).query_one(Journal).is_attached
    text = io.StringIO()
    Console(file=text, width=78).print(_journal(scene.snapshot.signals[:5], scene))

    lines = text.getvalue().splitlines()
    for scored, line in zip(scene.snapshot.signals[:5], lines, strict=True):
        assert line.startswith(f"{scored.signal.session}  {scored.signal.symbol} ")
