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


async def test_a_long_cause_is_cut_before_since_when_and_what_comes_next_are() -> None:
    app = make_app()
    cause = "query1.finance.yahoo.com: no answer (failed to connect to 203.0.113.7:443 after 21 s); check the network"
    since, retry = (m.astimezone().strftime("%H:%M:%S") for m in (SINCE, SINCE + timedelta(minutes=1)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        fake(app).push(source(replace(LIMITED, message=cause)))
        await settle(pilot)
        text = said(app) or ""
        assert len(text) == 80
        assert text.startswith("query1.finance.yahoo.com: no a")
        assert text.endswith(f"… ! more  since {since}, next try {retry}")

        await pilot.resize_terminal(200, 50)
        await settle(pilot)
        assert said(app) == f"{cause}  since {since}, next try {retry}"

        fake(app).push(source(replace(LIMITED, message=cause, retry_at=None)))
        await settle(pilot)
        assert said(app) == f"{cause}  since {since}, tried again at the next refresh; r asks now"
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        text = said(app) or ""
        assert text.startswith("query1.finance.yahoo.com: no answer")
        assert text.endswith(f"… ! more  since {since}, r asks now")
