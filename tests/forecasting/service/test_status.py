"""Job lines: what a running job says of the time it still takes."""

from __future__ import annotations

import pytest

from forecasting.service.status import Statuses


def test_a_training_tells_no_time_left_while_only_its_quick_models_are_fitted() -> None:
    moments = iter((0.0, 2.0, 4.0, 6.0, 10.0))
    statuses = Statuses(monotonic=lambda: next(moments))
    statuses.begin("train", "starting")
    told = []
    for fraction in (0.0, 0.01, 0.05, 0.25):
        statuses.step("train", "epoch", fraction)
        told.append(statuses.lines()[0].eta_s)
    assert told[:2] == [None, None]
    assert told[2:] == pytest.approx([47.5, 15.0])
