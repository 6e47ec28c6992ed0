from __future__ import annotations

import json

import numpy as np
import pytest

from forecasting.errors import CheckpointError, NotEnoughHistory
from forecasting.features.scaling import CLIP, Scaler, Scaling

ROWS = np.random.default_rng(0).normal([3.0, -2.0], [2.0, 0.1], (500, 2))


def test_z_scores_have_mean_zero_and_sd_one() -> None:
    z = Scaler.fit(ROWS).transform(ROWS)
    assert z.mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-12)
    assert z.std(axis=0) == pytest.approx([1.0, 1.0])


def test_min_max_lays_training_rows_between_0_and_1() -> None:
    scaled = Scaler.fit(ROWS, Scaling.MIN_MAX).transform(ROWS)
    assert scaled.min(axis=0).tolist() == [0.0, 0.0]
    assert scaled.max(axis=0).tolist() == [1.0, 1.0]


def test_log_return_scaling_leaves_values_inside_five_sd_as_they_are() -> None:
    assert np.array_equal(Scaler.fit(ROWS, Scaling.LOG_RETURN).transform(ROWS), ROWS)


@pytest.mark.parametrize("kind", Scaling)
def test_nothing_lies_further_than_five_training_sd_from_the_training_mean(kind: Scaling) -> None:
    scaler = Scaler.fit(ROWS, kind)
    far = scaler.transform(np.array([[1e9, -1e9], [3.0, -2.0]]))
    edge = scaler.transform(np.array([ROWS.mean(axis=0) + [CLIP, -CLIP] * ROWS.std(axis=0)]))
    assert far[0] == pytest.approx(edge[0])


@pytest.mark.parametrize("kind", Scaling)
def test_nan_stays_nan_and_does_not_enter_the_fit(kind: Scaling) -> None:
    hole = np.array([[np.nan, 1e6]])
    scaler = Scaler.fit(np.concatenate([ROWS, hole]), kind)
    assert scaler.to_dict() == Scaler.fit(ROWS, kind).to_dict()
    assert np.isnan(scaler.transform(hole)).tolist() == [[True, False]]


def test_a_scaler_keeps_what_it_learned_in_training() -> None:
    scaler = Scaler.fit(np.array([[0.0], [2.0]]))
    assert scaler.transform(np.array([[[4.0]], [[1.0]]])).tolist() == [[[3.0]], [[0.0]]]


@pytest.mark.parametrize("kind", Scaling)
def test_a_column_that_never_moved_in_training_says_nothing(kind: Scaling) -> None:
    scaler = Scaler.fit(np.full((30, 1), 0.1), kind)
    low, high = scaler.transform(np.array([[-7.0], [7.0]]))
    assert low == high
    assert abs(low[0]) <= 0.1


@pytest.mark.parametrize("kind", Scaling)
def test_a_checkpoint_gives_the_same_bits_back(kind: Scaling) -> None:
    scaler = Scaler.fit(ROWS, kind)
    again = Scaler.from_dict(json.loads(json.dumps(scaler.to_dict())))
    assert again.transform(ROWS).tobytes() == scaler.transform(ROWS).tobytes()


@pytest.mark.parametrize(
    "damage",
    [{"kind": "softmax"}, {"spread": [0.0, 1.0]}, {"low": [1.0]}, {"high": ["x", 1.0]}, {"centre": [np.nan, 0.0]}],
)
def test_a_damaged_scaler_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match=r"scaler of a checkpoint: .*train the model again"):
        Scaler.from_dict({**Scaler.fit(ROWS).to_dict(), **damage})


def test_no_complete_rows_cannot_be_scaled() -> None:
    with pytest.raises(NotEnoughHistory, match="0 complete rows of features, needs 2"):
        Scaler.fit(np.full((5, 2), np.nan))
