import threading

import pytest

from forecasting.service.coalesce import Coalesced, Newest
from tests.support.waiting import PATIENCE_S


def test_calls_while_the_job_runs_make_it_run_once_more() -> None:
    runs: list[int] = []
    inside, go_on = threading.Event(), threading.Event()

    def job() -> None:
        runs.append(len(runs))
        inside.set()
        go_on.wait(PATIENCE_S)

    coalesced = Coalesced(job)
    first = threading.Thread(target=coalesced)
    first.start()
    inside.wait(PATIENCE_S)
    for _ in range(5):
        coalesced()
    go_on.set()
    first.join()
    assert runs == [0, 1]
    assert not coalesced.again_if_running()


def test_a_job_that_raises_can_be_run_again() -> None:
    outcomes = [ValueError("once"), None]

    def job() -> None:
        if (error := outcomes.pop(0)) is not None:
            raise error

    coalesced = Coalesced(job)
    with pytest.raises(ValueError, match="once"):
        coalesced()
    coalesced()
    assert outcomes == []


def test_ten_thousand_values_in_ten_seconds_are_forty_one_batches_of_the_newest() -> None:
    now = 0.0
    newest: Newest[str, int] = Newest(0.25, monotonic=lambda: now)
    batches = []
    for i in range(10_001):          # one a millisecond, of three keys in turn
        now = i / 1000.0
        newest.put("abc"[i % 3], i)
        if batch := newest.take():
            batches.append((now, batch))
    assert len(batches) == 41        # at 0, 0.25, .., 10 s: four a second
    assert batches[0] == (0.0, {"a": 0})
    assert batches[-1] == (10.0, {"b": 10_000, "c": 9_998, "a": 9_999})


def test_an_early_batch_is_refused_loses_nothing_and_says_how_long_to_wait() -> None:
    now = 5.0
    newest: Newest[str, int] = Newest(0.25, monotonic=lambda: now)
    assert (newest.pause_s(), newest.take()) == (0.0, {})        # an empty one costs no time
    newest.put("a", 1)
    assert newest.take() == {"a": 1}
    newest.put("a", 2)
    now = 5.125
    assert (newest.take(), newest.pause_s()) == ({}, 0.125)
    now = 5.25
    assert newest.take() == {"a": 2}


def test_waiting_ends_with_a_value_or_a_wake() -> None:
    newest: Newest[str, int] = Newest(0.25)
    newest.put("a", 1)
    newest.wait(None)
    newest.wake()
    newest.wait(None)
    newest.wait(0.0)         # nothing more: returns when its time is over
