import threading

import pytest

from forecasting.service.coalesce import Coalesced


def test_calls_while_the_job_runs_make_it_run_once_more() -> None:
    runs: list[int] = []
    inside, go_on = threading.Event(), threading.Event()

    def job() -> None:
        runs.append(len(runs))
        inside.set()
        go_on.wait(5)

    coalesced = Coalesced(job)
    first = threading.Thread(target=coalesced)
    first.start()
    inside.wait(5)
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
