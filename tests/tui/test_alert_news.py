"""Alerts that come while the app runs: toasts, bell, title, and what may reach the terminal at all."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.config import SinkKind
from forecasting.domain.decision import Alert
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot
from forecasting.trading.sinks.message import told
from forecasting.trading.sinks.terminal import TerminalEvent, event
from tests.support.alerts import HOSTILE, alert
from tests.support.fake_alerts import fill_alerts
from tests.support.fake_engine import NOW, FakeEngine, snapshot
from tests.support.tui import fake, make_app
from tui.alert_news import AlertNews
from tui.app import TapecastApp
from tui.terminal import BELL, KEEP_TITLE, OLD_TITLE, allowed, title

SIZE = (80, 24)


def holding(*alerts: Alert) -> Snapshot:
    return replace(snapshot(()), alerts=tuple(reversed(alerts)))


def test_what_was_there_at_the_start_is_no_news_and_nothing_is_told_twice() -> None:
    old, first, second = alert(1), alert(2, "AAPL"), alert(3, "TSM", late=True)
    news = AlertNews(holding(old))
    assert news.take(holding(old), 0.0) == ()
    assert news.take(holding(old, first, second), 0.0) == (
        "AAPL  rsi crosses above 70: rsi 71.25", "TSM  rsi crosses above 70: rsi 71.25  late: of 03-02 15:31",
    )
    assert news.take(holding(old, first, second), 0.0) == ()


def test_more_than_three_at_once_come_as_one_digest() -> None:
    many = [alert(i, symbol, late=i == 1) for i, symbol in enumerate(["NVDA", "NVDA", "A", "B", "C", "D"], 1)]
    assert AlertNews(holding()).take(holding(*many), 0.0) == (
        "6 alerts: NVDA 2, A, B, C and 1 more symbols; 1 of them late; all are in Signals",
    )


def test_never_more_than_three_toasts_stand_and_what_waits_is_told_together() -> None:
    fired = [alert(i, f"S{i}") for i in range(1, 8)]
    news = AlertNews(holding())
    lines = [news.take(holding(*fired[:i]), at) for i, at in ((2, 0.0), (3, 1.0), (5, 2.0), (5, 9.9), (7, 10.0))]
    assert [len(told) for told in lines] == [2, 1, 0, 0, 1]
    assert lines[-1] == ("4 alerts: S4, S5, S6, S7; all are in Signals",)


def test_what_is_acknowledged_while_it_waits_is_not_told() -> None:
    fired = [alert(i) for i in range(1, 5)]
    news = AlertNews(holding())
    assert len(news.take(holding(*fired[:3]), 0.0)) == 3
    assert news.take(holding(*fired), 1.0) == ()
    seen = replace(fired[-1], acked_at=NOW)
    assert news.take(holding(*fired[:3], seen), 20.0) == ()


def test_muted_rules_and_what_was_acknowledged_elsewhere_are_no_news() -> None:
    engine = FakeEngine()
    fill_alerts(engine.fake_alerts, engine.alerts, NOW)
    made = engine.snapshot()
    news = AlertNews(replace(made, alerts=()))
    assert [line.split()[0] for line in news.take(made, 0.0)] == ["SAP.DE", "NVDA"]      # the others: acked
    later = replace(made.alerts[0], id=9, rule_id=3)      # rule 3 is muted
    assert news.take(replace(made, alerts=(later, *made.alerts)), 0.0) == ()


class Written(list[str]):
    """What the app writes to its terminal beside the screen."""

    def take(self) -> list[str]:
        taken, self[:] = list(self), []
        return taken


def listen(app: TapecastApp, monkeypatch: pytest.MonkeyPatch) -> Written:
    written = Written()
    monkeypatch.setattr(app._driver, "write", written.append)
    return written


def show(app: TapecastApp, kind: SinkKind, sequence: str = "", *, text: str = "", notice: bool = False) -> None:
    """Do as a sink does."""
    tell = fake(app).show
    assert tell is not None
    tell(TerminalEvent(kind, "tapecast", text, sequence, notice=notice))


async def test_one_bell_and_the_title_tell_of_alerts_that_come(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        written = listen(app, monkeypatch)
        fired = fake(app).fake_alerts.fired
        fired += [alert(1), alert(2, reason="[red]x[/red] fell")]
        fake(app).push()
        await pilot.pause()
        assert written.take() == [BELL, title("tapecast", 2)]
        assert [n.message for n in app._notifications] == [
            "NVDA  rsi crosses above 70: rsi 71.25", "NVDA  [red]x[/red] fell",
        ]
        fired.append(alert(3))
        fake(app).push()
        await pilot.pause()
        assert written.take() == [title("tapecast", 3)]       # within the same second: the same bell
        await pilot.press("space")
        await pilot.pause()
        assert written.take() == [title("tapecast", 0)]


async def test_the_bell_may_be_off_and_the_title_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TapecastApp(FakeEngine(), bell=False, title="tapecast demo", monotonic=lambda: 0.0)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        written = listen(app, monkeypatch)
        fake(app).fake_alerts.fired.append(alert())
        fake(app).push()
        await pilot.pause()
        show(app, "bell", BELL)
        await pilot.pause()
        assert written.take() == ["\x1b]2;(1) tapecast demo\a"]
    assert OLD_TITLE in written


async def test_in_quiet_hours_alerts_are_toasts_without_a_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TapecastApp(FakeEngine(), quiet=lambda: True, monotonic=lambda: 0.0)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        written = listen(app, monkeypatch)
        fake(app).fake_alerts.fired.append(alert())
        fake(app).push()
        await pilot.pause()
        assert written.take() == [title("tapecast", 1)]
        assert [n.message for n in app._notifications] == ["NVDA  rsi crosses above 70: rsi 71.25"]


async def test_a_word_about_tapecast_itself_is_a_toast_and_a_sinks_toast_of_an_alert_is_none() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        show(app, "toast", text="[red]no price[/red] for 15 min", notice=True)
        show(app, "toast", text="of an alert, which the snapshot tells")
        await pilot.pause()
        assert [n.message for n in app._notifications] == ["[red]no price[/red] for 15 min"]


async def test_threads_may_tell_what_has_one_of_the_allowed_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        written = listen(app, monkeypatch)
        for sequence in ("\x1b]9;NVDA: fell\a", "\x1b]52;c;aGk=\a", "\x1b]9;a\x1b]52;c;aGk=\a", "words"):
            thread = threading.Thread(target=show, args=(app, "osc9", sequence))
            thread.start()
            thread.join()
        await pilot.pause()
        assert written.take() == ["\x1b]9;NVDA: fell\a"]


ENVS: tuple[Mapping[str, str], ...] = ({}, {"TMUX": "/tmp/tmux"}, {"TERM": "screen-256color"})


@settings(max_examples=60, deadline=None)
@given(symbol=HOSTILE, reason=HOSTILE, kind=st.sampled_from(["bell", "osc9", "osc777"]), env=st.sampled_from(ENVS))
def test_what_sinks_make_of_any_words_passes(symbol: str, reason: str, kind: SinkKind, env: Mapping[str, str]) -> None:
    message = told([alert(symbol=Symbol(symbol), reason=reason)])
    assert allowed(event(kind, message, env).sequence)


@settings(max_examples=60, deadline=None)
@given(words=HOSTILE, before=st.sampled_from(["\x1b]9;", "\x1b]2;", "\x1bPtmux;\x1b\x1b]9;"]))
def test_words_with_a_control_character_pass_in_no_frame(words: str, before: str) -> None:
    frame = before + words + ("\a\x1b\\" if before.startswith("\x1bP") else "\a")
    assert allowed(frame) == (not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in words))


def test_bell_and_title_pass_and_other_sequences_do_not() -> None:
    assert all(map(allowed, (BELL, KEEP_TITLE, OLD_TITLE, title("tapecast", 12))))
    refused = ("", "x", "\a\a", "\x1b[2J", "\x1b]0;x\a", "\x1b]52;c;eA==\a", "\x1b]9;x", "\x1bPtmux;\x1b[2J\x1b\\")
    assert not any(map(allowed, refused))
