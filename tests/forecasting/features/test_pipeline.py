from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.domain.market import BarSeries, Instrument, Symbol
from forecasting.errors import ConfigError, DataError, NotEnoughHistory
from forecasting.features import fusion
from forecasting.features.matrix import BarMatrix, bar_matrix
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import (
    DEFAULT_SPEC,
    GROUPS,
    HAR_COLUMNS,
    MARKET_COLUMNS,
    MEMORY,
    FeatureSpec,
    build_panel,
)
from tests.support.bars import make_series, random_walk_series, stocknet, weekdays


def column(panel: Panel, name: str, symbol: int = 0) -> FloatArray:
    return panel.features[symbol, :, panel.names.index(name)]


def scaled(series: BarSeries, price: float, volume: float, until: date = date.max) -> BarSeries:
    """The same bars quoted at `price` times the price and `volume` times the volume, up to a day."""
    bars = (
        replace(
            b, open=b.open * price, high=b.high * price, low=b.low * price, close=b.close * price,
            volume=b.volume * volume,
        ) if b.session <= until else b
        for b in series.bars
    )  # fmt: skip
    return replace(series, bars=tuple(bars))


def recent(series: BarSeries, n: int) -> BarSeries:
    return replace(series, bars=series.bars[-n:])


# --- shape


def test_a_panel_stands_on_the_union_of_all_sessions() -> None:
    old, young = random_walk_series("OLD", 100), random_walk_series("NEW", 60, start=date(2015, 4, 1))
    panel = build_panel([old, young])
    assert panel.symbols == ("OLD", "NEW")
    assert panel.sessions == tuple(sorted({b.session for s in (old, young) for b in s.bars}))
    assert panel.features.shape == (2, len(panel.sessions), len(panel.names))
    assert panel.traded.sum(axis=1).tolist() == [100, 60]
    assert panel.closes[0, 0] == old.bars[0].close
    assert np.isnan(panel.closes[1, 0])


def test_the_first_valid_row_comes_right_after_the_warm_up() -> None:
    panel = build_panel([random_walk_series("A", 100)])
    assert panel.valid[0].tolist() == [False] * 66 + [True] * 34


@pytest.mark.parametrize(
    ("group", "bars"),
    [("volatility", 66), ("returns", 22), ("volume", 21), ("indicators", 33), ("market", 21), ("time", 20)],
)
def test_each_group_has_a_warm_up_of_its_own(group: str, bars: int) -> None:
    panel = build_panel([random_walk_series("A", 100)], FeatureSpec((group,)))
    assert int(panel.valid[0].argmax()) == bars


def test_the_regressors_of_har_are_columns_of_the_panel() -> None:
    panel = build_panel([random_walk_series("A", 70)])
    assert set(HAR_COLUMNS) | set(MARKET_COLUMNS) <= set(panel.names)
    assert len(HAR_COLUMNS) + 1 == 17
    assert len(HAR_COLUMNS + MARKET_COLUMNS) + 1 == 22


def test_missing_days_shift_no_window() -> None:
    series = random_walk_series("A", 120)
    days = weekdays(240)[::2]
    sparse = replace(series, bars=tuple(replace(b, session=d) for b, d in zip(series.bars, days, strict=True)))
    crowd = random_walk_series("B", 240)
    spec = FeatureSpec(("volatility", "returns", "volume", "indicators"))
    alone, among = build_panel([series], spec), build_panel([sparse, crowd], spec)
    assert among.features[0, ::2].tobytes() == alone.features[0].tobytes()
    assert np.isnan(among.features[0, 1::2]).all()


def test_a_symbol_with_few_bars_or_none_has_no_valid_row_and_harms_nobody() -> None:
    a = random_walk_series("A", 100)
    few, none = recent(random_walk_series("FEW", 100, 1), 3), recent(random_walk_series("NONE", 1), 0)
    panel = build_panel([a, few, replace(none, bars=())])
    assert panel.valid.sum(axis=1).tolist() == [34, 0, 0]
    assert panel.traded.sum(axis=1).tolist() == [100, 3, 0]


# --- what the columns say


