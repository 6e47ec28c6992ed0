"""The watchlist's filter by figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forecasting.domain.decision import SignalKind
from forecasting.errors import RuleError
from forecasting.service.filters import ASKED_BY_RULES, completion, fulfilling, is_condition
from tests.support.fake_engine import NOW, row

ROWS = tuple(row(symbol) for symbol in ("NVDA", "AAPL", "BTC-USD", "BADSYM", "SAP.DE"))


def kept(text: str) -> list[str]:
    return [str(r.symbol) for r in fulfilling(ROWS, text, NOW)]


def test_figures_are_those_of_the_table() -> None:
    above = [str(r.symbol) for r in ROWS if r.last is not None and r.last > 200]

    assert 0 < len(above) < len(ROWS)
    assert kept("last > 200") == above
    assert kept("not last > 200") == [str(r.symbol) for r in ROWS if r.last is not None and r.last <= 200]


def test_a_row_without_the_figure_is_neither_above_nor_below() -> None:
    assert "BADSYM" not in kept("last > 0") + kept("last <= 0")


def test_words_compare_with_words() -> None:
    assert kept("symbol == btc-usd or symbol == AAPL") == ["AAPL", "BTC-USD"]
    assert kept("signal == buy") == [str(r.symbol) for r in ROWS if r.signal and r.signal.signal.direction == 1]


def test_all_that_one_bar_has_signalled_holds_at_once() -> None:
    [first] = [r for r in ROWS if r.symbol == "NVDA"]
    assert first.signal is not None
    told = first.signal.signal
    odd = replace(first.signal, signal=replace(told, kind=SignalKind.VOLATILITY_HIGH, direction=0))
    rows = [replace(first, beside=(odd,))]
    word, other = ("buy", "sell") if told.direction > 0 else ("sell", "buy")
    kinds = [f"signal_kind == {kind}" for kind in (told.kind, odd.signal.kind)]
    for text in (f"signal == {word}", "signal == watch", *kinds):
        assert fulfilling(rows, text, NOW) == rows
        assert fulfilling(rows, f"not {text}", NOW) == []
    assert fulfilling(rows, f"signal == {other} or signal == none", NOW) == []


def test_a_price_of_the_forecast_is_the_close_it_was_made_at_moved_by_its_per_cent() -> None:
    [first] = [r for r in ROWS if r.symbol == "NVDA"]
    assert first.forecast_close is not None
    assert first.forecast_pct is not None
    assert first.low_80_pct is not None
    level = first.forecast_close * (1 + first.forecast_pct / 100)
    fallen = replace(first, last=first.forecast_close * (1 + first.low_80_pct / 100) - 0.01)

    assert fulfilling([fallen], "last < band_low_5d", NOW) == [fallen]
    assert fulfilling([replace(fallen, last=fallen.forecast_close)], "last < band_low_5d", NOW) == []

    assert kept(f"symbol == NVDA and forecast_5d > {level - 0.01} and forecast_5d < {level + 0.01}") == ["NVDA"]


@pytest.mark.parametrize("text", ["volume > 3", "high(20 bars) < last", "forecast_7d > 3"])
def test_what_the_table_does_not_know_is_said(text: str) -> None:
    with pytest.raises(RuleError, match="the table does not know"):
        kept(text)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("p_up > 0.5", "no field 'p_up'; did you mean p_up_5d?"),
        ("volum > 3", "no field 'volum'; there are last"),
        ("forecast_7d > 3", "the table does not know forecast_7d; did you mean forecast_5d?"),
        ("change_pct(5 bars) > 1", "the table does not know change_pct over a stretch; leave out (5 bars)"),
    ],
)
def test_only_what_the_table_knows_is_proposed(text: str, remedy: str) -> None:
    with pytest.raises(RuleError) as caught:
        kept(text)
    assert remedy in str(caught.value)


def test_the_place_of_an_unknown_field_is_where_it_stands_and_not_where_words_in_quotes_are_like_it() -> None:
    with pytest.raises(RuleError) as caught:
        kept("name == 'volume' and volume > 3")
    assert caught.value.at == 21


@pytest.mark.parametrize("harm", ["\x1b[2J", "\u202e", "\n"])
def test_what_would_steer_a_terminal_is_no_condition_also_in_quotes(harm: str) -> None:
    with pytest.raises(RuleError, match="a character that cannot be shown") as caught:
        kept(f"last > 3 and name == 'a{harm}b'")
    assert (caught.value.at, caught.value.text.isprintable()) == (21, True)


@pytest.mark.parametrize(("text", "condition"), [("sap", False), ("^GSPC", False), ("BRK-B", False), ("rsi<30", True)])
def test_a_name_is_no_condition(text: str, condition: bool) -> None:
    assert is_condition(text) is condition


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("last > 3 and cha", "last > 3 and change_pct"), ("last", None), ("last > ", None), ("vol", None),
        ("tag == co", None), ("signal == b", "signal == buy"), ("last == co", "last == coverage"),
        ("signal_kind != macd-g", "signal_kind != macd-golden"), ("last>rs", "last>rsi"),
        ("last-rs", "last-rsi"), ("symbol == 7203.T", None), ("symbol == T", None), ("name == 't", None), ("3", None),
    ],
)  # fmt: skip
def test_the_last_word_is_completed(text: str, completed: str | None) -> None:
    assert completion(text) == completed


def test_a_rule_is_completed_to_fields_that_the_table_lacks() -> None:
    assert completion("vol", ASKED_BY_RULES) == "volume"
    assert completion("la", ASKED_BY_RULES) == "last"
