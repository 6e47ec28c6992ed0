"""How many threads the numeric libraries may use: one."""

from __future__ import annotations

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Environment to set before numpy or torch is first imported.

On busy cores BLAS threads wait for each other: HAR-t's fit took 0.4 s with one and 2.5 s with two. And sums that are
always added in the same order give the same bytes.
"""
