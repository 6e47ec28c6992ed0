"""What may be said of a record."""

from __future__ import annotations

from math import nan

import pytest

from forecasting.domain.forecast import is_shown_skill


@pytest.mark.parametrize(
    ("low", "shown"), [(0.02, True), (0.0006, True), (0.0004, False), (0.0, False), (-0.01, False), (nan, False)]
)
def test_a_skill_that_is_written_as_zero_is_not_called_one(low: float, shown: bool) -> None:
    assert is_shown_skill(low) is shown
    assert (f"{100 * low:.1f}" not in ("0.0", "-0.0", "nan") and low > 0) is shown


def test_without_an_interval_no_skill_is_shown() -> None:
    assert not is_shown_skill(None)
