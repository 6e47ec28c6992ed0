"""What the benchmark of panels counts, and what its crash is made of."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean

from tests.benchmarks import bench_panels
from tests.support.synthetic_panels import index_bars


def test_a_ticker_is_near_if_its_band_has_held_within_three_points() -> None:
    shares = {"ensemble": (0.76, 0.771, 0.8, 0.829, 0.84), "har": (0.8, 0.8, 0.8, 0.8, 0.8)}
    rows = [{"model": m, "horizon": h, "coverage_80": s} for m, held in shares.items() for h in (1, 5) for s in held]
    assert bench_panels.near(rows) == 3 / 5


def test_the_crash_is_that_of_the_real_index_and_stocks_trade_on_its_sessions() -> None:
    shape = bench_panels.SHAPES["crash"]
    (stock,) = shape.make(1, shape.first, shape.last)
    assert [b.session for b in stock.bars] == [b.session for b in index_bars(shape.first, shape.last)]
    moves = {b.session: abs(b.close / a.close - 1.0) for a, b in pairwise(stock.bars)}
    october = [m for day, m in moves.items() if (day.year, day.month) == (2008, 10)]
    quiet = [m for day, m in moves.items() if day.year == 2006]
    assert mean(october) > 3.0 * mean(quiet)
