"""Symbols beside each other: from stored bars, from one start, over the bars both have."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from forecasting.data.store import Store
from forecasting.domain.comparison import AskComparison, AskCorrelations, Link
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol
from forecasting.evaluation.correlation import clustered, link
from forecasting.service.comparing import compare, correlate
from forecasting.service.desk import Desk

A, B, C, D = map(Symbol, "ABCD")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = [date(2026, 1, 1) + timedelta(days=i) for i in range(60)]


def quietly(step: object) -> None:
    pass


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Store.temporary() as store:
        yield cast(Desk, SimpleNamespace(store=store))


def keep(desk: Desk, symbol: Symbol, closes: dict[date, float]) -> None:
    bars = tuple(Bar(day, close, close, close, close, close, 1.0) for day, close in closes.items())
    desk.store.market.put_bars(BarSeries(Instrument(symbol, symbol, "XNYS", "USD"), bars))


def walk(seed: int, days: list[date] = DAYS, beside: dict[date, float] | None = None) -> dict[date, float]:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0, 0.02, len(days))
    own = dict(zip(days, np.exp(np.cumsum(steps)) * 50.0, strict=True))
    return {day: float(value * (beside[day] if beside else 1.0)) for day, value in own.items()}


def test_every_curve_is_a_hundred_on_the_first_bar_all_have(desk: Desk) -> None:
    keep(desk, A, {day: 10.0 + i for i, day in enumerate(DAYS)})
    keep(desk, B, {day: 200.0 - i for i, day in enumerate(DAYS[20:])})
    answer = compare(desk, AskComparison((A, B, D), 0), NOW, quietly)
    assert answer.bars[0] == DAYS[20].isoformat()
    assert [curve.values[0] for curve in answer.curves] == [100.0, 100.0]
    assert [round(curve.end, 2) for curve in answer.curves] == [round(69 / 30 * 100, 2), round(161 / 200 * 100, 2)]
    assert (answer.missing, answer.shortest) == ((D,), B)


def test_a_window_counts_the_bars_of_the_first_symbol(desk: Desk) -> None:
    workdays = [day for day in DAYS if day.weekday() < 5]
    keep(desk, A, walk(1, workdays))
    keep(desk, B, walk(2))
    answer = compare(desk, AskComparison((A, B), 21), NOW, quietly)
    assert answer.bars[0] == workdays[-22].isoformat()
    assert answer.curves[1].link.n == 21
    assert any(value is None for value in answer.curves[0].values)      # at weekends
    assert answer.shortest is None


def test_long_histories_are_thinned_out_on_screen_and_not_in_the_figures(desk: Desk) -> None:
    days = [date(2020, 1, 1) + timedelta(days=i) for i in range(1000)]
    keep(desk, A, walk(1, days))
    keep(desk, B, walk(2, days))
    answer = compare(desk, AskComparison((A, B), 0), NOW, quietly)
    assert (len(answer.bars), answer.bars[0], answer.bars[-1]) == (400, "2020-01-01", days[-1].isoformat())
    assert answer.curves[1].link.n == 999


def test_nothing_stored_is_no_error(desk: Desk) -> None:
    assert compare(desk, AskComparison((A, B), 0), NOW, quietly).curves == ()
    assert correlate(desk, AskCorrelations((A, B), 0), NOW, quietly).symbols == ()


def test_each_pair_is_correlated_over_the_bars_both_have(desk: Desk) -> None:
    one = walk(1)
    keep(desk, A, one)
    keep(desk, B, {day: value * 3.0 for day, value in one.items() if day not in DAYS[10:15]})
    keep(desk, C, {day: 1.0 / value for day, value in one.items()})
    keep(desk, D, dict.fromkeys(DAYS[:5], 7.0))
    answer = correlate(desk, AskCorrelations((A, B, C, D), 0), NOW, quietly)
    assert answer.link(0, 1) == Link(pytest.approx(1.0), pytest.approx(1.0), pytest.approx(1.0), 54)  # type: ignore
    ca = answer.link(2, 0)
    assert ca is not None
    assert ca.r == pytest.approx(-1.0)
    assert answer.link(3, 0) == Link(None, None, None, 4)
    assert answer.link(1, 1) is None
    order = [answer.symbols[i] for i in answer.order]
    assert abs(order.index(A) - order.index(B)) == 1


def test_the_interval_is_fishers() -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(size=101)
    x, y = np.cumsum(common + rng.normal(size=101)), np.cumsum(common + rng.normal(size=101))
    found = link(x, y)
    r = np.corrcoef(np.diff(x), np.diff(y))[0, 1]
    assert found.n == 100
    z, half = math.atanh(r), 1.959964 / math.sqrt(97)
    assert [found.r, found.low, found.high] == pytest.approx([r, math.tanh(z - half), math.tanh(z + half)])


def test_the_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    rng, held = np.random.default_rng(11), 0
    for _ in range(400):
        common = rng.normal(size=121)
        found = link(np.cumsum(common + rng.normal(size=121)), np.cumsum(common + rng.normal(size=121)))
        held += found.low is not None and found.high is not None and found.low <= 0.5 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_a_price_that_never_moved_goes_with_nothing() -> None:
    flat, moving = np.zeros(50), np.arange(50.0) ** 1.5
    assert link(flat, moving) == Link(None, None, None, 49)


def test_the_order_puts_two_families_side_by_side() -> None:
    near, far = Link(0.9, 0.8, 0.95, 100), Link(0.0, -0.2, 0.2, 100)
    families = [0, 1, 0, 1, 0, 1]
    links = tuple(tuple(near if families[i] == families[j] else far for j in range(i)) for i in range(6))
    assert [families[i] for i in clustered(links)] in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
