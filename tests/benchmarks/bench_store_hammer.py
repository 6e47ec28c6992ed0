"""Two writers and one reader on one store, for `--seconds`: what they wrote, and what of it is there afterwards.

Each writer puts bars, appends a forecast, settles it, counts a trial and replaces a history that the other replaces as
well; the reader looks for halves of two histories and for a ledger that shrinks. Every row is acknowledged on standard
output once its call has returned; `lost` and `complaints` must be 0.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.bench_figures import Figures
from tests.support.store_ordeal import hammer, look


def run(seconds: int = 60) -> Figures:
    """Hammer for `seconds`, then look."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        told, complaints = hammer(path, seconds=seconds)
        found = look(path, told)
        size = path.stat().st_size
    return {
        "seconds": seconds,
        "acknowledged_rows": found.acknowledged,
        "rows_per_second": round(found.acknowledged / seconds, 1),
        "reads": told.reads,
        "ledger_entries_verified": found.ledger,
        "lost": found.lost,
        "complaints": len(complaints),
        "problems": len(found.problems),
        "first_problem": next(iter([*complaints, *found.problems]), None),
        "store_mb": round(size / 1e6, 1),
    }
