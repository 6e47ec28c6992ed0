"""A process killed `--times` times at random moments while it writes: is every acknowledged row there afterwards?

Half of the kills hit the worker's own code (ticks from session to session over a recorded market, the walk-forward
backfill beside them), half a process of two lanes that does nothing but write. After each kill the store is opened
again, every row acknowledged since the first kill is looked for, the ledger's chain is checked entry by entry, and the
file page by page. `lost` and `problems` must be 0.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.bench_figures import Figures
from tests.support.desk import recorded, write_csv
from tests.support.store_ordeal import Acknowledged, Found, kill, look
from tests.support.store_writer import ENGINE_END

HISTORY_START = date(2003, 1, 2)
LONGEST_S = {"engine": 2.0, "work": 0.4}       # from the first row to the kill


def run(times: int = 200) -> Figures:
    """Kill `times` times."""
    began, moment = time.monotonic(), random.Random(7)
    found: dict[str, Found] = {}
    with TemporaryDirectory() as folder:
        for what, kills in (("engine", times // 2), ("work", times - times // 2)):
            data = Path(folder) / what
            write_csv_into(data)
            told = Acknowledged()
            for done in range(kills):
                kill(data / "store.db", told, what=what, after=moment, longest_s=LONGEST_S[what])
                found[what] = look(data / "store.db", told)
                if found[what].lost or found[what].problems:
                    break
                print(f"{what}: {done + 1} of {kills}, {found[what].acknowledged} rows", file=sys.stderr, flush=True)
    return {
        "kills": times,
        "acknowledged_rows": sum(f.acknowledged for f in found.values()),
        "ledger_entries_verified": sum(f.ledger for f in found.values()),
        "lost": sum(f.lost for f in found.values()),
        "problems": sum(len(f.problems) for f in found.values()),
        "first_problem": next((p for f in found.values() for p in f.problems), None),
        "seconds": round(time.monotonic() - began, 1),
    }


def write_csv_into(data: Path) -> None:
    """The market that the engine ticks through."""
    data.mkdir()
    write_csv(data / "csv", recorded(("AAA", "BBB", "CCC"), HISTORY_START, ENGINE_END))
