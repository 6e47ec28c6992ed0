from __future__ import annotations

import math
import statistics
from datetime import UTC, datetime
from itertools import pairwise

from forecasting.data.sources.simulated import SimulatedSource
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import BarSeries, Symbol
from tests.support.markets import CALENDARS

EVENING = datetime(2024, 3, 5, 22, 0, tzinfo=UTC)


def simulate(*, seed: int = 7, symbols: int = 3, now: datetime = EVENING) -> SimulatedSource:
    return SimulatedSource(clock=FrozenClock(now), calendars=CALENDARS, seed=seed, symbols=symbols)


def bars(source: SimulatedSource, symbol: str = "SIM-001") -> BarSeries:
    series = source.history(Symbol(symbol))
    assert isinstance(series, BarSeries)
    return series


def returns(series: BarSeries) -> list[float]:
    closes = [bar.close for bar in series.bars]
    return [math.log(b / a) for a, b in pairwise(closes)]


def test_a_ticker_is_the_same_however_many_others_there_are() -> None:
    assert bars(simulate(symbols=1)) == bars(simulate(symbols=500))


def test_a_longer_history_begins_with_the_shorter_one() -> None:
    early = bars(simulate(now=datetime(2019, 6, 3, 22, 0, tzinfo=UTC)))
    assert bars(simulate()).bars[: len(early.bars)] == early.bars


def test_another_seed_makes_another_market() -> None:
    assert bars(simulate(seed=7)).bars[10] != bars(simulate(seed=8)).bars[10]


def test_tickers_share_a_market_have_fat_tails_and_volatility_that_clusters() -> None:
    source = simulate(symbols=6)
    moves = [returns(bars(source, f"SIM-{i:03d}")) for i in range(1, 7)]
    pairs = [statistics.correlation(a, b) for i, a in enumerate(moves) for b in moves[:i]]
    assert all(0.05 < c < 0.9 for c in pairs), pairs
    for r in moves:
        sd = statistics.pstdev(r)
        assert statistics.fmean((x / sd) ** 4 for x in r) > 3.5
        assert abs(statistics.correlation(r[1:], r[:-1])) < 0.1, "no skill in direction is planted"
    sizes = [[min(abs(x), 0.1) for x in r] for r in moves]
    assert statistics.fmean(statistics.correlation(s[1:], s[:-1]) for s in sizes) > 0.03


def test_every_instrument_says_that_it_is_synthetic() -> None:
    instrument = bars(simulate()).instrument
    assert instrument.synthetic
    assert "synthetic" in instrument.name
