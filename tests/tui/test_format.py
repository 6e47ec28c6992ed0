"""Figures as text."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.interval import Interval
from tui import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"), (float("nan"), "-"), (0.00001234, "1.23e-05"), (0.531, "0.5310"), (183.224, "183.22"),
        (6512.0, "6512.00"), (64123.456, "64123.5"), (412345.6, "412346"),
    ],
)
def test_prices_have_as_many_decimals_as_their_size_deserves(value: float | None, text: str) -> None:
    assert fmt.price(value) == text


@pytest.mark.parametrize(
    ("value", "currency", "symbol", "text"),
    [
        (2871.5, "JPY", "7203.T", "2871.5"), (987.4, "JPY", "9432.T", "987.4"), (41230.0, "JPY", "9983.T", "41230"),
        (38123.45, "JPY", "^N225", "38123"), (58900.0, "KRW", "005930.KS", "58900"), (9125.0, "IDR", "BBCA.JK", "9125"),
        (0.0123, "KRW", "SHIB-KRW", "0.0123"), (1.2345, "KWD", "NBK.KW", "1.234"), (71.5, "GBP", "VOD.L", "71.50"),
        (1.085123, "USD", "EURUSD=X", "1.08512"), (151.2345, "JPY", "JPY=X", "151.234"),
        (16250.5, "IDR", "IDR=X", "16250.50"), (0.00661234, "USD", "JPYUSD=X", "0.00661"),
        (0.0000087654, "USD", "SHIB-USD", "8.77e-06"), (64123.456, "USD", "BTC-USD", "64123.5"),
    ],
)  # fmt: skip
def test_prices_have_the_decimals_of_their_market(value: float, currency: str, symbol: str, text: str) -> None:
    assert fmt.price(value, currency, symbol) == text


@given(
    st.floats(1e-9, 9_999_999), st.sampled_from(["", "USD", "JPY", "KRW", "KWD", "HUF"]),
    st.sampled_from(["ANY", "EURUSD=X"]),
)
def test_a_price_fits_its_column_and_says_no_more_than_is_known(value: float, currency: str, symbol: str) -> None:
    text = fmt.price(value, currency, symbol)
    assert len(text) <= 8 or value >= 99_999
    assert float(text) == pytest.approx(value, rel=0.006)


@given(st.floats(1e-9, 99_999), st.sampled_from(["USD", "EUR", "CHF", "HKD", "JPY"]))
def test_a_price_behind_a_sign_fits_as_well(value: float, currency: str) -> None:
    for glyphs in (fmt.UNICODE, fmt.ASCII):
        text = fmt.signed_price(value, currency, 8, glyphs)
        assert len(text) <= 8 or value < 0.01
        assert glyphs is fmt.UNICODE or text.isascii()


def test_a_price_with_its_currency() -> None:
    assert fmt.in_currency(240.1, "EUR") == "240.10 EUR"
    assert fmt.in_currency(240.1, "") == "240.10"
    assert fmt.in_currency(None, "EUR") == "-"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (1.84, "+1.8%"), (-0.26, "-0.3%"), (0.04, "0.0%"), (-0.04, "0.0%"), (0.0, "0.0%")]
)
def test_a_change_that_rounds_to_zero_has_no_sign(value: float | None, text: str) -> None:
    assert fmt.percent(value) == text


@pytest.mark.parametrize(("value", "glyph"), [(0.06, "▲"), (0.04, ""), (-1.0, "▼"), (None, ""), (float("nan"), "")])
def test_the_arrow_agrees_with_the_rounded_figure(value: float | None, glyph: str) -> None:
    assert fmt.arrow(value, fmt.UNICODE) == glyph


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (-3, "0s"), (4.9, "4s"), (59, "59s"), (60, "1m"), (7_199, "1h"), (86_399, "23h"), (432_000, "5d")],
)
def test_ages_are_told_in_their_largest_unit(seconds: float | None, text: str) -> None:
    assert fmt.age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0s"), (42, "42s"), (545, "9m05"), (7_800, "2h10"), (187_200, "2d4h")]
)
def test_countdowns_have_two_units(seconds: float, text: str) -> None:
    assert fmt.countdown(seconds) == text


def test_a_sparkline_shows_the_whole_span_with_the_newest_value_last() -> None:
    assert fmt.sparkline((1, 2, 3, 4, 5, 6, 7, 8), 8, fmt.UNICODE) == "▁▂▃▄▅▆▇█"
    assert fmt.sparkline(tuple(range(100)), 3, fmt.UNICODE) == "▁▄█"
    assert fmt.sparkline((5.0, 5.0), 4, fmt.UNICODE) == "  ▄▄"
    assert fmt.sparkline((), 4, fmt.UNICODE) == "    "


@given(st.lists(st.floats(0.01, 1e6), max_size=40), st.integers(0, 30))
def test_a_sparkline_is_always_as_wide_as_asked(values: list[float], width: int) -> None:
    for glyphs in (fmt.UNICODE, fmt.ASCII):
        assert len(fmt.sparkline(values, width, glyphs)) == width


@given(st.text(max_size=30), st.integers(0, 30))
def test_clipped_text_never_exceeds_its_room(text: str, width: int) -> None:
    assert len(fmt.clip(text, width)) <= width


def test_bands_shares_and_intervals() -> None:
    assert fmt.band(-3.14, 4.8) == "-3.1..+4.8"
    assert fmt.band(None, 4.8) == "-"
    assert fmt.share(0.776) == "78%"
    assert fmt.share(None) == "-"
    assert fmt.interval(0.461, 0.58) == "[46..58]"
    assert fmt.interval(None, 0.58) == ""
    assert fmt.skill_interval(-0.004, 0.028) == "[-0.4..+2.8]"
    assert fmt.quantity(45_200_000) == "45.2M"
    assert fmt.quantity(0) == "-"
    assert fmt.progress_bar(0.43, 8, fmt.ASCII) == "###....."


def test_seconds_between_knows_no_earlier_moment() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert fmt.seconds_between(None, now) is None
    assert fmt.seconds_between(now - timedelta(seconds=4), now) == 4.0


def test_ascii_glyphs_are_ascii_and_no_glyph_is_wide() -> None:
    from rich.cells import cell_len

    names = [field.name for field in fields(fmt.Glyphs) if isinstance(getattr(fmt.ASCII, field.name), str)]
    assert len(names) > 12
    for name in names:
        assert getattr(fmt.ASCII, name).isascii()
        shown = getattr(fmt.UNICODE, name)
        assert cell_len(shown) == len(shown)
    assert cell_len(fmt.UNICODE.spark) == len(fmt.UNICODE.spark) == 8


def test_bars_are_named_and_counted_as_their_interval_asks() -> None:
    moment = datetime(2026, 3, 2, 14, 35, tzinfo=UTC)
    assert (fmt.bar_name(date(2026, 3, 2)), fmt.bar_label(date(2026, 3, 2))) == ("2026-03-02", "03-02")
    assert fmt.bar_name(moment) == moment.astimezone().strftime("%m-%d %H:%M")
    assert fmt.bar_label(moment) == moment.astimezone().strftime("%d %H:%M")
    assert [fmt.bars_ahead(5, i) for i in (Interval.DAY, Interval.QUARTER)] == ["5 d", "5 x 15m"]


@pytest.mark.parametrize(("value", "span", "shown"), [
    (182.3, 40.0, "182"), (18.26, 3.0, "18.3"), (1.0851, 0.03, "1.085"), (10.0005, 0.001, "10.0005"),
    (9.9995, 0.001, "9.9995"), (1.2e-8, 1e-9, "1.2e-08"), (10.0, 0.0, "10"),
])
def test_labels_a_fraction_of_the_span_apart_are_told_apart(value: float, span: float, shown: str) -> None:
    assert fmt.level(value, span) == shown
