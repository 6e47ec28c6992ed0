"""No fold trains on what its test span tells (T3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.domain.forecast import HORIZONS
from forecasting.evaluation.splits import Fold, WalkForward
from forecasting.evaluation.walk_forward import Plan
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import build_panel
from tests.support.bars import random_walk_series


def keeps_apart(fold: Fold, horizon: int, embargo: int) -> bool:
    """label_end(train) + embargo < issue date(test), and the fit is told of no later bar than that label's."""
    label_end = fold.train[-1] + horizon
    return label_end <= fold.cut and fold.cut + embargo < fold.test.start


@pytest.mark.honesty("T3")
def test_purge_drops_the_bar_whose_target_lies_in_the_test_span() -> None:
    fold = next(WalkForward(train=6, test=2, horizon=1).split(n_bars=12))
    assert fold == Fold(train=range(5), test=range(6, 8), cut=5)


def test_an_embargo_leaves_further_bars_idle() -> None:
    fold = next(WalkForward(train=20, test=5, horizon=3, embargo=4).split(n_bars=22))
    assert fold == Fold(train=range(13), test=range(20, 22), cut=15)


@pytest.mark.honesty("T3")
@given(
    train=st.integers(20, 400), test=st.integers(1, 300), horizon=st.integers(1, 10), embargo=st.integers(0, 9),
    n_bars=st.integers(0, 1200),
)
def test_training_labels_and_embargo_end_before_the_first_forecast(
    train: int, test: int, horizon: int, embargo: int, n_bars: int
) -> None:
    folds = list(WalkForward(train, test, horizon, embargo).split(n_bars))
    assert all(fold.train[-1] + horizon == fold.cut for fold in folds)
    assert all(keeps_apart(fold, horizon, embargo) for fold in folds)
    assert [t for f in folds for t in f.test] == list(range(train, n_bars))
    assert all(len(b.train) - len(a.train) == test for a, b in pairwise(folds))


@pytest.mark.parametrize("rule", [(6, 0, 1, 0), (6, 2, 0, 0), (6, 2, 1, -1), (6, 2, 3, 3)])
def test_a_rule_that_leaves_nothing_is_refused(rule: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no bar is left"):
        WalkForward(*rule)


@pytest.mark.honesty("T3", red=True)
@pytest.mark.parametrize(
    "faulty",
    [
        pytest.param(lambda f: replace(f, train=range(f.train.stop + 1)), id="one label reaches past the cut"),
        pytest.param(lambda f: replace(f, cut=f.test.start), id="the fit sees the first session it forecasts"),
        pytest.param(lambda f: replace(f, test=range(f.cut + 1, f.test.stop)), id="no embargo"),
    ],
)
def test_a_fold_that_does_not_keep_apart_is_found(faulty: Callable[[Fold], Fold]) -> None:
    honest = next(WalkForward(train=60, test=20, horizon=5, embargo=3).split(80))
    assert keeps_apart(honest, 5, 3)
    assert not keeps_apart(faulty(honest), 5, 3)


def reach(panel: Panel, plan: Plan) -> int:
    """How many sessions the labels of a fit end before its first forecast is issued; the least over all folds."""
    ends = [panel.target_ends[np.isfinite(panel.targets_until(f.cut))].max() for f in plan.folds()]
    return int(min(f.test.start - end for f, end in zip(plan.folds(), ends, strict=True)))


@pytest.fixture
def holey() -> Panel:
    """One symbol trades on every session, the other on every third: its ten bars ahead are thirty sessions."""
    full, other = random_walk_series("A", 200), random_walk_series("B", 200, seed=1)
    return build_panel([full, replace(other, bars=other.bars[::3])])


@pytest.mark.honesty("T3")
@pytest.mark.parametrize("embargo", [0, 7])
def test_labels_of_symbols_with_days_off_end_before_the_first_forecast(holey: Panel, embargo: int) -> None:
    assert reach(holey, Plan((), 120, 199, refit_every=25, embargo=embargo)) == 1 + embargo


@pytest.mark.honesty("T3", red=True)
def test_a_purge_that_counts_sessions_and_not_bars_is_found(monkeypatch: pytest.MonkeyPatch, holey: Panel) -> None:
    def by_sessions(panel: Panel, cut: int) -> FloatArray:
        ends = np.arange(len(panel.sessions))[:, None] + np.array(HORIZONS)
        return np.where(ends <= cut, panel.targets, np.nan)

    monkeypatch.setattr(Panel, "targets_until", by_sessions)
    assert reach(holey, Plan((), 120, 199, refit_every=25)) < -15
