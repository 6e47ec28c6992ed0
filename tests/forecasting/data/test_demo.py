from __future__ import annotations

import math
import statistics
import subprocess
import sys
from datetime import date
from itertools import pairwise

import pytest

from forecasting.data.demo import demo_history
from forecasting.domain.market import BarSeries, Symbol, parse_symbol
from forecasting.service.build import DEMO_START
from tests.support.markets import CALENDARS


@pytest.fixture(scope="module")
def history() -> dict[Symbol, BarSeries]:
    return demo_history()


def log_returns(series: BarSeries) -> list[float]:
    closes = [bar.close for bar in series.bars]
    return [math.log(b / a) for a, b in pairwise(closes)]


def test_the_indices_are_the_real_ones(history: dict[Symbol, BarSeries]) -> None:
    sp500 = history[Symbol("^GSPC")]
    by_day = {bar.session: bar for bar in sp500.bars}
    crash = by_day[date(2008, 10, 15)].close / by_day[date(2008, 10, 14)].close - 1.0
    assert len(sp500.bars) == 5031
    assert not sp500.instrument.synthetic
    assert round(crash * 100, 2) == -9.03
    assert sp500.notes == history[Symbol("^IXIC")].notes == ()


def test_all_bars_lie_on_new_york_s_sessions(history: dict[Symbol, BarSeries]) -> None:
    sessions = [s.session for s in CALENDARS.sessions("XNYS", date(1999, 1, 4), date(2018, 12, 31)).sessions]
    assert all([bar.session for bar in series.bars] == sessions for series in history.values())
    assert DEMO_START in sessions


def test_ten_stocks_are_synthetic_and_say_so(history: dict[Symbol, BarSeries]) -> None:
    stocks = [series.instrument for series in history.values() if series.instrument.synthetic]
    assert len(stocks) == 10
    assert all(s.name.endswith("(synthetic)") and s.symbol.startswith("SYN-") for s in stocks)
    assert all(parse_symbol(symbol) == symbol for symbol in history)


def test_the_stocks_follow_the_indices_and_not_their_own_yesterday(history: dict[Symbol, BarSeries]) -> None:
    market = log_returns(history[Symbol("^GSPC")])
    for series in history.values():
        if series.instrument.synthetic:
            own = log_returns(series)
            assert statistics.correlation(own, market) > 0.2, series.symbol
            assert abs(statistics.correlation(own[1:], own[:-1])) < 0.08, series.symbol
            assert all(b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high for b in series.bars)


def test_it_is_the_same_every_time(history: dict[Symbol, BarSeries]) -> None:
    assert demo_history() == history


def test_reading_the_index_bars_does_not_import_arch_or_pandas() -> None:
    code = "import sys, forecasting.data.demo as d; d.demo_history(); print({'arch', 'pandas'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "set()\n"