def test_columns_follow_their_formulas() -> None:
    series = random_walk_series("A", 400, seed=3)
    panel = build_panel([series])
    t = 350
    bars = series.bars
    r = [math.log(b.adj_close / a.adj_close) for a, b in pairwise(bars)][:t]   # r[-1] is of bar t
    gk = [
        0.5 * math.log(b.high / b.low) ** 2 - (2 * math.log(2) - 1) * math.log(b.close / b.open) ** 2
        for b in bars[: t + 1]
    ]
    nights = [math.log(b.open * b.factor / a.adj_close) ** 2 for a, b in pairwise(bars)][:t]
    s = panel.scale[0, t]
    money = [math.log(b.volume * b.close) for b in bars[: t + 1]]
    expected = {
        "log_gk_1": math.log(max(gk[-1], 0.01 * s * s)),
        "log_gk_22": math.log(np.mean(gk[-22:])),
        "log_gk_66": math.log(np.mean(gk[-66:])),
        "log_r2_1": math.log(max(r[-1] ** 2, 0.01 * s * s)),
        "log_r2_5": math.log(np.mean(np.square(r[-5:]))),
        "log_ewma": math.log(s),
        "log_long_sd": 0.5 * math.log(np.mean(np.square(r[-252:]))),
        "log_night_22": math.log(np.mean(nights[-22:])),
        "return_1": r[-1] / s,
        "return_22": sum(r[-22:]) / (s * math.sqrt(22)),
        "leverage_1": min(r[-1], 0.0) / s,
        "leverage_5": min(sum(r[-5:]), 0.0) / (s * math.sqrt(5)),
        "log_turnover": money[-1] - np.mean(money[-22:]),
    }
    assert {name: column(panel, name)[t] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_rsi_is_centred_and_macd_is_in_units_of_the_daily_move() -> None:
    panel = build_panel([make_series("A", np.exp(0.01 * np.arange(300)).tolist())])   # up one per cent every day
    assert column(panel, "rsi")[-1] == pytest.approx(1.0)
    assert panel.scale[0, -1] == pytest.approx(0.01)
    # An exponential average of steady growth settles at a fixed share of the price.
    fast, slow = (a / (1.0 - (1.0 - a) * math.exp(-0.01)) for a in (2 / 13, 2 / 27))
    assert column(panel, "macd")[-1] == pytest.approx((fast - slow) / 0.01, rel=1e-6)
    assert column(panel, "macd_hist")[-1] == pytest.approx(
        column(panel, "macd")[-1] - column(panel, "macd_signal")[-1], abs=1e-9
    )


def test_unknown_volume_says_nothing() -> None:
    walk = random_walk_series("A", 100)
    panel = build_panel([scaled(walk, 1.0, 0.0)])
    assert set(column(panel, "log_turnover")[21:]) == {0.0}
    assert panel.valid[0, 66:].all()


def test_a_day_without_volume_is_left_out_of_the_months_mean() -> None:
    volumes = [100.0] * 80
    volumes[70] = 0.0
    panel = build_panel([make_series("A", [50.0] * 80, volumes=volumes)])
    assert column(panel, "log_turnover")[66:] == pytest.approx(np.zeros(14), abs=1e-12)


def test_a_price_that_stands_still_has_finite_features() -> None:
    panel = build_panel([make_series("A", [5.0] * 100)])
    assert panel.valid[0, 66:].all()
    assert column(panel, "rsi")[-1] == 0.0
    assert column(panel, "return_1")[-1] == 0.0


def test_bars_without_a_range_fall_back_to_the_floor() -> None:
    walk = random_walk_series("A", 100)
    flat = [b.close for b in walk.bars]
    panel = build_panel([make_series("A", flat, opens=flat)])
    assert column(panel, "log_gk_22")[70:] == pytest.approx(np.log(0.01 * panel.scale[0, 70:] ** 2))


# --- the market


def test_the_market_of_a_single_symbol_is_itself() -> None:
    panel = build_panel([random_walk_series("A", 100)])
    rows = panel.valid[0]
    assert column(panel, "market_log_gk")[rows] == pytest.approx(column(panel, "log_gk_1")[rows])
    assert column(panel, "market_leverage")[rows] == pytest.approx(column(panel, "leverage_1")[rows])
    relative = column(panel, "log_gk_5") - 2.0 * column(panel, "log_ewma")
    assert column(panel, "market_gk_5")[rows] == pytest.approx(relative[rows])


def test_the_market_is_the_mean_of_the_symbols_that_traded() -> None:
    a, b = random_walk_series("A", 120, 1), random_walk_series("B", 120, 2)
    halted = replace(b, bars=b.bars[:100] + b.bars[101:])
    panel = build_panel([a, halted])
    own = panel.features[:, :, panel.names.index("log_gk_1")]
    assert column(panel, "market_log_gk")[99] == pytest.approx(own[:, 99].mean())
    assert column(panel, "market_log_gk")[100] == pytest.approx(own[0, 100])
    assert np.isnan(column(panel, "market_log_gk", symbol=1)[100])


def test_another_exchange_is_another_market_since_it_may_close_later_on_the_same_date() -> None:
    tokyo = random_walk_series("7203.T", 120, 1, exchange="XTKS")
    alone = build_panel([tokyo])
    among = build_panel([tokyo, random_walk_series("IBM", 120, 2)])
    assert among.features[0].tobytes() == alone.features[0].tobytes()


def test_a_newcomer_joins_the_market_after_its_warm_up() -> None:
    old, newcomer = random_walk_series("A", 120, 1), recent(random_walk_series("B", 120, 2, daily_sd=0.2), 30)
    alone, among = build_panel([old]), build_panel([old, newcomer])
    index = among.names.index("market_gk_1")
    same = alone.features[0, :, index] == among.features[0, :, index]
    assert same[66:110].all(), "before bar 20 of the newcomer it has no scale"
    assert not same[110:].any()


# --- T8, T9, T15


@pytest.mark.honesty("T8")
@pytest.mark.parametrize("factor", [1e-3, 7.0, 1e4])
def test_features_do_not_know_the_price_level(factor: float) -> None:
    watchlist = [random_walk_series(f"S{i}", 200, i) for i in range(2)]
    before, after = build_panel(watchlist), build_panel([quoted_in(watchlist[0], factor), watchlist[1]])
    assert np.nanmax(np.abs(after.features - before.features)) < 1e-9
    assert np.array_equal(after.valid, before.valid)


def quoted_in(series: BarSeries, factor: float) -> BarSeries:
    """The same prices in another currency's units, adjusted closes too."""
    rescaled = scaled(series, factor, 1.0)
    return replace(rescaled, bars=tuple(replace(b, adj_close=b.adj_close * factor) for b in rescaled.bars))


@pytest.mark.honesty("T8")
def test_features_do_not_know_a_split() -> None:
    series = random_walk_series("A", 200)
    before, after = build_panel([series]), build_panel([before_a_split(series)])
    assert np.nanmax(np.abs(after.features - before.features)) < 1e-9
    assert after.closes[0, 120] == 4.0 * before.closes[0, 120]


def before_a_split(series: BarSeries) -> BarSeries:
    """As traded before a 4:1 split: four times the price, a quarter of the shares; the adjusted close knows."""
    return scaled(series, 4.0, 0.25, until=series.bars[120].session)


@pytest.mark.honesty("T8", red=True)
@pytest.mark.parametrize(
    ("column", "knows"),
    [
        pytest.param(lambda bars: np.log(bars.close), {"level"}, id="the adjusted price"),
        pytest.param(lambda bars: np.log(bars.traded_close), {"level", "split"}, id="the price as traded"),
        pytest.param(lambda bars: np.log(bars.volume), {"split"}, id="shares"),
    ],
)
def test_a_feature_that_knows_price_level_or_split_is_found(
    monkeypatch: pytest.MonkeyPatch, column: Callable[[BarMatrix], FloatArray], knows: set[str]
) -> None:
    honest = fusion.BAR_GROUPS["volume"]
    monkeypatch.setitem(fusion.BAR_GROUPS, "volume", lambda data: {**honest(data), "log_turnover": column(data.bars)})
    series = random_walk_series("A", 200)
    changed = {"level": quoted_in(series, 7.0), "split": before_a_split(series)}
    before = build_panel([series]).features
    assert {n for n, s in changed.items() if np.nanmax(np.abs(build_panel([s]).features - before)) > 1.0} == knows


@pytest.mark.honesty("T8")
def test_real_bars_do_not_know_a_split() -> None:
    (series,) = stocknet("GE")
    split = scaled(series, 7.0, 1 / 7, until=date(2015, 6, 30))
    assert np.nanmax(np.abs(build_panel([split]).features - build_panel([series]).features)) < 1e-9


@pytest.mark.honesty("T9")
@settings(max_examples=50)
@given(st.lists(st.tuples(*[st.floats(1.0, 1e4)] * 5), min_size=1, max_size=20))
def test_after_adjustment_the_range_spans_open_and_close(prices: list[tuple[float, ...]]) -> None:
    opens, highs, lows, closes, adjusted = zip(*prices, strict=True)
    assert spans(bar_matrix([make_series("A", closes, opens=opens, highs=highs, lows=lows, adj_closes=adjusted)]))


def spans(bars: BarMatrix) -> bool:
    """low <= min(O, C) <= max(O, C) <= high wherever there is a bar."""
    holds = (bars.low <= np.minimum(bars.open, bars.close)) & (np.maximum(bars.open, bars.close) <= bars.high)
    return bool(holds[bars.filled].all())


@pytest.mark.honesty("T9", red=True)
@pytest.mark.parametrize(
    "forget",
    [
        pytest.param(lambda bars, raw: replace(bars, open=raw("open")), id="open"),
        pytest.param(lambda bars, raw: replace(bars, high=raw("high")), id="high"),
        pytest.param(lambda bars, raw: replace(bars, low=raw("low")), id="low"),
    ],
)
def test_a_price_left_unadjusted_breaks_the_range_and_is_found(
    forget: Callable[[BarMatrix, Callable[[str], FloatArray]], BarMatrix],
) -> None:
    # Factors below one and above: whichever is forgotten lies outside somewhere.
    walk = random_walk_series("A", 600)
    split = replace(walk, bars=tuple(replace(b, adj_close=b.adj_close * f) for b, f in
                                     zip(walk.bars, [0.5] * 200 + [1.0] * 200 + [2.0] * 200, strict=True)))
    bars = bar_matrix([split])
    assert spans(bars)
    assert not spans(forget(bars, lambda name: np.array([[getattr(b, name) for b in split.bars]])))


@pytest.mark.honesty("T9")
def test_real_bars_keep_their_order_after_adjustment() -> None:
    assert spans(bar_matrix(stocknet("AAPL", "GE", "BRK-A")))


@pytest.mark.honesty("T15")
def test_400_bars_of_history_give_the_features_of_800() -> None:
    watchlist = [random_walk_series(f"S{i}", 800, i) for i in range(4)]
    long, short = build_panel(watchlist), build_panel([recent(s, MEMORY) for s in watchlist])
    assert MEMORY == 400
    assert np.abs(long.features[:, -1] - short.features[:, -1]).max() < 1e-6
    assert np.abs(long.scale[:, -1] / short.scale[:, -1] - 1.0).max() < 1e-6


@pytest.mark.honesty("T15")
def test_400_real_bars_give_the_features_of_the_whole_history() -> None:
    watchlist = stocknet("AAPL", "GE", "XOM")
    long, short = build_panel(watchlist), build_panel([recent(s, MEMORY) for s in watchlist])
    assert np.abs(long.features[:, -1] - short.features[:, -1]).max() < 1e-6


@pytest.mark.honesty("T15", red=True)
def test_150_bars_of_history_are_not_enough_and_the_check_notices() -> None:
    walk = random_walk_series("A", 800)
    long, short = build_panel([walk]), build_panel([recent(walk, 150)])
    assert np.abs(long.features[:, -1] - short.features[:, -1]).max() > 1e-6


# --- bad input, specification, speed


def test_no_bars_at_all_is_refused() -> None:
    empty = BarSeries(Instrument(Symbol("A"), "A", "XNYS", "USD"), ())
    with pytest.raises(NotEnoughHistory, match="features of A: no bars to read"):
        build_panel([empty])


@pytest.mark.parametrize("price", [math.nan, 0.0, -1.0, math.inf])
def test_an_impossible_price_is_named_with_its_place(price: float) -> None:
    series = make_series("A", [5.0, 5.0, 5.0], lows=[5.0, price, 5.0])
    with pytest.raises(DataError, match=r"A 2015-01-06: a price is not a finite number above zero \(.*low .*drop or"):
        build_panel([random_walk_series("B", 5), series])


def test_a_group_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="asked for astrology; choose from volatility, returns"):
        FeatureSpec(("volatility", "astrology"))
    with pytest.raises(ConfigError, match="asked for none"):
        FeatureSpec(())


