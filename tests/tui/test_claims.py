"""No claim of how good something is stands on screen without its baseline, its interval and its n, at any width."""

from __future__ import annotations

import re

import pytest
from rich.text import Text

from forecasting.domain.backtest import AskBacktest
from tests.support import backtests
from tests.support.fake_engine import row
from tests.support.fake_models import fill_models
from tests.support.tui import COLOURS, fake, make_app, press, settle
from tui.app import TapecastApp
from tui.widgets.record_text import pane_record

RECORD = (
    r"n=126 (live|backfill)", r"hit 52% \[43\.\.61\] / always-up 53%", r"80% band 78% \[71\.\.85\]",
    r"RW skill [+-]\d\.\d% \[\S+\]",
)
SUBJECT = r"backfill  n=252 on 252 sessions"
CLAIMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("watch", "1", RECORD),
    ("chart", "2", RECORD),
    ("summary", "3bfff", (
        SUBJECT, r"ensemble +\S+✗ \[\S+\] +252  83% \[78\.\.87\]  52% \[45\.\.58\] / 50%", r"random-walk +baseline",
        r"CRPS skill [+-]\d\.\d% \[\S+\] ╌ on RW n=60",
    )),
    ("calibration", "l", (
        SUBJECT, r"80% band  83% \[78\.\.87\]  fits  4\.3% / 4\.1% +\+6\.8% \[\S+\]  252", r"p=0\.34, n=252 on 252",
        r"ensemble +83% \[78\.\.87\] .*252",
    )),
    ("errors", "l", (
        SUBJECT, r"RMSE +1\.952%     1\.989%  \S+ \[\S+\]", r"ensemble .* 1\.95 / 1\.99 .*252",
        r"R2, added up \+3\.7% \[\S+\] ╌ on no change n=252",
    )),
    ("direction", "l", (
        SUBJECT, r"ensemble +52% \[45\.\.58\] / 50%  \+1\.2%✗ \[\S+\]  252",
        r"Brier  0\.2487, \+0\.5%✗ \[\S+\] on a half's 0\.2500", r"46\.1% +43%  \[31\.\.57\]  51",
        r"Reliability .*n=252",
    )),
    ("past", "l", (SUBJECT, r"48 of 60 in the 80% band; all: 83% \[78\.\.87\] n=252")),
    ("signals", "4ll", (r"RSI below 30 +41 +56% \[41\.\.71\] +53% +\+0\.20% \[-1\.10\.\.\+1\.50\] +\+0\.05%",)),
    ("backtest", "5", (
        r"as recorded, sessions: 12 live \+ 240 backfill", r"n=252 sessions +direction long/flat +buy-and-hold",
        r"Sharpe a year +\S+ \[\S+\] +\S+ \[\S+\]", r"excess a year +\S+ \[\S+\]",
    )),
    ("record", "6ll", (r"against random-walk \[95%\]", r"har-t +\+1\.2%✗ \[\S+\] n=216")),
)
NAKED = re.compile(
    r"(?:\bhit|[Hh]it rate|Hits|80% band|skill|R2|held) +[-+]?\d++(?:\.\d++)?%?+[✗✓]?"
    r"(?! ?\[|\S| of| ahead| over \d+ sessions)"      # nor a count, a horizon, what made an alarm ring
    r"|\d%[✗✓](?! \[)"
)
"""A figure that claims something, and no interval behind it."""


def app_with_records() -> TapecastApp:
    """With models and a backtest."""
    app = make_app()
    fill_models(fake(app))
    fake(app).answers[AskBacktest] = backtests.answering
    return app


def on_screen(app: TapecastApp) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 35), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_claim_stands_with_its_baseline_its_interval_and_its_n(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.actions.backtest.REST_S", 0.001)
    monkeypatch.setattr("tui.widgets.chart_pane.build", lambda *_: Text("a picture"))     # takes its time, says nothing
    app = app_with_records()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for name, keys, claims in CLAIMS:
            await press(pilot, *keys)
            if name == "summary":
                await pilot.resize_terminal(size[0], 50)      # what can be scrolled to counts as shown
            await settle(pilot)
            shown = on_screen(app)
            for claim in claims:
                assert re.search(claim, shown), f"{name}: {claim}\n{shown}"
            assert not NAKED.search(shown), f"{name}: {NAKED.search(shown)}\n{shown}"


def test_a_record_leaves_claims_out_whole_and_its_n_never() -> None:
    seen = set()
    for width in range(18, 121):
        for lines in range(1, 7):
            told = pane_record(row("NVDA"), COLOURS, width, lines=lines).plain
            assert told.startswith("har-t")
            assert "n=126 live" in told
            assert not NAKED.search(told)
            assert told.count("hit") == told.count("/ always-up 53%")
            assert len(told.split("\n")) <= lines
            assert max(map(len, told.split("\n"))) <= width
            seen.update(re.findall("hit|80% band|RW skill|up in", told))
    assert seen == {"hit", "80% band", "RW skill", "up in"}
