"""The banner: there while something is wrong with the source, with since when and what happens next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from forecasting.domain.snapshot import Health, Snapshot, SourceHealth
from tests.support.tui import fake, main_screen, make_app, settle
from tui.app import TapecastApp
from tui.widgets.banner import Banner

SINCE = datetime(2026, 3, 2, 14, 0, 5, tzinfo=UTC)
MESSAGE = "yahoo: asked for fewer requests; next try at 14:01:05 UTC"
LIMITED = SourceHealth("yahoo", Health.LATE, MESSAGE, SINCE, SINCE + timedelta(minutes=1), 7)


def source(health: SourceHealth) -> Callable[[Snapshot], Snapshot]:
    def change(snapshot: Snapshot) -> Snapshot:
        return replace(snapshot, source=health)

    return change


def said(app: TapecastApp) -> str | None:
    banner = main_screen(app).query_one(Banner)
    return banner.text.plain if banner.display else None


async def test_trouble_is_said_with_since_when_and_what_comes_next() -> None:
    app = make_app()
    async with app.run_test(size=(120, 35)) as pilot:
        await settle(pilot)
        assert said(app) is None

        fake(app).push(source(LIMITED))
        await settle(pilot)
        since, retry = (m.astimezone().strftime("%H:%M:%S") for m in (SINCE, SINCE + timedelta(minutes=1)))
        assert said(app) == f"asked for fewer requests  since {since}, next try {retry}"

        fake(app).push(source(replace(LIMITED, health=Health.OK, message="ok")))
        await settle(pilot)
        assert said(app) is None


async def test_a_pause_is_said_before_any_trouble() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        fake(app).push(source(LIMITED))
        await pilot.press("p")
        await settle(pilot)
        assert (said(app) or "").startswith("PAUSED")
