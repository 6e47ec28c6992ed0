"""The published movement protocol: the published sample counts, and no input that comes after its label's eve."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecasting.domain.market import BarSeries
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation import feng2019
from forecasting.evaluation.feng2019 import RULES, Samples, run, samples
from tests.support.bars import make_series, random_walk_series, stocknet, weekdays

DAYS = weekdays(160)


def walks(count: int = 6, *, pull: float = 0.0) -> list[BarSeries]:
    """Walks over DAYS; `pull` takes that share of each move back in the next."""
    rng = np.random.default_rng(4)
    found = []
    for i in range(count):
        shocks = rng.normal(0.0, 0.012, len(DAYS))
        moves = shocks - pull * np.roll(shocks, 1)
        found.append(make_series(f"W{i}", (50.0 * np.exp(np.cumsum(moves))).tolist(), sessions=DAYS))
    return found


def cut(series: list[BarSeries]) -> Samples:
    return samples(series, train_start=DAYS[0], valid_start=DAYS[100], test_start=DAYS[120])


def test_the_recorded_panel_has_the_published_counts() -> None:
    found = samples(
        stocknet(), train_start=date(2014, 1, 2), valid_start=date(2015, 8, 3), test_start=date(2015, 10, 1),
        test_end=date(2015, 12, 31), seq=5,
    )
    assert found.counts == {"train": 20315, "valid": 2555, "test": 3720}
    accuracy = {name: float((rule(found.test) == found.test.up).mean()) for name, rule in RULES.items()}
    assert accuracy["always-up"] == pytest.approx(0.5129, abs=5e-5)
    assert accuracy["reversal-10d"] == pytest.approx(0.5379, abs=5e-4)      # one sample of 3,720 apart


def test_a_move_counts_from_half_a_per_cent_down_and_a_little_more_up() -> None:
    closes = [100.0] * 36
    for move in (0.0055, 0.0054, -0.0050, -0.0049):
        closes += [closes[-1] * (1.0 + move + math.copysign(1e-9, move)), *[closes[-1] * (1.0 + move)] * 6]
    days = weekdays(len(closes))
    found = samples(
        [
            make_series("A", closes, sessions=days),
            random_walk_series("B", len(days), seed=1, daily_sd=0.05, start=days[0]),
        ],
        train_start=days[0], valid_start=days[45], test_start=days[55], seq=5,
    )
    parts = (found.train, found.valid, found.test)
    # Rows of A are those that show a flat day last.
    assert [bool(u) for p in parts for u, x in zip(p.up, p.inputs[:, -1, 4], strict=True) if x == 0.0] == [True, False]


def test_inputs_end_the_session_before_the_label() -> None:
    found, series = cut(walks()), walks()
    spoilt = [
        replace(s, bars=tuple(b if b.session < DAYS[150] else replace(b, open=1e6, high=1e6, low=1.0) for b in s.bars))
        for s in series
    ]
    again = cut(spoilt)
    until = found.test.day <= 150       # the label of day 150 itself shows days 145..149
    assert np.array_equal(found.test.inputs[until], again.test.inputs[again.test.day <= 150])
    assert not np.array_equal(found.test.inputs, again.test.inputs)


def test_the_eleven_inputs_by_hand() -> None:
    closes = [100.0 + i for i in range(40)]
    days = weekdays(40)
    table = feng2019._inputs(feng2019._prices([make_series("A", closes, sessions=days)], None)[1])
    last = table[0, -1]
    assert last[0] == pytest.approx(100 * (138 / 139 - 1))           # open is the close before
    assert last[3] == pytest.approx(100 * (139 / 138 - 1))
    assert last[5] == pytest.approx(100 * (137 / 139 - 1))           # mean of 135..139
    assert last[10] == pytest.approx(100 * (124.5 / 139 - 1))        # mean of 110..139
    assert np.isnan(table[0, 28]).any()
    assert np.isfinite(table[0, 29]).all()


def test_a_planted_reversal_is_found_by_rule_and_network_and_the_interval_says_so() -> None:
    scores = {s.model: s for s in run(cut(walks(12, pull=0.8)), seeds=2)}
    assert scores["reversal-1d"].accuracy.low > 0.55
    assert scores["lstm"].accuracy.skill_low > 0.0
    assert scores["alstm"].accuracy.value > 0.6
    assert scores["always-up"].mcc.value == 0.0
    assert scores["lstm"].seeds == 2


def test_a_walk_is_not_found() -> None:
    for score in run(cut(walks(12)), seeds=2):
        assert score.accuracy.low <= 0.5 <= score.accuracy.high or score.accuracy.skill_low <= 0.0


def test_dates_without_samples_are_named() -> None:
    with pytest.raises(NotEnoughHistory, match="samples in valid"):
        samples(walks(), train_start=DAYS[0], valid_start=DAYS[100], test_start=DAYS[101])
