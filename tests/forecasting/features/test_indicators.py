"""TA-Lib's RSI and MACD against the textbook formulas, written out here."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from forecasting.features.indicators import indicator_rows, indicators
from tests.support.bars import make_series, random_walk_series, stocknet

# The worked example of the ChartSchool page on RSI; its closes are printed to the cent.
CHART_SCHOOL = [
    44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08,
    45.89, 46.03, 45.61, 46.28, 46.28, 46.00, 46.03, 46.41, 46.22, 45.64,
]  # fmt: skip
CHART_SCHOOL_RSI = [70.53, 66.32, 66.55, 69.41, 66.36, 57.97]


def wilder_rsi(closes: list[float], period: int = 14) -> list[float | None]:
    """Wilder (1978): averages start as plain means of the first `period` gains and losses."""
    changes = [b - a for a, b in pairwise(closes)]
    gains, losses = [max(c, 0.0) for c in changes], [max(-c, 0.0) for c in changes]
    gain, loss = sum(gains[:period]) / period, sum(losses[:period]) / period
    values: list[float | None] = [None] * period + [100.0 * gain / (gain + loss)]
    for up, down in zip(gains[period:], losses[period:], strict=True):
        gain, loss = (gain * (period - 1) + up) / period, (loss * (period - 1) + down) / period
        values.append(100.0 * gain / (gain + loss))
    return values


def ema(values: list[float], period: int) -> list[float]:
    """Exponential average with weight 2 / (period + 1), started from the plain mean of the first `period` values."""
    average = [sum(values[:period]) / period]
    for value in values[period:]:
        average.append(average[-1] + 2.0 / (period + 1) * (value - average[-1]))
    return average


def textbook_macd(closes: list[float]) -> list[tuple[float, float, float]]:
    """Line, signal and histogram from bar 33 on.

    TA-Lib lets the fast average begin with the slow one, at bar 25, from the mean of bars 14..25.
    """
    line = [f - s for f, s in zip(ema(closes[14:], 12), ema(closes, 26), strict=True)]
    signal = ema(line, 9)
    return [(m, s, m - s) for m, s in zip(line[8:], signal, strict=True)]


def test_rsi_matches_a_published_worked_example() -> None:
    rsi = [row.rsi for row in indicator_rows(make_series("A", CHART_SCHOOL))]
    assert rsi[:14] == [None] * 14
    assert rsi[14:] == pytest.approx(CHART_SCHOOL_RSI, abs=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_rsi_is_wilders(seed: int) -> None:
    series = random_walk_series("A", 200, seed)
    expected = wilder_rsi([b.adj_close for b in series.bars])
    rows = indicator_rows(series)
    assert [r.rsi for r in rows[:14]] == expected[:14] == [None] * 14
    assert [r.rsi for r in rows[14:]] == pytest.approx(expected[14:], abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_macd_is_the_difference_of_averages_that_start_together(seed: int) -> None:
    series = random_walk_series("A", 200, seed)
    rows = indicator_rows(series)
    assert {(r.macd, r.macd_signal, r.macd_hist) for r in rows[:33]} == {(None, None, None)}
    shown = np.array([(r.macd, r.macd_signal, r.macd_hist) for r in rows[33:]], dtype=float)
    assert shown == pytest.approx(np.array(textbook_macd([b.adj_close for b in series.bars])), abs=1e-9)


def test_real_bars_give_the_textbook_values() -> None:
    (series,) = stocknet("AAPL")
    adjusted = [b.adj_close for b in series.bars]
    rows = indicator_rows(series)
    assert [r.rsi for r in rows[14:]] == pytest.approx(wilder_rsi(adjusted)[14:], abs=1e-9)
    assert [r.macd for r in rows[33:]] == pytest.approx([m for m, _, _ in textbook_macd(adjusted)], abs=1e-9)


def test_macd_of_a_steady_climb_is_the_difference_of_the_lags() -> None:
    # An average over n lags a straight line by (n - 1) / 2 bars: 12.5 - 5.5 = 7 bars of one dollar.
    last = indicator_rows(make_series("A", range(100, 160)))[-1]
    assert (last.macd, last.macd_signal) == pytest.approx((7.0, 7.0))
    assert last.macd_hist == pytest.approx(0.0, abs=1e-9)


def test_rsi_is_100_with_gains_only_and_0_with_losses_only() -> None:
    assert indicator_rows(make_series("UP", range(1, 40)))[-1].rsi == 100.0
    assert indicator_rows(make_series("DN", range(40, 1, -1)))[-1].rsi == 0.0


def test_rsi_of_a_price_that_never_moved_is_neutral_and_not_oversold() -> None:
    rows = indicator_rows(make_series("A", [5.0] * 40))
    assert [r.rsi for r in rows] == [None] * 14 + [50.0] * 26
    assert rows[-1].macd == pytest.approx(0.0, abs=1e-12)


def test_rsi_leaves_neutral_with_the_first_move_after_standing_still() -> None:
    assert indicator_rows(make_series("A", [5.0] * 30 + [4.9]))[-1].rsi == 0.0
    assert indicator_rows(make_series("A", [5.0] * 30 + [5.1]))[-1].rsi == 100.0


def test_indicators_read_adjusted_closes_and_rows_show_the_traded_ones() -> None:
    closes = [100.0 + k % 7 for k in range(40)]
    split = make_series("A", [c * 2 for c in closes[:20]] + closes[20:], adj_closes=closes)
    plain = make_series("A", closes)
    assert [r.rsi for r in indicator_rows(split)] == [r.rsi for r in indicator_rows(plain)]
    assert [r.close for r in indicator_rows(split)[18:22]] == [closes[18] * 2, closes[19] * 2, closes[20], closes[21]]


@pytest.mark.parametrize("n", [0, 1, 14, 33])
def test_a_short_history_is_warm_up(n: int) -> None:
    rows = indicator_rows(make_series("A", [10.0 + k for k in range(n)]))
    assert len(rows) == n
    assert all(r.rsi is None and r.macd is None for r in rows[:14])
    assert all(r.macd_hist is None for r in rows)


def test_indicators_do_not_depend_on_later_bars() -> None:
    closes = np.array([b.adj_close for b in random_walk_series("A", 120, 4).bars])
    for whole, part in zip(indicators(closes), indicators(closes[:80]), strict=True):
        assert whole[:80].tobytes() == part.tobytes()
