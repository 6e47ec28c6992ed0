from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecasting.domain.market import BarSeries
from forecasting.features.panel import FloatArray
from forecasting.features.pipeline import MEMORY, FeatureSpec, build_panel
from forecasting.features.technical import technical
from tests.support.bars import make_series, random_walk_series
from tests.support.leaks import leaks

SPEC = FeatureSpec(("technical",))
WALK = random_walk_series("AAA", 300, seed=3)


def _arrays(series: BarSeries) -> list[FloatArray]:
    bars = series.bars
    return [
        np.array([getattr(b, name) for b in bars], dtype=np.float64) for name in ("high", "low", "close", "volume")
    ]


def test_the_textbook_formulas() -> None:
    high, low, close, volume = _arrays(random_walk_series("AAA", 60, seed=1, daily_sd=0.02))
    told = technical(high, low, close, volume)
    true_range = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    atr = true_range[:14].mean()
    for one in true_range[14:]:
        atr = (13.0 * atr + one) / 14.0
    assert told.atr[-1] == pytest.approx(atr)
    middle, sd = close[-20:].mean(), close[-20:].std()
    assert told.bollinger_width[-1] == pytest.approx(4.0 * sd)
    assert told.bollinger_place[-1] == pytest.approx((close[-1] - middle) / (2.0 * sd))
    fast = [100.0 * (close[i] - low[i - 13 : i + 1].min()) / np.ptp([*high[i - 13 : i + 1], *low[i - 13 : i + 1]])
            for i in range(40, 60)]
    slow = np.convolve(fast, np.ones(3) / 3.0, "valid")
    assert told.stochastic[-1] == pytest.approx(slow[-1] / 50.0 - 1.0)
    assert told.stochastic_signal[-1] == pytest.approx(slow[-3:].mean() / 50.0 - 1.0)
    rose = np.diff(close)[-22:] > 0.0
    money = volume[-22:]
    assert told.obv[-1] == pytest.approx((money[rose].sum() - money[~rose].sum()) / money.sum())


def test_a_steady_trend_has_the_highest_direction_index() -> None:
    up: FloatArray = np.exp(0.01 * np.arange(80.0))
    told = technical(1.001 * up, 0.999 * up, up, np.ones(80))
    assert told.adx[-1] == pytest.approx(1.0)
    assert told.obv[-1] == 1.0


def test_a_price_that_stands_still_is_in_the_middle_of_everything() -> None:
    panel = build_panel([make_series("AAA", [50.0] * 80)], SPEC)
    row = dict(zip(panel.names, panel.features[0, -1].tolist(), strict=True))
    assert [row[n] for n in ("bollinger_place", "obv", "adx", "stochastic", "stochastic_signal")] == [0.0] * 5
    assert np.isfinite(list(row.values())).all()


def test_the_group_is_valid_from_its_warm_up_on() -> None:
    valid = build_panel([WALK], SPEC).valid[0]
    assert valid.tolist() == [False] * 27 + [True] * 273      # twice the 14 bars of the directional index, less one


def test_nothing_after_a_session_changes_it() -> None:
    series = [WALK, random_walk_series("BBB", 300, seed=4)]
    assert leaks(_known_at, series, cuts=10, first=40) == set()


def _known_at(series: Sequence[BarSeries], cut: date) -> dict[str, FloatArray]:
    panel = build_panel(series, SPEC)
    return {"technical": panel.features[:, : panel.index_of(cut) + 1]}


def test_neither_the_currency_nor_a_split_changes_it() -> None:
    def scaled(prices: float, shares: float) -> BarSeries:
        bars = (
            replace(
                b, open=b.open * prices, high=b.high * prices, low=b.low * prices, close=b.close * prices,
                adj_close=b.adj_close * prices, volume=b.volume * shares,
            )
            for b in WALK.bars
        )
        return replace(WALK, bars=tuple(bars))

    here, abroad, split = (
        build_panel([s], SPEC).features for s in (WALK, scaled(150.0, 1.0), scaled(0.25, 4.0))
    )
    np.testing.assert_allclose(abroad, here, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(split, here, rtol=1e-9, atol=1e-9)


def test_more_history_than_its_memory_changes_nothing() -> None:
    walk = random_walk_series("AAA", 2 * MEMORY, seed=5)
    long, short = (build_panel([s], SPEC).features[0, -1] for s in (walk, replace(walk, bars=walk.bars[-MEMORY:])))
    np.testing.assert_allclose(short, long, rtol=0.0, atol=1e-6)
