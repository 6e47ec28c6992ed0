"""T4 and T5 through the whole pipeline: nothing is found where there is nothing, and what is planted is found.

A few markets here; `python -m tests.benchmarks null_control` runs thirty.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forecasting.domain.market import BarSeries
from forecasting.evaluation import leaks
from forecasting.evaluation.intervals import wilson
from forecasting.evaluation.leaks import future_check, null_check
from forecasting.features import fusion
from forecasting.features.fusion import Columns, Prepared
from forecasting.features.panel import FloatArray
from tests.benchmarks.bench_null_control import summary
from tests.support.bars import random_walk_series
from tests.support.controls import series_of
from tests.support.null_control import HORIZONS, SPREADS, Control, null_control

SEEDS = 4


@pytest.fixture(scope="module")
def controls() -> list[Control]:
    return [null_control(seed, symbols=8, sessions=620, networks=1) for seed in range(SEEDS)]


@pytest.mark.honesty("T4")
def test_no_badge_is_given_where_nothing_can_be_known(controls: list[Control]) -> None:
    assert [c.badges for c in controls] == [[]] * SEEDS
    records, supported = sum(c.records for c in controls), sum(c.supported for c in controls)
    assert records == SEEDS * 8 * 2 * 2        # tickers, rules, horizons
    assert wilson(supported, records)[0] <= 0.01, "more than one in a hundred, beyond luck"


@pytest.mark.honesty("T4")
def test_hit_rates_lie_within_their_intervals(controls: list[Control]) -> None:
    of = sum(len(c.scores) for c in controls)
    assert of == SEEDS * 4 * len(HORIZONS)
    # 95 of 100 each, but those of one market rise and fall together.
    assert sum(len(c.missed) for c in controls) <= 0.15 * of


@pytest.mark.honesty("T4")
def test_no_spread_is_better_than_the_true_one(controls: list[Control]) -> None:
    assert [c.skilled for c in controls] == [[]] * SEEDS
    for model in SPREADS:
        assert -0.02 < np.mean([c.skill[model][0] for c in controls]) < 0.0, model


def test_the_benchmark_counts_what_the_controls_found(controls: list[Control]) -> None:
    told = summary(controls)
    assert (told["seeds"], told["badges"]) == (SEEDS, {"of": SEEDS * 12, "false": 0})
    inside = sum(model["half_inside"] for model in told["hit_rate"].values())
    assert inside == SEEDS * 12 - sum(len(c.missed) for c in controls)
    assert all(skill["better_than_truth"] == 0 for skill in told["skill_vs_truth"].values())


def later(values: FloatArray) -> FloatArray:
    """Pandas' shift(-1)."""
    return np.concatenate([values[:, 1:], np.full_like(values[:, :1], np.nan)], axis=1)


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Lets one feature of a group see the next session."""

    def shift(group: str, column: str) -> None:
        honest = fusion.BAR_GROUPS[group]

        def leaky(data: Prepared) -> Columns:
            columns = honest(data)
            return {**columns, column: later(columns[column])}

        monkeypatch.setitem(fusion.BAR_GROUPS, group, leaky)

    return shift


@pytest.mark.honesty("T4", "T5", red=True)
def test_a_return_that_sees_tomorrow_wins_every_badge_of_who_reads_it(plant: Callable[[str, str], None]) -> None:
    plant("returns", "return_1")
    found = null_control(0, symbols=8, sessions=620, networks=1)
    assert {(s.model, s.horizon) for s in found.badges} >= {("probe", 1), ("probe", 5)}
    assert min(s.hit_rate.value for s in found.scores if (s.model, s.horizon) == ("probe", 1)) > 0.9
    assert wilson(found.supported, found.records)[0] > 0.1      # the probe's, not those of yesterday's move
    assert {s.model for s in found.missed} >= {"probe"}


@pytest.mark.honesty("T4", "T5", red=True)
def test_a_range_that_sees_tomorrow_beats_the_true_spread(plant: Callable[[str, str], None]) -> None:
    plant("volatility", "log_r2_1")
    found = null_control(0, symbols=8, sessions=620, networks=1)
    assert set(found.skilled) >= {"har", "ensemble"}
    assert found.skill["har"][1] > 0.05


@pytest.mark.honesty("T5")
def test_one_planted_shift_turns_both_checks_red(plant: Callable[[str, str], None]) -> None:
    bars = [random_walk_series(f"S{i}", 420, seed=i) for i in range(4)]
    assert future_check(bars, {}, cuts=3).changed == ()
    assert null_check().quiet
    plant("returns", "return_1")
    assert "feature return_1" in future_check(bars, {}, cuts=3).changed
    assert not null_check().quiet


@pytest.mark.honesty("T5")
@pytest.mark.parametrize("phi", [0.2, -0.2])
def test_a_planted_autoregression_is_found_by_a_fit_on_the_features(
    monkeypatch: pytest.MonkeyPatch, phi: float
) -> None:
    """r[t] = phi r[t-1] + shock. The same check finds nothing in the same market without it."""
    monkeypatch.setattr(leaks, "null_market", lambda seed, symbols, sessions: autoregression(symbols, sessions, phi))
    found = null_check()
    assert not found.quiet
    assert found.hits[1] > 0.52


@pytest.mark.honesty("T5", red=True)
def test_the_same_market_without_the_autoregression_has_nothing_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "null_market", lambda seed, symbols, sessions: autoregression(symbols, sessions, 0.0))
    assert null_check().hits[1] < 0.5


def autoregression(symbols: int, sessions: int, phi: float) -> tuple[list[BarSeries], FloatArray]:
    """Steady markets with nothing in common, and the true sd of each session's shock, shape (N, T)."""
    sd = 0.01
    returns = np.random.default_rng(8).normal(0.0, sd, (symbols, sessions))
    for t in range(1, sessions):
        returns[:, t] += phi * returns[:, t - 1]
    return series_of(returns), np.full(returns.shape, sd)
