"""A rule that is written out means what it meant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.trading.rules.fields import FIELDS
from forecasting.trading.rules.parser import parse_rule
from forecasting.trading.rules.syntax import (
    Absolute,
    All,
    Any,
    Arithmetic,
    Compare,
    Condition,
    Cross,
    Expression,
    Field,
    ForBars,
    Number,
    Text,
    Then,
    Window,
)
from forecasting.trading.rules.written import written

windows = st.builds(Window, bars=st.integers(1, 1000)) | st.builds(
    Window, time=st.builds(timedelta, seconds=st.integers(1, 86_400 * 100))
)
figures = st.one_of(
    st.sampled_from([Field(spec.name) for spec in FIELDS.values() if spec.plain and not spec.text]),
    st.builds(Field, st.just("change_pct"), windows),
    st.builds(Field, st.just("average"), st.builds(Window, bars=st.integers(1, 1000))),
)
numbers = st.builds(Number, st.integers(-10**9, 10**9).map(lambda n: n / 1000))
expressions: st.SearchStrategy[Expression] = st.recursive(
    figures | numbers,
    lambda inner: st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner) | st.builds(Absolute, inner),
    max_leaves=4,
)
comparisons = st.builds(Compare, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), figures, expressions) | st.builds(
    Compare, st.just("=="), st.just(Field("name")), st.builds(Text, st.sampled_from(["buy", "it's", "a b"]))
)
happenings = comparisons | st.builds(Cross, st.booleans(), figures, expressions)


def compound(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(All, parts), st.builds(Any, parts), st.builds(Then, inner, inner, st.none() | windows),
        st.builds(ForBars, comparisons, st.integers(1, 1000)),
    )


conditions: st.SearchStrategy[Condition] = st.recursive(happenings, compound, max_leaves=5)


@settings(max_examples=60, deadline=None)
@given(conditions)
def test_what_is_written_is_read_as_the_same_rule(condition: Condition) -> None:
    assert parse_rule(written(condition)) == condition


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("RSI<30 and macd_hist>0 for 3 bars", "rsi < 30 and (macd_hist > 0 for 3 bars)"),
        ("not (rsi < 30 or signal is sell)", 'rsi >= 30 and signal != "sell"'),
        ("last > high(20 bars)*1.01 then change_pct(120m) < -2 within 24h",
         "last > high(20 bars) * 1.01 then change_pct(2h) < -2 within 1d"),
    ],
)
def test_brackets_show_what_belongs_together(typed: str, shown: str) -> None:
    assert written(parse_rule(typed)) == shown
