"""The time left is told when enough is done to tell it, and at the pace the work has now."""

from __future__ import annotations

import pytest

from forecasting.domain.time_left import Marks, marked, seconds_left


def _heard(*steps: tuple[float, float]) -> Marks:
    marks: Marks = ()
    for share, at in steps:
        marks = marked(marks, share, at)
    return marks


def test_an_even_pace_is_carried_on() -> None:
    assert seconds_left(_heard((0.0, 0.0), (0.1, 10.0), (0.25, 25.0))) == pytest.approx(75.0)


@pytest.mark.parametrize("steps", [
    (),
    ((0.0, 0.0),),
    ((0.0, 0.0), (0.01, 5.0)),       # at this pace it would be eight minutes; it is the reading of files
    ((0.0, 0.0), (0.25, 0.5)),       # half a second is no pace
    ((0.6, 0.0), (0.6, 9.0)),        # joined late, and nothing done since
])
def test_nothing_is_told_before_there_is_a_pace(steps: tuple[tuple[float, float], ...]) -> None:
    assert seconds_left(_heard(*steps)) is None


def test_slow_first_steps_are_forgotten() -> None:
    marks = _heard((0.0, 0.0), (0.01, 60.0), (0.05, 64.0), (0.11, 70.0))
    assert seconds_left(marks) == pytest.approx(89.0)       # one hundredth a second; since the beginning: 566 s


def test_a_new_stage_has_a_pace_of_its_own() -> None:
    marks = _heard((0.0, 0.0), (1.0, 2.0), (0.0, 100.0))
    assert seconds_left(marks) is None
    assert seconds_left(marked(marks, 0.5, 110.0)) == pytest.approx(10.0)


def test_what_is_done_has_nothing_left() -> None:
    assert seconds_left(_heard((0.0, 0.0), (1.0, 0.1))) == 0.0
