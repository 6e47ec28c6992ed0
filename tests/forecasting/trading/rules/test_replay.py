"""A rule over a symbol's bars: where it fires, what it saw, what followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from math import exp

import numpy as np
import pytest

from forecasting.domain.market import BarSeries
from forecasting.features.indicators import indicator_rows
from forecasting.trading.rules.parser import parse_rule
from forecasting.trading.rules.replay import Firing, History, firings
from tests.support.bars import make_series
from tests.support.store import forecast


def history(series: BarSeries) -> History:
    closes = [datetime.combine(b.session, time(21), UTC) for b in series.bars]
    return History(series.symbol, series.bars, indicator_rows(series), closes, {})


def fired(rule: str, closes: Sequence[float], *, cooldown: int = 0, adj: Sequence[float] | None = None) -> list[int]:
    """Which bars a rule fires at."""
    series = make_series("AAPL", closes, adj_closes=adj)
    places = {b.session: i for i, b in enumerate(series.bars)}
    return [places[f.session] for f in firings(parse_rule(rule), history(series), cooldown=cooldown)]


def test_a_firing_says_when_what_and_what_followed() -> None:
    series = make_series("AAPL", [99, 101, 102, 103, 104, 105, 106.05])

    [firing] = firings(parse_rule("last > 100"), history(series))

    bar = series.bars[1]
    close, returns = datetime.combine(bar.session, time(21), UTC), (102 / 101 - 1, 106.05 / 101 - 1)
    assert firing == Firing(series.symbol, bar.session, close, 101.0, returns)


def test_what_lies_beyond_the_last_bar_is_not_known() -> None:
    [firing] = firings(parse_rule("last > 100"), history(make_series("AAPL", [99, 101])))

    assert firing.returns == (None, None)


def test_change_pct_is_against_the_previous_close() -> None:
    assert fired("change_pct > 3", [100, 100, 103.1, 103.2, 107, 111]) == [2, 4]     # 111: no new edge


def test_a_split_is_neither_a_move_nor_a_new_low() -> None:
    closes, adj = [100, 100, 50, 50.5], [50, 50, 50, 50.5]

    assert fired("change_pct < -20", closes, adj=adj) == []
    assert fired("low < low(2 bars)", closes, adj=adj) == []
    assert fired("last < 60", closes, adj=adj) == [2]       # a price as traded


def test_windows_count_bars_before_the_newest() -> None:
    closes = [10, 12, 11, 12, 12.5, 11, 13]

    assert fired("last > high(3 bars)", closes) == [4, 6]
    assert fired("last > average(3 bars)", closes) == [3, 6]
    assert fired("change_pct(2 bars) > 10", closes) == [4]
    assert fired("change_pct(1d) > 10", closes) == [6]


@pytest.mark.parametrize(("cooldown", "bars"), [(0, [1, 3, 5, 7]), (1, [1, 3, 5, 7]), (2, [1, 3, 5, 7]), (3, [1, 5])])
def test_a_cooldown_counts_bars_from_the_last_firing(cooldown: int, bars: list[int]) -> None:
    assert fired("last > 100", [99, 101] * 4, cooldown=cooldown) == bars


def test_volume_is_compared_with_the_twenty_bars_before() -> None:
    volumes = [1e6] * 20 + [3e6, 1e6]
    series = make_series("AAPL", [100.0] * 22, volumes=volumes)

    assert [f.value for f in firings(parse_rule("volume_ratio > 2"), history(series))] == []
    series = make_series("AAPL", [100.0] * 23, volumes=[1e6, *volumes])
    assert [f.value for f in firings(parse_rule("volume_ratio > 2"), history(series))] == [3.0]


def forecast_each_bar(closes: Sequence[float]) -> History:
    """A forecast at every close, whose 80 % band of the next is 0.4 % wide to either side."""
    past = history(make_series("AAPL", closes))
    made = {b.session: forecast("AAPL", session=b.session, last_close=b.close) for b in past.bars}
    return replace(past, forecasts=made)


def test_a_close_is_held_against_the_band_that_was_forecast_at_the_bar_before() -> None:
    closes = np.round(100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.005, 200))), 2)
    past = forecast_each_bar(closes.tolist())
    below = [i for i in range(1, 200) if closes[i] < closes[i - 1] * exp(-0.004)]
    assert len(below) > 20

    found = firings(parse_rule("last < band_low_1d"), past)

    assert [f.session for f in found] == [past.bars[i].session for i in below]      # two days in a row are two breaches
    assert [f.value for f in found] == closes[below].tolist()


def test_what_the_new_forecast_says_is_seen_at_the_close_it_was_made_at() -> None:
    past = forecast_each_bar([100.0, 101.0, 102.0, 103.0])
    third = past.bars[2].session
    made = {day: replace(f, p_up=(0.7 if day == third else 0.4, *f.p_up[1:])) for day, f in past.forecasts.items()}

    for rule in ("p_up_1d > 0.6", "p_up_1d > 0.6 and last > 50"):
        [firing] = firings(parse_rule(rule), replace(past, forecasts=made))
        assert firing.session == third