def test_groups_can_be_left_out() -> None:
    walk = random_walk_series("A", 100)
    assert build_panel([walk], FeatureSpec(("time", "indicators"))).names == (
        "rsi", "macd", "macd_signal", "macd_hist", "log_gap", "weekday_sin", "weekday_cos", "month_end",
    )  # fmt: skip


@pytest.mark.parametrize(("groups", "columns"), [(GROUPS, 21), (("volatility", "time"), 13), (("indicators",), 0)])
def test_har_reads_what_the_chosen_groups_have_of_its_columns(groups: tuple[str, ...], columns: int) -> None:
    spec = FeatureSpec(groups)
    assert len(spec.har_columns) == columns
    assert set(spec.har_columns) <= set(build_panel([random_walk_series("A", 100)], spec).names)


def test_the_hash_names_the_specification_in_every_process() -> None:
    code = "from forecasting.features.pipeline import DEFAULT_SPEC; print(DEFAULT_SPEC.hash)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == DEFAULT_SPEC.hash
    assert FeatureSpec(("time", "returns")).hash == FeatureSpec(("returns", "time")).hash
    assert FeatureSpec(("time",)).hash != FeatureSpec(("returns",)).hash


def test_importing_the_panel_alone_stays_cheap() -> None:
    code = "import sys, forecasting.features.panel; print({'pandas', 'talib', 'torch'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


@pytest.mark.parametrize(("n_symbols", "n_bars", "limit_s"), [(88, 1260, 1.0), (12, 2400, 0.4)])
def test_a_watchlist_becomes_a_panel_in_no_time(n_symbols: int, n_bars: int, limit_s: float) -> None:
    walk = random_walk_series("A", n_bars)
    watchlist = [replace(walk, instrument=replace(walk.instrument, symbol=Symbol(f"S{i}"))) for i in range(n_symbols)]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        build_panel(watchlist)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < limit_s
