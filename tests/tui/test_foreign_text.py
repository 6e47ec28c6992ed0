"""Names, errors and messages from outside are shown letter by letter: none of them is read as markup."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.segment import Segment

from forecasting.domain.decision import AlertRule, Delivery, RuleStatus
from forecasting.domain.snapshot import Health, Snapshot, SymbolDetail
from tests.support import fake_engine
from tests.support.alerts import alert
from tests.support.tui import fake, make_app, press, settle
from tui.app import TapecastApp
from tui.messages import EngineFailed

MARKUP = "[@click=app.quit]x[/] [red]b[/red] [/nothing]"


def spoilt(snapshot: Snapshot) -> Snapshot:
    """Everything that a source or a library may have worded."""
    rows = tuple(replace(row, name=MARKUP, error=MARKUP if row.error else None) for row in snapshot.rows)
    signals = tuple(replace(s, signal=replace(s.signal, reason=MARKUP)) for s in snapshot.signals)
    source = replace(snapshot.source, health=Health.FAILED, message=MARKUP)
    jobs = tuple(replace(job, message=MARKUP) for job in snapshot.jobs)
    alerts = (alert(reason=MARKUP, deliveries=(Delivery(MARKUP, False, 1.0, MARKUP),)),)
    rules = (RuleStatus(AlertRule(1, MARKUP, (), MARKUP, (MARKUP,), 60.0, 0.0, snapshot.now), None, MARKUP),)
    return replace(
        snapshot, rows=rows, source=source, jobs=jobs, signals=signals, notices=(MARKUP,), alerts=alerts, rules=rules,
    )


def painted(app: TapecastApp) -> list[Segment]:
    """What is on the screen."""
    return [segment for strip in app.screen._compositor.render_strips() for segment in strip]


@pytest.mark.parametrize("view", ["1", "2", "3", "4", "4 l", "4 l l", "exclamation_mark"])
async def test_markup_from_outside_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch, view: str) -> None:
    plain = fake_engine.detail

    def detail(symbol: str) -> SymbolDetail | None:
        known = plain(symbol)
        if known is None:
            return None
        signals = tuple(replace(s, signal=replace(s.signal, reason=MARKUP)) for s in known.signals)
        instrument = replace(known.instrument, name=MARKUP)
        return replace(known, instrument=instrument, signals=signals, model_note=MARKUP)

    monkeypatch.setattr(fake_engine, "detail", detail)
    app = make_app("NVDA", "BADSYM")
    async with app.run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        fake(app).push(spoilt)
        await press(pilot, *view.split())
        await settle(pilot)
        shown = painted(app)
        clicks = [s.style.meta.get("@click") for s in shown if s.style is not None]
        assert "[@click=app.quit]" in "".join(s.text for s in shown)
        assert "app.quit" not in clicks
        app.post_message(EngineFailed(MARKUP))
        await pilot.pause()
        assert app.is_running

