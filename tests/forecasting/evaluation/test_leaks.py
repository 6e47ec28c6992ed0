"""The search for leaks on a person's own bars: silent where there is none, and red where one is planted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forecasting.domain.market import BarSeries
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.leaks import (
    FUTURES,
    future_check,
    null_check,
    null_market,
    poison_check,
    poisoned,
)
from forecasting.features import fusion
from forecasting.features.fusion import Columns, Prepared
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import build_panel
from tests.support.bars import random_walk_series, stocknet

QUICK = ("har-t", "ewma-t")
Change = Callable[[FloatArray], FloatArray]


@pytest.fixture(scope="module")
def series() -> list[BarSeries]:
    return [random_walk_series(f"S{i}", 420, seed=i) for i in range(4)]


def later(values: FloatArray) -> FloatArray:
    """Pandas' shift(-1)."""
    return np.concatenate([values[:, 1:], np.full_like(values[:, :1], np.nan)], axis=1)


def whole_sample(values: FloatArray) -> FloatArray:
    """Scaled by what the column will have done by the end."""
    scaled: FloatArray = values / np.nanstd(values, axis=1, keepdims=True)
    return scaled


def plant(monkeypatch: pytest.MonkeyPatch, group: str, column: str, change: Change) -> None:
    """One feature that knows what it must not."""
    honest = fusion.BAR_GROUPS[group]

    def leaky(data: Prepared) -> Columns:
        columns = honest(data)
        return {**columns, column: change(columns[column])}

    monkeypatch.setitem(fusion.BAR_GROUPS, group, leaky)


@pytest.mark.honesty("T1")
def test_no_bit_of_the_past_changes_with_the_future(series: list[BarSeries]) -> None:
    found = future_check(series, {}, cuts=10)
    assert (found.cuts, found.changed) == (10, ())
    # 30 features and five more figures of 4 symbols, at least half of 420 sessions, in every future.
    assert found.figures > 10 * len(FUTURES) * 4 * 210 * 35


@pytest.mark.honesty("T1")
def test_no_bit_of_real_bars_past_changes_with_the_future() -> None:
    assert future_check(stocknet("AAPL", "BABA", "XOM"), {}, cuts=3).changed == ()


@pytest.mark.honesty("T1", red=True)
@pytest.mark.parametrize("change", [later, whole_sample])
def test_a_feature_that_knows_the_future_is_named_with_the_forecasts_it_spoils(
    monkeypatch: pytest.MonkeyPatch, series: list[BarSeries], change: Change
) -> None:
    plant(monkeypatch, "volatility", "log_gk_1", change)
    changed = future_check(series, {}, cuts=3).changed
    assert {"feature log_gk_1", "har-t forecasts"} <= set(changed)
    assert "scale" not in changed


def test_a_feature_no_model_here_reads_is_found_as_well(
    monkeypatch: pytest.MonkeyPatch, series: list[BarSeries]
) -> None:
    plant(monkeypatch, "indicators", "rsi", later)
    assert "feature rsi" in future_check(series, {}, cuts=3).changed


def test_what_is_spoilt_lies_after_the_cut(series: list[BarSeries]) -> None:
    panel = build_panel(series)
    spoilt = poisoned(panel, 200)
    for name in ("features", "returns", "scale", "closes"):
        before, after = getattr(panel, name), getattr(spoilt, name)
        assert before[:, :201].tobytes() == after[:, :201].tobytes()
        assert (np.abs(after[:, 201:]) == 1e9).all()
    assert spoilt.targets[:, 199, 0].tobytes() == panel.targets[:, 199, 0].tobytes()
    assert np.isnan(spoilt.targets[:, 199, 1:]).all()


@pytest.mark.honesty("T2")
def test_fits_are_the_same_whatever_comes_after_their_cut(series: list[BarSeries]) -> None:
    found = poison_check(build_panel(series), (*QUICK, "ensemble"))
    assert found.cut == series[0].bars[279].session
    assert set(found.same) == {*QUICK, "ensemble"}
    assert (found.changed, found.left_out) == ((), ())


@pytest.mark.honesty("T1", "T2", red=True)
def test_a_fit_that_reads_past_its_cut_is_named(monkeypatch: pytest.MonkeyPatch, series: list[BarSeries]) -> None:
    monkeypatch.setattr(Panel, "targets_until", lambda panel, cut: panel.targets)
    found = poison_check(build_panel(series), QUICK)
    assert (found.changed, dict(found.same)) == (QUICK, {})
    assert future_check(series, {}, cuts=3).changed == ("realised targets",)


def test_a_model_without_enough_history_is_left_out_and_says_why() -> None:
    short = build_panel([random_walk_series("S", 200)])
    found = poison_check(short, QUICK)
    assert set(found.same) == {"ewma-t"}
    assert "har-t" in found.left_out[0]
    assert "needs" in found.left_out[0]
    with pytest.raises(NotEnoughHistory, match="load more history"):
        future_check([random_walk_series("S", 3)], {})


@pytest.mark.honesty("T4")
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_in_random_walks(seed: int) -> None:
    found = null_check(seed=seed)
    assert found.quiet
    assert found.n_days == 449
    assert -0.02 < found.skill[0] < 0.0
    assert found.hits[2] - found.hits[1] < 0.06


def test_the_random_walks_are_what_they_are_said_to_be() -> None:
    series, sigma = null_market(1, 6, 4000)
    panel = build_panel(series)
    shocks = (panel.returns / sigma)[:, 1:]
    assert shocks.std(axis=1) == pytest.approx(np.ones(6), abs=0.06)
    between = (shocks @ shocks.T / shocks.shape[1])[np.triu_indices(6, 1)]
    assert between == pytest.approx(np.full(15, 0.36), abs=0.06)
    assert abs(np.mean(shocks[:, 1:] * shocks[:, :-1])) < 0.02


@pytest.mark.honesty("T4", red=True)
def test_a_forecaster_that_sees_tomorrows_move_beats_the_truth_and_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, "volatility", "log_r2_1", later)
    found = null_check()
    assert not found.quiet
    assert found.skill[1] > 0.05


@pytest.mark.honesty("T4", red=True)
def test_a_feature_that_sees_tomorrows_return_calls_its_direction_and_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, "returns", "return_1", later)
    found = null_check()
    assert not found.quiet
    assert found.hits[1] > 0.9
