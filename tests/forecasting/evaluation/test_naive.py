"""Naive directions by hand, and without a look ahead."""

from __future__ import annotations

import numpy as np

from forecasting.evaluation.naive import RULES
from forecasting.features.pipeline import build_panel
from tests.support.bars import make_series

CLOSES = [100.0, 101.0, 102.0, 101.0, 101.0, *[100.0 - i for i in range(12)], 95.0]


def test_naive_rules_by_hand() -> None:
    panel = build_panel([make_series("A", CLOSES)])
    calls = {name: rule(panel)[0] for name, rule in RULES.items()}
    assert calls["always-up"].tolist() == [1.0] * 18
    assert calls["always-down"].tolist() == [0.0] * 18
    assert calls["reversal-1d"][:6].tolist() == [0.5, 0.0, 0.0, 1.0, 0.5, 1.0]
    assert calls["climatology"][:6].tolist() == [0.5, 1.0, 1.0, 1.0, 1.0, 0.5]      # + + - 0 -
    assert calls["momentum-10d"][[2, 9, 17]].tolist() == [1.0, 0.0, 0.0]     # 102, 96 and 95 against 100, 100, 98


def test_naive_rules_know_nothing_of_what_comes() -> None:
    whole, short = (build_panel([make_series("A", CLOSES[:n])]) for n in (18, 12))
    for name, rule in RULES.items():
        assert np.array_equal(rule(whole)[:, :12], rule(short)), name
