"""Intervals: right by hand where that can be done, and covering the truth in simulated markets."""

from __future__ import annotations

import math
import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.evaluation.intervals import clustered_share, daily_series, enough_days, mean_interval, wilson


def test_wilson_agrees_with_the_textbook() -> None:
    # By hand: (0.8 + 3.8416/20 -+ 1.96 sqrt(0.8 * 0.2 / 10 + 3.8416/400)) / (1 + 3.8416/10)
    assert wilson(8, 10, z=1.96) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@given(st.integers(1, 5000), st.data())
def test_wilson_stays_in_the_unit_interval_around_the_share(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, 2 * n)) / 2
    low, high = wilson(hits, n)
    assert 0.0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1.0


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (3, 2), (-1, 5), (math.nan, 5)])
def test_wilson_refuses_what_is_no_share(hits: float, n: int) -> None:
    with pytest.raises(ValueError, match="a share needs"):
        wilson(hits, n)


def test_one_year_of_one_ticker_resolves_six_points_of_hit_rate() -> None:
    flags = [1.0, 0.0] * 126
    share, low, high = clustered_share(flags, range(252), horizon=1)
    assert share == 0.5
    assert (high - low) / 2 == pytest.approx(0.061, abs=0.001)


def test_twelve_copies_of_one_ticker_are_no_more_evidence_than_one() -> None:
    rng = random.Random(5)
    one = [float(rng.random() < 0.5) for _ in range(252)]
    days = range(252)
    _, low_1, high_1 = clustered_share(one, days, horizon=1)
    _, low_12, high_12 = clustered_share([x for x in one for _ in range(12)], [d for d in days for _ in range(12)], 1)
    assert high_12 - low_12 == pytest.approx(high_1 - low_1, rel=0.25)


def test_with_few_days_only_those_without_overlap_count() -> None:
    flags, days = [1.0, 0.0] * 60, [d for d in range(10) for _ in range(12)]
    assert not enough_days(10, 5)
    assert clustered_share(flags, days, horizon=5) == (0.5, *wilson(1.0, 2.0))


def test_a_day_that_always_goes_right_does_not_divide_by_zero() -> None:
    share, low, high = clustered_share([1.0] * 600, [d for d in range(60) for _ in range(10)], horizon=1)
    assert (share, high) == (1.0, 1.0)
    assert low == pytest.approx(wilson(60, 60)[0])


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(-1, 1)), min_size=1, max_size=60))
def test_the_daily_series_has_the_mean_of_the_rows(rows: list[tuple[int, float]]) -> None:
    rows.sort(key=lambda row: row[0])
    series = daily_series([x for _, x in rows], [d for d, _ in rows])
    assert len(series) == len({d for d, _ in rows})
    assert math.fsum(series) / len(series) == pytest.approx(math.fsum(x for _, x in rows) / len(rows), abs=1e-12)


def test_mean_interval_is_newey_west_by_hand() -> None:
    daily = [1.0, -1.0] * 4          # lag min(10, 8 // 3) = 2; autocovariances 1, -7/8, 6/8
    variance = (1.0 + 2 * (2 / 3) * (-7 / 8) + 2 * (1 / 3) * (6 / 8)) / 8
    variance *= 8 / (8 + 1 - 2)      # Harvey, Leybourne & Newbold at h = 1
    b = 3 / 8
    critical = 1.96 + 2.9694 * b + 0.416 * b**2 - 0.5324 * b**3
    mean, low, high = mean_interval(daily, horizon=1)
    assert mean == 0.0
    assert (low, high) == pytest.approx((-critical * variance**0.5, critical * variance**0.5))


@pytest.mark.parametrize(("days", "horizon", "needed"), [(1, 1, 2), (10, 10, 11), (5, 5, 6)])
def test_a_mean_needs_more_days_than_its_horizon(days: int, horizon: int, needed: int) -> None:
    with pytest.raises(ValueError, match=f"at least {needed} days, got {days}"):
        mean_interval([0.1] * days, horizon)
    assert mean_interval([0.1] * needed, horizon) == pytest.approx((0.1, 0.1, 0.1))


def _market(rng: random.Random, symbols: int, days: int, horizon: int, common: float) -> list[list[float]]:
    """(days, symbols) log returns over `horizon` days of a one-factor market in which half of all moves are up."""
    own, shared = math.sqrt(1.0 - common), math.sqrt(common)
    factor = [rng.gauss(0, 1) for _ in range(days + horizon)]
    columns = []
    for _ in range(symbols):
        path = list(accumulate(shared * f + own * rng.gauss(0, 1) for f in factor))
        columns.append([path[t + horizon] - path[t] for t in range(days)])
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.mark.honesty("T18")
@pytest.mark.parametrize(("symbols", "days", "horizon", "common"), [
    (8, 60, 1, 0.5), (8, 252, 1, 0.3), (6, 120, 5, 0.3), (6, 60, 5, 0.7), (1, 252, 5, 0.5), (6, 25, 5, 0.5),
])  # fmt: skip
def test_intervals_hold_the_truth_in_one_factor_markets(symbols: int, days: int, horizon: int, common: float) -> None:
    """T18: a market-wide view is as likely right as wrong, so 1/2 has to lie inside."""
    rng = random.Random(days * 31 + horizon)
    index = [d for d in range(days) for _ in range(symbols)]
    share_held = mean_held = 0
    for _ in range(500):
        right = [[float(x > 0.0) for x in row] for row in _market(rng, symbols, days, horizon, common)]
        _, low, high = clustered_share([x for row in right for x in row], index, horizon)
        share_held += low <= 0.5 <= high
        _, low, high = mean_interval([sum(row) / symbols for row in right], horizon)
        mean_held += low <= 0.5 <= high
    assert share_held / 500 >= 0.92
    assert mean_held / 500 >= 0.92 or not enough_days(days, horizon)


@pytest.mark.honesty("T18", red=True)
def test_counting_rows_as_independent_would_not_hold_the_truth() -> None:
    """The control to T18: plain Wilson on the rows of the same markets fails, so the test above can."""
    rng = random.Random(7)
    held = 0
    for _ in range(200):
        right = [x > 0.0 for row in _market(rng, 8, 60, 5, 0.5) for x in row]
        low, high = wilson(sum(right), len(right))
        held += low <= 0.5 <= high
    assert held / 200 < 0.6
