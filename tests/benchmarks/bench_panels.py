"""`tapecast evaluate` on shapes of panels nobody has run: seconds, memory, skill and coverage.

50 tickers over ten years, 160 through the crash of 2008 and 500 over five years, all simulated (the crash's market is
the real S&P 500's). Each is written to a folder as CSV and evaluated by the command itself, one after another, with
its own defaults. Memory is that of all its processes together at the worst moment; what they share counts for each.
Of simulated stocks coverage and cost tell something, skill little: their volatility is GARCH's own.

`python -m tests.benchmarks.bench_panels NAME` runs one of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from forecasting.domain.market import BarSeries
from tests.support.bench_process import children, cpu_seconds, resident_mb
from tests.support.desk import write_csv
from tests.support.synthetic_panels import crash_panel, factor_panel

MODEL, RAW = "ensemble", "ensemble-raw"
MODELS = (MODEL, RAW, "har", "garch-t", "ewma-t", "ewma")
NEAR = 0.03                # a ticker's 80 % coverage is near if it is this close to .8
_EVERY_S = 0.25


class Shape(NamedTuple):
    """One panel and the span it is tested on; what lies before trains."""

    make: Callable[..., list[BarSeries]]
    symbols: int
    first: date
    last: date
    test_start: date


SHAPES = {
    "50x10y": Shape(factor_panel, 50, date(2001, 1, 2), date(2010, 12, 31), date(2007, 1, 3)),
    "crash": Shape(crash_panel, 160, date(2005, 1, 3), date(2010, 12, 31), date(2007, 7, 2)),
    "500x5y": Shape(factor_panel, 500, date(2006, 1, 3), date(2010, 12, 31), date(2009, 1, 2)),
}


def run(runs: int = 1) -> dict[str, Any]:
    """Evaluate every shape, `runs` times over with different noise."""
    return {f"{name}, seed {seed}": measure(SHAPES[name], seed) for seed in range(runs) for name in SHAPES}


def measure(shape: Shape, seed: int = 0, models: Sequence[str] = MODELS) -> dict[str, Any]:
    """Write the panel, evaluate it, and read what the command says."""
    with TemporaryDirectory() as name:
        folder, answer = Path(name), Path(name) / "answer.json"
        series = shape.make(shape.symbols, shape.first, shape.last, seed=seed)
        write_csv(folder / "csv", series)
        command = [
            sys.executable, "-m", "tui", "--csv-dir", folder / "csv", "--data-dir", folder / "data", "evaluate",
            "--test-start", shape.test_start, "--models", ",".join(models), "--json", answer,
        ]
        cost = _watched([str(word) for word in command])
        told = json.loads(answer.read_text())
    return {
        "symbols": shape.symbols, "sessions": len(series[0].bars), "test_start": str(shape.test_start),
        "fits": len(told["protocol"]["fits_see_until"]), **cost, "seconds_by_model": told["seconds"],
        "share_of_tickers_near_80": near(told["per_ticker"]),
        **{f"{r['model']} h={r['horizon']}": _row(r) for r in told["rows"] if r["model"] in (MODEL, RAW)},
    }


def near(tickers: Sequence[Mapping[str, Any]], horizon: int = 1) -> float:
    """Share of tickers whose 80 % band has held 80 % of outcomes, within three points; of the ensemble as issued."""
    shares: list[float] = [t["coverage_80"] for t in tickers if t["model"] == MODEL and t["horizon"] == horizon]
    return sum(abs(share - 0.8) <= NEAR for share in shares) / len(shares)


def _row(row: Mapping[str, Any]) -> dict[str, float | int | None]:
    figures = {
        "skill_vs_ewma": row["skill_vs_ewma"], "dm_t_vs_garch_t": row["dm_t_vs_garch_t"],
        "dm_t_vs_har": row["dm_t_vs_har"], "coverage_80": row["coverage_80"], "coverage_95": row["coverage_95"],
    }
    return {"n_days": row["n_days"], **{name: x if x is None else round(x, 4) for name, x in figures.items()}}


def _watched(command: Sequence[str]) -> dict[str, float]:
    """Run to the end; wall and processor seconds, and the most memory that it and its children had together."""
    began, peak, spent = time.perf_counter(), 0.0, {0: 0.0}
    with subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}) as program:
        while program.poll() is None:
            peak = max(peak, _look(program.pid, spent))
            time.sleep(_EVERY_S)
    if program.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {program.returncode}")
    wall = time.perf_counter() - began
    return {"wall_s": round(wall, 1), "cpu_s": round(sum(spent.values()), 1), "peak_rss_mb": round(peak)}


def _look(pid: int, spent: dict[int, float]) -> float:
    """Resident MB of `pid` and its children now; their processor seconds go into `spent`."""
    total = 0.0
    for one in (pid, *children(pid)):
        try:
            spent[one] = cpu_seconds(one)
            total += resident_mb(one)
        except (OSError, StopIteration):      # it has ended meanwhile
            continue
    return total


if __name__ == "__main__":
    print(json.dumps({name: measure(SHAPES[name]) for name in sys.argv[1:]}, indent=2))
