"""What is said of an alert, of how it went out, and of a rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from forecasting.domain.decision import AlertRule, Delivery
from forecasting.domain.market import Symbol
from tests.support.alerts import alert
from tests.support.fake_engine import NOW
from tests.support.tui import COLOURS
from tui.format import ASCII, UNICODE
from tui.widgets.alert_text import about, alert_line, deliveries, figures, readiness, rule_details, state

RULE = AlertRule(7, "rsi crosses above 30", (Symbol("NVDA"),), None, (), 900.0, 0.0, NOW)


def test_each_sink_tells_how_it_took_an_alert() -> None:
    made = (
        Delivery("bell", True, 0.001, None), Delivery("ntfy", True, 0.4321, None),
        Delivery("mail", False, 8.0, "no answer within 8 s"), Delivery("hook", False, 0.0, "muted"),
    )
    said = "bell, ntfy ok(0.4 s), mail ✗ no answer within 8 s, hook (muted)"
    assert deliveries(made, COLOURS, UNICODE).plain == said
    assert deliveries(made, COLOURS, ASCII).plain == said.replace("✗", "x")


def test_a_sink_in_trouble_says_when_it_is_tried_again_before_it_says_why() -> None:
    pending = Delivery("desk", False, 0.3, "answered 503", next_try=NOW + timedelta(minutes=5))
    assert deliveries((pending,), COLOURS, ASCII).plain == "desk next try 15:35 x answered 503"


def test_what_made_a_rule_come_true_stands_before_the_rule() -> None:
    assert figures(alert(), COLOURS).plain == "rsi 71.25  rsi crosses above 70"
    assert figures(alert(reason="rsi crosses above 70"), COLOURS).plain == "rsi crosses above 70"


def test_an_alert_is_new_or_acknowledged_and_may_be_late() -> None:
    assert state(alert(), COLOURS, UNICODE).plain == "● new"
    assert state(alert(late=True), COLOURS, ASCII).plain == "* new late"
    assert state(alert(late=True, acked_at=NOW), COLOURS, UNICODE).plain == "  acked late"
    assert alert_line(alert(deliveries=(Delivery("bell", True, 0.0, None),)), COLOURS, ASCII, 80).plain == (
        "03-02 15:31 NVDA    * rsi crosses above 70: rsi 71.25 -> bell"
    )


def test_a_rule_is_ready_muted_or_waits() -> None:
    muted = replace(RULE, muted_until=NOW + timedelta(hours=8))
    assert readiness(RULE, None, NOW, COLOURS).plain == "ready"
    assert readiness(RULE, "needs 16 bars, has 8", NOW, COLOURS).plain == "needs 16 bars, has 8"
    assert readiness(muted, "needs 16 bars, has 8", NOW, COLOURS).plain == "muted to 23:30, needs 16 bars, has 8"
    assert readiness(muted, None, NOW + timedelta(hours=8), COLOURS).plain == "ready"
    week = replace(RULE, muted_until=NOW + timedelta(days=7))
    assert readiness(week, None, NOW, COLOURS).plain == "muted to 03-09 15:30"


def test_a_rule_tells_for_whom_it_is_how_soon_it_comes_again_and_where_it_goes() -> None:
    assert rule_details(RULE, None, NOW, COLOURS).plain.splitlines()[:2] == [
        "7  rsi crosses above 30", "for NVDA, again after 15 min, to all sinks",
    ]
    other = replace(RULE, symbols=(), group="Core", cooldown_s=0.0, hysteresis=0.02, sinks=("bell", "ntfy"))
    assert rule_details(other, None, NOW, COLOURS).plain.splitlines()[1] == (
        "for list Core, again at once, once it is 2.0% back, to bell, ntfy"
    )
    assert about(replace(RULE, symbols=())) == "all watched"
