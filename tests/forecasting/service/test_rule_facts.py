"""Prices that rules remember: the newest at a moment, and no more of them than are needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forecasting.service.rule_facts import _APART_S, _SAMPLES, _Prices


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.01, 1e3)), max_size=60), st.floats(-10, 1.1e4))
def test_the_newest_price_at_a_moment_is_that_of_a_plain_list(told: list[tuple[float, float]], moment: float) -> None:
    prices, kept = _Prices(), list[tuple[float, float]]()
    for time, price in told:
        prices.add(time, price)
        if not kept or time >= kept[-1][0] + _APART_S:
            kept.append((time, price))
    assert prices.at(moment) == next((one for one in reversed(kept) if one[0] <= moment), None)


def test_weeks_of_prices_take_no_more_room_than_some_sessions() -> None:
    prices = _Prices()
    for i in range(20 * _SAMPLES):
        prices.add(15.0 * i, 100.0 + i)
    assert _SAMPLES <= len(prices._times) <= _SAMPLES * 9 // 8
    assert len(prices._times) == len(prices._prices)
    last = 20 * _SAMPLES - 1
    assert prices.at(15.0 * last) == (15.0 * last, 100.0 + last)
    assert prices.at(15.0 * (last - _SAMPLES + 1)) is not None
    assert prices.at(0.0) is None
