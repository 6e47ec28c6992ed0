"""Where a fit for the newest bars may end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecasting.features.panel import WAITED_FOR, Panel
from tests.support.panels import garch_t_returns, panel_from_returns

N = 60


def ending(*silent: int) -> Panel:
    """One symbol for each of `silent`, its last bar so many sessions before the panel's end."""
    panel = panel_from_returns(garch_t_returns(len(silent), N))
    ends = np.array([[N - 1 - days] for days in silent])
    return replace(panel, traded=np.arange(N) <= ends)


@pytest.mark.parametrize(
    ("silent", "fit_to"),
    [
        ((0, 0), N - 2),                          # all have the newest bar
        ((0, 2), N - 4),                          # a weekend: the fit may not have seen the share's Friday
        ((0, WAITED_FOR.days), N - 2 - WAITED_FOR.days),
        ((0, WAITED_FOR.days + 1), N - 2),        # delisted: not waited for
        ((0, N), N - 2),                          # never traded
    ],
)
def test_a_fit_ends_before_the_newest_bar_of_every_symbol_that_is_waited_for(
    silent: tuple[int, ...], fit_to: int
) -> None:
    assert ending(*silent).fit_to == fit_to
