"""What tapecast told of itself, above the journal."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

from rich.console import Console, Group

from forecasting.domain.decision import Delivery
from tests.support.alerts import notice
from tests.support.fake_engine import NOW
from tests.support.tui import COLOURS, main_screen, make_app
from tui.format import UNICODE
from tui.screens.signals import _sifted
from tui.widgets.notice_text import notice_lines

DOWN = Delivery("desk", False, 0.3, "answered 503", next_try=NOW + timedelta(minutes=5))
DEAD = notice(1, deliveries=(Delivery("bell", True, 0.0, None), DOWN))
BACK = notice(2, title="prices are back", text="NVDA has a fresh price, after 31 minutes without any")


def printed(width: int) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(Group(*notice_lines((BACK, DEAD), COLOURS, UNICODE)))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_each_notice_tells_when_what_and_how_the_sinks_took_it() -> None:
    assert printed(118) == [
        "About tapecast itself, newest first",
        "03-02 15:31  prices are back  NVDA has a fresh price, after 31 minutes without any",
        "03-02 15:31  no fresh prices  none since 14:02 → bell, desk next try 15:35 ✗ answered 503",
        "",
    ]
    assert " ".join(" ".join(printed(40)).split()) == " ".join(" ".join(printed(118)).split())      # nothing is cut
    assert notice_lines((), COLOURS, UNICODE) == ()


async def test_the_filter_of_the_view_holds_for_notices_too() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        scene = main_screen(app).scene()
    scene = replace(scene, snapshot=replace(scene.snapshot, told=(BACK, DEAD)))
    assert _sifted(scene, "fresh back").snapshot.told == (BACK,)
    assert _sifted(scene, "").snapshot.told == (BACK, DEAD)
