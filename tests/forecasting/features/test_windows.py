from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.features.windows import chunks, windows


def mask(text: str) -> np.ndarray:
    return np.array([[c == "x" for c in line] for line in text.split()])


def test_chunks_overlap_by_the_burn_in_and_answer_for_each_row_once() -> None:
    cut = chunks(mask("xxxxxxxx"), length=4, burn_in=2)
    assert cut.symbols.tolist() == [0, 0, 0]
    assert cut.rows.tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]
    assert cut.loss.tolist() == [[True] * 4, [False, False, True, True], [False, False, True, True]]


def test_days_without_a_bar_leave_no_hole_in_a_chunk() -> None:
    cut = chunks(mask("..x.xx.x"), length=4, burn_in=1)
    assert cut.rows.tolist() == [[2, 4, 5, 7]]


def test_a_chunk_that_is_not_full_repeats_its_last_row_without_a_loss() -> None:
    cut = chunks(mask("xxxxx ....x ....."), length=4, burn_in=1)
    assert cut.symbols.tolist() == [0, 0, 1]
    assert cut.rows.tolist() == [[0, 1, 2, 3], [3, 4, 4, 4], [4, 4, 4, 4]]
    assert cut.loss[1:].tolist() == [[False, True, False, False], [True, False, False, False]]


def test_without_any_valid_row_there_are_no_chunks() -> None:
    cut = chunks(mask("... ..."), length=4, burn_in=1)
    assert (cut.symbols.shape, cut.rows.shape, cut.loss.shape) == ((0,), (0, 4), (0, 4))


valid_masks = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.booleans(), min_size=40, max_size=40), min_size=n, max_size=n)
)


@given(valid_masks, st.integers(1, 12), st.data())
def test_every_valid_row_is_a_loss_row_exactly_once(valid: list[list[bool]], length: int, data: st.DataObject) -> None:
    cut = chunks(np.array(valid), length=length, burn_in=data.draw(st.integers(0, length - 1)))
    count = np.zeros((len(valid), 40), dtype=int)
    np.add.at(count, (np.repeat(cut.symbols, length)[cut.loss.ravel()], cut.rows[cut.loss]), 1)
    assert np.array_equal(count, np.array(valid).astype(int))
    assert (np.diff(cut.rows, axis=1) >= 0).all()
    assert np.array(valid)[cut.symbols[:, None], cut.rows].all()
    assert cut.loss.any(axis=1).all(), "no chunk is idle"


@given(valid_masks, st.integers(0, 40))
def test_later_rows_never_move_an_earlier_chunk(valid: list[list[bool]], cut: int) -> None:
    whole, early = np.array(valid), np.array(valid)
    early[:, cut:] = False
    for symbol in range(len(whole)):
        before, after = (chunks(v[symbol : symbol + 1], length=8, burn_in=3) for v in (early, whole))
        full = before.loss[:, -1]
        assert np.array_equal(before.rows[full], after.rows[: len(before.rows)][full])


def test_a_burn_in_as_long_as_the_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="chunks of 4 rows cannot burn in for 4"):
        chunks(mask("xxxx"), length=4, burn_in=4)


def test_windows_slide_by_one_row_over_valid_rows_only() -> None:
    symbols, rows = windows(mask("xx.xx .xx.. x.x.x"), 3)
    assert symbols.tolist() == [0, 0, 2]
    assert rows.tolist() == [[0, 1, 3], [1, 3, 4], [0, 2, 4]]


@given(valid_masks, st.integers(1, 50))
def test_each_row_with_enough_rows_behind_it_ends_one_window(valid: list[list[bool]], lookback: int) -> None:
    symbols, rows = windows(np.array(valid), lookback)
    assert rows.shape == (len(symbols), lookback)
    ends = {(int(s), int(r)) for s, r in zip(symbols, rows[:, -1], strict=True)}
    own = [np.flatnonzero(v)[lookback - 1 :] for v in np.array(valid)]
    assert ends == {(n, int(t)) for n, rows_ in enumerate(own) for t in rows_}
    assert len(ends) == len(symbols)


def test_a_lookback_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a lookback is at least 1, got 0"):
        windows(mask("xx"), 0)
