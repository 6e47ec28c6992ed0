from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from forecasting.features.matrix import bar_matrix
from forecasting.features.pipeline import build_panel
from forecasting.features.targets import forward_returns
from tests.support.bars import make_series, random_walk_series

DOUBLING = [2.0**k for k in range(15)]


def test_a_target_is_the_log_return_so_many_bars_ahead() -> None:
    targets, ends = forward_returns(bar_matrix([make_series("A", DOUBLING)]))
    assert targets[0, 0] == pytest.approx([h * math.log(2) for h in range(1, 11)])
    assert ends[0, 3].tolist() == list(range(4, 14))


def test_a_target_that_has_not_come_true_is_unknown() -> None:
    targets, ends = forward_returns(bar_matrix([make_series("A", DOUBLING)]))
    assert np.isfinite(targets[0, 12]).tolist() == [True, True] + [False] * 8
    assert ends[0, 12].tolist() == [13, 14] + [15] * 8
    assert np.isnan(targets[0, 14]).all()


def test_a_history_shorter_than_the_horizons_has_what_targets_it_can() -> None:
    targets, _ = forward_returns(bar_matrix([make_series("A", DOUBLING[:3])]))
    assert np.isfinite(targets[0]).sum(axis=1).tolist() == [2, 1, 0]


def test_targets_count_the_symbols_own_bars_and_not_sessions() -> None:
    full = make_series("A", DOUBLING)
    holey = replace(make_series("B", DOUBLING), bars=tuple(b for b in make_series("B", DOUBLING).bars[:6:2]))
    targets, ends = forward_returns(bar_matrix([full, holey]))
    assert targets[1, 0, :2] == pytest.approx([math.log(4), math.log(16)])
    assert ends[1, 0, :3].tolist() == [2, 4, 15]
    assert np.isnan(targets[1, 1]).all(), "no bar, no target"


def test_targets_are_total_returns() -> None:
    series = make_series("A", [100.0, 50.0], adj_closes=[49.0, 50.0])   # a split and a dividend
    targets, _ = forward_returns(bar_matrix([series]))
    assert targets[0, 0, 0] == pytest.approx(math.log(50 / 49))


def test_a_fit_sees_only_targets_that_came_true_by_its_cut() -> None:
    panel = build_panel([random_walk_series("A", 100)])
    seen = panel.targets_until(80)[0]
    assert np.isfinite(seen[70]).all()
    assert np.isfinite(seen[75]).tolist() == [True] * 5 + [False] * 5
    assert np.isnan(seen[80:]).all()
