"""Jobs between the loop and threads: where they run, what their failures come to, and what the end does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from forecasting.service.carrier import Carrier
from tests.support.waiting import PATIENCE_S, soon


def in_thread(job: Callable[[], None]) -> None:
    threading.Thread(target=job).start()


def broken() -> None:
    raise ValueError("no disk")


@pytest.fixture
async def carried() -> tuple[Carrier, list[Exception]]:
    failures: list[Exception] = []
    carrier = Carrier(failures.append)
    carrier.begin(in_thread)
    return carrier, failures


async def test_a_job_runs_in_a_thread_and_a_call_on_the_loop(carried: tuple[Carrier, list[Exception]]) -> None:
    carrier, failures = carried
    where: list[threading.Thread] = []
    carrier.in_background(lambda: where.append(threading.current_thread()))
    await soon(lambda: where)
    in_thread(lambda: carrier.on_loop(lambda: where.append(threading.current_thread())))
    await soon(lambda: len(where) == 2)
    assert (where[0] is threading.main_thread(), where[1] is threading.main_thread(), failures) == (False, True, [])


async def test_a_job_that_is_waited_for_leaves_the_loop_free(carried: tuple[Carrier, list[Exception]]) -> None:
    carrier, failures = carried
    free = threading.Event()
    waiting = asyncio.create_task(carrier.in_thread(lambda: assert_set(free)))
    await asyncio.sleep(0)
    free.set()                    # only a loop that is free gets here
    await waiting
    assert failures == []


def assert_set(event: threading.Event) -> None:
    if not event.wait(PATIENCE_S):
        raise TimeoutError


async def test_a_failure_is_told_and_the_wait_ends(carried: tuple[Carrier, list[Exception]]) -> None:
    carrier, failures = carried
    await carrier.in_thread(broken)
    carrier.in_background(broken)
    await soon(lambda: [str(error) for error in failures] == ["no disk", "no disk"])


async def test_after_the_end_nothing_begins_and_nothing_is_told(carried: tuple[Carrier, list[Exception]]) -> None:
    carrier, failures = carried
    begun: list[str] = []
    carrier.on_loop(lambda: begun.append("call"))      # is there before the end, and comes after it
    carrier.end()
    carrier.in_background(lambda: begun.append("job"))
    await carrier.in_thread(broken)
    await asyncio.sleep(0)
    assert (begun, failures) == ([], [])


async def test_before_the_beginning_nothing_is_carried() -> None:
    failures: list[Exception] = []
    begun: list[str] = []
    Carrier(failures.append).on_loop(lambda: begun.append("call"))
    await asyncio.sleep(0)
    assert begun == []
