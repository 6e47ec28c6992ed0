"""No label reaches across the cut, nor from training into validation (T3)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.models.reading import purged_split, scaled_targets
from tests.support.panels import garch_t_returns, panel_from_returns

N_SESSIONS = 420
PANEL = panel_from_returns(garch_t_returns(3, N_SESSIONS, seed=1))


@pytest.mark.honesty("T3")
@given(cut=st.integers(20, N_SESSIONS - 1))
def test_no_training_target_ends_after_the_cut(cut: int) -> None:
    read = np.isfinite(scaled_targets(PANEL, cut))
    assert PANEL.target_ends[read].max(initial=0) <= cut


@pytest.mark.honesty("T3")
@given(cut=st.integers(100, N_SESSIONS - 1), share=st.floats(0.05, 0.5))
def test_no_training_target_ends_where_validation_begins(cut: int, share: float) -> None:
    training, validation = (np.isfinite(z) for z in purged_split(PANEL, cut, validation_share=share))
    first_validated = np.argwhere(validation.any(axis=(0, 2)))[0, 0]
    assert PANEL.target_ends[training].max() < first_validated
    assert PANEL.target_ends[validation].max() <= cut
