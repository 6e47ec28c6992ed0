"""What a rule's text means, and what is said of one that means nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.decision import SignalKind
from forecasting.errors import RuleError
from forecasting.trading.rules.fields import FIELDS
from forecasting.trading.rules.parser import parse_filter, parse_rule
from forecasting.trading.rules.syntax import (
    All,
    Any,
    Arithmetic,
    Compare,
    Cross,
    Field,
    ForBars,
    Number,
    Text,
    Then,
    Window,
)

RSI, LAST = Field("rsi"), Field("last")


def test_and_binds_closer_than_or_and_then_is_loosest() -> None:
    assert parse_rule("rsi < 30 or rsi > 70 and last > 1 then last > 2") == Then(
        Any((
            Compare("<", RSI, Number(30.0)),
            All((Compare(">", RSI, Number(70.0)), Compare(">", LAST, Number(1.0)))),
        )),
        Compare(">", LAST, Number(2.0)),
        None,
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rsi crosses above 30", Cross(True, RSI, Number(30.0))),
        ("RSI CROSSES BELOW -1.5e1", Cross(False, RSI, Number(-15.0))),
        ("20 < rsi <= 30", All((Compare("<", Number(20.0), RSI), Compare("<=", RSI, Number(30.0))))),
        ("signal = Buy", Compare("==", Field("signal"), Text("buy"))),
        ("symbol is BRK-B", Compare("==", Field("symbol"), Text("brk-b"))),
        ("signal_kind == rsi-oversold", Compare("==", Field("signal_kind"), Text("rsi-oversold"))),
        ("SIGNAL_KIND == Band-Run-80", Compare("==", Field("signal_kind"), Text("band-run-80"))),
        ("macd-macd_signal-5 > 0", Compare(
            ">", Arithmetic("-", Arithmetic("-", Field("macd"), Field("macd_signal")), Number(5.0)), Number(0.0))),
        ("macd-macd_signal > 0", Compare(">", Arithmetic("-", Field("macd"), Field("macd_signal")), Number(0.0))),
        ("not (rsi < 30 or last > 5)", All((Compare(">=", RSI, Number(30.0)), Compare("<=", LAST, Number(5.0))))),
        ("not rsi < 30 for 3 bars", ForBars(Compare(">=", RSI, Number(30.0)), 3)),
        ("last > high(20 bars)", Compare(">", LAST, Field("high", Window(bars=20)))),
        ("change_pct(2h) < -3", Compare("<", Field("change_pct", Window(time=timedelta(hours=2))), Number(-3.0))),
        ("last > 1 then rsi > 2 within 5 bars",
         Then(Compare(">", LAST, Number(1.0)), Compare(">", RSI, Number(2.0)), Window(bars=5))),
        ("position.pnl < -100", Compare("<", Field("position.pnl"), Number(-100.0))),
        ("tag == 日本-Röhre", Compare("==", Field("tag"), Text("日本-röhre"))),
    ],
)  # fmt: skip
def test_a_rule_reads_as_written(text: str, rule: object) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "at", "remedy"),
    [
        ("", 0, "for example"),
        ("rsii > 3", 0, "did you mean rsi?"),
        ("last > 3 and rssi < 3", 13, "did you mean rsi?"),
        ("pnl > 3", 0, "did you mean position.pnl?"),
        ("p_up > 0.5", 0, "did you mean p_up_1d?"),
        ("price > 3", 0, "there are last"),
        ("symbol == 7203.T", 10, "begins with a digit stands in quotes"),
        ("name == 'x", 8, "the ' that begins here is not closed"),
        ("last > ", 7, "not the end"),
        ("last > 3 4", 9, "too many"),
        ("(last > 3", 9, "not closed"),
        ("rsi", 0, "compare it"),
        ("1 < 2", 0, "compare a field"),
        ("rsi > buy", 0, "texts are compared with texts"),
        ("signal > 3", 9, "texts are compared with texts"),
        ("signal > buy", 9, "== or !="),
        ("signal == by", 10, "signal is never 'by'; did you mean buy?"),
        ("'hold' != signal", 0, "it is one of buy, none, sell, watch"),
        ("rsi < 40 and signal_kind == macd-goldn", 28, "did you mean macd-golden?"),
        ("state == shut", 9, "it is one of ah, cls, err, live, pre, stale"),
        ("average > 3", 0, "average(20 bars)"),
        ("rsi(3 bars) > 3", 3, "no stretch"),
        ("high(0 bars) > 3", 5, "from 1"),
        ("high(3 weeks) > 3", 5, "2h"),
        ("high(2h) > 3", 5, "high(20 bars)"),
        ("rsi crosses 30", 12, "above or crosses below"),
        ("rsi crosses above 30 for 3 bars", 0, "cannot hold"),
        ("not rsi crosses above 30", 4, "not goes with comparisons"),
        ("last > 1e999", 7, "too large"),
        ("last > 1; rsi < 3", 8, "means nothing"),
        ("(" * 60 + "rsi" + ")" * 60 + " > 3", 41, "within each other"),
        ("last > " + "1" * 600, 0, "at most 500"),
    ],
)
def test_a_wrong_rule_gets_an_error_that_points_at_the_place(text: str, at: int, remedy: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)

    assert caught.value.at == at
    assert remedy in str(caught.value)
    assert caught.value.pointed().splitlines()[1].index("^") == at


@pytest.mark.parametrize("text", ["rsi crosses above 30", "rsi < 30 for 2 bars", "last > 1 then rsi > 2"])
def test_a_filter_asks_what_is_and_not_what_happens(text: str) -> None:
    with pytest.raises(RuleError, match="a filter asks what is"):
        parse_filter(text)


def test_an_escape_sequence_in_a_rule_reaches_no_message() -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule("last > 1 and \x1b]52;c;aGk=\x07 > 3")

    assert "\x1b" not in str(caught.value) + caught.value.pointed()


@pytest.mark.parametrize("kind", SignalKind)
def test_every_kind_of_signal_can_be_asked_for(kind: SignalKind) -> None:
    assert parse_rule(f"signal_kind == {kind}") == Compare("==", Field("signal_kind"), Text(kind))


WORDS = ["and", "or", "not", "for", "then", "within", "crosses", "above", "bars", "(", ")", "-", "+", "*", "/", "<",
         ">=", "==", "3", "2h", "5", "buy", '"x', "'y'", "abs", "\x1b", "é", *list(FIELDS)[:12]]  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
def test_any_text_is_a_rule_or_a_rule_error_with_a_place_inside_it(text: str) -> None:
    found: RuleError | None = None
    try:
        parse_rule(text)
    except RuleError as error:
        found = error

    assert found is None or (0 <= found.at <= len(text) and str(found).isprintable())
