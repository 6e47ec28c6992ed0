"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# Busy cores make single examples slow; what a test costs in all is the time-out's business.
settings.register_profile("tapecast", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("tapecast")

# The same sums in the same order whatever the machine: numpy and torch read these when they are first imported.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
