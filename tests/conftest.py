"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import signal

import pytest
from hypothesis import settings

# Busy cores make single examples slow; what a test costs in all is the time-out's business.
settings.register_profile("tapecast", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("tapecast")

# The same sums in the same order whatever the machine: numpy and torch read these when they are first imported.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")

# Yahoo is a server of the tests' own, reached as a proxy: libcurl would go past it for the hosts named here.
for name in ("NO_PROXY", "no_proxy"):
    os.environ.pop(name, None)

# What a script runs in its background is deaf to ^C, and so would be every process that a test starts to press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave what all tests import out of every collection, and collect seldom: apps that end leave much at once.

    Looking through half a million live objects time and again was a quarter of the screen's tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
