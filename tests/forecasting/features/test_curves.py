"""Curves for charts: what each says of bars whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from forecasting.domain.chart import INDICATORS, IndicatorKind
from forecasting.domain.market import Bar
from forecasting.features.curves import curves


def rising(count: int) -> list[Bar]:
    """Closes 1, 2, 3, .. with a range of 2 and a volume of 10."""
    first = date(2026, 1, 1)
    return [
        Bar(first + timedelta(days=i), i + 1.0, i + 2.0, float(i), i + 1.0, i + 1.0, 10.0) for i in range(count)
    ]


def of(bars: list[Bar], key: str) -> list[list[float]]:
    return [values.tolist() for values in curves(bars, key, lambda key: key)]


@pytest.mark.parametrize("kind", INDICATORS, ids=lambda kind: kind.key)
def test_every_indicator_has_its_curves_and_begins_where_it_says(kind: IndicatorKind) -> None:
    found = of(rising(250), kind.key)
    assert len(found) == len(kind.curves)
    assert min(int(np.flatnonzero(np.isfinite(values))[0]) for values in found) == kind.needs - 1


@pytest.mark.parametrize("kind", INDICATORS, ids=lambda kind: kind.key)
def test_no_bars_give_no_curves_and_one_bar_gives_no_error(kind: IndicatorKind) -> None:
    assert of([], kind.key) == []
    assert all(len(values) == 1 for values in of(rising(1), kind.key))


def test_a_simple_average_of_twenty_rising_closes_is_their_middle() -> None:
    assert of(rising(21), "sma20")[0][-2:] == [10.5, 11.5]


def test_bollinger_bands_are_two_deviations_from_the_average() -> None:
    upper, middle, lower = (values[-1] for values in of(rising(20), "bollinger"))
    assert middle == 10.5
    assert upper - middle == middle - lower == pytest.approx(2 * np.std(np.arange(1, 21)))


def test_the_true_range_is_two_where_every_bar_spans_two() -> None:
    assert of(rising(30), "atr")[0][-1] == pytest.approx(2.0)


def test_obv_adds_the_volume_of_days_that_rose() -> None:
    assert of(rising(4), "obv")[0] == [10.0, 20.0, 30.0, 40.0]


def test_prices_are_in_the_newest_bars_money_so_that_a_split_is_no_fall() -> None:
    bars = rising(40)
    split = [replace(bar, open=bar.open * 10, high=bar.high * 10, low=bar.low * 10, close=bar.close * 10)
             for bar in bars[:20]]
    assert of([*split, *bars[20:]], "sma20")[0][-1] == pytest.approx(of(bars, "sma20")[0][-1])


def test_vwap_begins_anew_with_each_session_and_is_missing_while_nothing_is_traded() -> None:
    def bar(day: int, slot: int, price: float, volume: float) -> Bar:
        moment = datetime(2026, 1, day, 15, tzinfo=UTC) + timedelta(minutes=15 * slot)
        return Bar(moment, price, price, price, price, price, volume)

    bars = [bar(5, 0, 10.0, 1.0), bar(5, 1, 20.0, 3.0), bar(6, 0, 40.0, 0.0), bar(6, 1, 30.0, 2.0)]
    (vwap,) = curves(bars, "vwap", lambda key: key.replace(hour=0, minute=0) if isinstance(key, datetime) else key)
    assert vwap.tolist()[:2] == [10.0, 17.5]
    assert np.isnan(vwap[2])
    assert vwap[3] == 30.0
