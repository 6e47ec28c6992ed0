"""Putting a copy in the place of a store, and giving a store's free pages back to the disk."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from forecasting.data.store import gate
from forecasting.data.store.backup import back_up, set_aside
from forecasting.data.store.database import connect, mapped, patiently, suspicion
from forecasting.data.store.examination import examine, reading
from forecasting.data.store.opening import prepare
from forecasting.errors import StoreCorrupt


def restore(path: Path, copy: Path, now: datetime) -> Path | None:
    """Put a copy of the store file `copy` at `path`; returns the name under which what was there is kept.

    Raises:
        StoreError: If `copy` is no whole store of a known schema, or somebody has the store at `path` open;
            that one is as it was then.
    """
    found = examine(copy)
    if not found.ok:
        problem = (found.ledger_problem, *found.problems)[0 if found.ledger_problem else 1]
        raise StoreCorrupt(f"{copy}: damaged ({problem}); save what can be read with: tapecast store check"
                           f" --store {copy} --salvage")
    waiting = path.with_name(path.name + ".restoring")
    with mapped(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with reading(copy) as source:
            back_up(source, waiting)
        try:
            with gate.alone(path):
                kept = set_aside(path, "replaced", now) if path.exists() else None
                waiting.replace(path)
                suspicion(path).unlink(missing_ok=True)
        finally:
            waiting.unlink(missing_ok=True)
    prepare(path, now)      # which migrates it where it is older
    return kept


def vacuum(path: Path) -> tuple[int, int]:
    """Write the store anew without its free pages; returns its bytes before and after.

    Others may read meanwhile, and writers wait. It needs as much free disk as the store is large.

    Raises:
        StoreError: If the store cannot be written, or others do not let go of it.
    """
    with mapped(path), closing(connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = path.stat().st_size
        patiently(lambda: connection.execute("VACUUM"))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before, path.stat().st_size
