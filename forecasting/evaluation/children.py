"""Work on one panel spread over child processes, without a copy of the panel in each.

The panel's arrays are written to files once; every child maps them, so they are in memory once however many read them.
"""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from forecasting.errors import WorkerCrashed
from forecasting.features.panel import Panel

J = TypeVar("J")
R = TypeVar("R")

Plain = dict[str, Any]
"""A panel's fields that are no arrays."""

def in_children(run: Callable[[Panel, J], R], panel: Panel, jobs: Sequence[J], workers: int) -> Iterator[tuple[J, R]]:
    """`run(panel, job)` for each job, as they end; they start in order, one at a time in each of `workers` children.

    Raises:
        WorkerCrashed: If a child ended.
    """
    with (
        tempfile.TemporaryDirectory(prefix="tapecast-") as name,
        # Ctrl-C ends a child at once and without a traceback of its own; the parent says what happened.
        ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"),
            initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL),
        ) as pool,
    ):
        plain = save_arrays(panel, Path(name))
        pending: dict[Future[R], J] = {pool.submit(_run_mapped, run, Path(name), plain, job): job for job in jobs}
        try:
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(future), future.result()
        except BrokenProcessPool as error:
            raise WorkerCrashed("evaluate: a child process ended; was there enough memory for two?") from error
        finally:
            if pending:      # cancelled, or something failed: nobody waits for what still runs
                pool.shutdown(wait=False, cancel_futures=True)
                for child in multiprocessing.active_children():
                    child.terminate()


def save_arrays(panel: Panel, folder: Path) -> Plain:
    """Write a panel's arrays so that `mapped_panel` can map them; what else it holds."""
    plain: Plain = {}
    for field in fields(panel):
        value = getattr(panel, field.name)
        if isinstance(value, np.ndarray):
            np.save(folder / f"{field.name}.npy", value)
        else:
            plain[field.name] = value
    return plain


def mapped_panel(folder: Path, plain: Plain) -> Panel:
    """The panel of `plain` and the arrays in `folder`, which are read-only and mapped from the files."""
    arrays = {path.stem: np.asarray(np.load(path, mmap_mode="r")) for path in folder.glob("*.npy")}
    return Panel(**(plain | arrays))


def _run_mapped(run: Callable[[Panel, J], R], folder: Path, plain: Plain, job: J) -> R:
    return run(mapped_panel(folder, plain), job)
