"""No fold trains on what its test span tells (T3)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.evaluation.splits import Fold, WalkForward


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
    for fold in folds:
        label_end = fold.train[-1] + horizon
        assert label_end == fold.cut
        assert label_end + embargo < fold.test.start
    assert [t for f in folds for t in f.test] == list(range(train, n_bars))
    assert all(len(b.train) - len(a.train) == test for a, b in pairwise(folds))


@pytest.mark.parametrize("rule", [(6, 0, 1, 0), (6, 2, 0, 0), (6, 2, 1, -1), (6, 2, 3, 3)])
def test_a_rule_that_leaves_nothing_is_refused(rule: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no bar is left"):
        WalkForward(*rule)
