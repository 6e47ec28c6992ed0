"""The pool of threads that a screen's jobs run in."""

from __future__ import annotations

import threading

from forecasting.service.threads import full_pool


def test_all_threads_of_a_full_pool_run_before_there_is_work_for_them() -> None:
    before = threading.active_count()
    with full_pool(5) as pool:
        assert threading.active_count() == before + 5
        assert list(pool.map(abs, [-1, 2])) == [1, 2]
        assert threading.active_count() == before + 5
