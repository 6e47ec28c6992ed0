"""Our LSTM against neuralforecast's of the same size, same inputs and same rows: seconds of fitting, and pinball loss.

neuralforecast is no dependency. NEURALFORECAST_PYTHON names an interpreter that has it (`python -m venv X; X/bin/pip
install neuralforecast`); without one, or without the real bars, there is nothing to measure. Both read our features,
are fitted on sessions until the end of 2013 and forecast the next session's return on each of 2014's, at our levels.
Its fit is timed at several numbers of steps, since by default it has no rule for when to end.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from forecasting.domain.forecast import LEVELS
from forecasting.features.panel import Panel
from forecasting.features.pipeline import build_panel
from tests.benchmarks.neuralforecast_lstm import pinball
from tests.support.bars import STOCKNET, stocknet
from tests.support.bench_figures import Figures

TRAIN_END, TEST_END = date(2013, 12, 31), date(2014, 12, 31)
FITS = ((100, 1e-3), (300, 1e-3), (300, 1e-4), (1_000, 1e-4))
"""Steps and learning rates of theirs; 1e-3 is its default."""

_THEIRS = Path(__file__).with_name("neuralforecast_lstm.py")


def run(runs: int = 1) -> dict[str, Figures]:
    """Fit both; `runs` is the number of seeds of ours."""
    interpreter = os.environ.get("NEURALFORECAST_PYTHON")
    if interpreter is None or not STOCKNET.is_dir():
        return {"skipped": {"reason": "needs NEURALFORECAST_PYTHON and the real bars"}}
    panel = build_panel(stocknet())
    cut, last = panel.index_of(TRAIN_END), panel.index_of(TEST_END)
    whole = np.flatnonzero(panel.valid[:, 67 : last + 1].all(axis=1))        # it knows no gaps
    found: dict[str, Figures] = {"ewma": _ours("ewma", panel, whole, cut, last, 0)}
    found |= {f"ours_seed_{i}": _ours("lstm", panel, whole, cut, last, i) for i in range(runs)}
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.npz"
        np.savez(
            rows, features=panel.features[whole, 67 : last + 1], returns=100.0 * panel.returns[whole, 67 : last + 1],
            test=last - cut, levels=LEVELS,
        )
        for steps, rate in FITS:
            command = [interpreter, str(_THEIRS), str(rows), str(steps), str(rate)]
            ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[f"neuralforecast_{steps}_steps_at_{rate}"] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _ours(name: str, panel: Panel, whole: Any, cut: int, last: int, seed: int) -> Figures:
    from forecasting.models.registry import create

    model = create(name)      # imports torch, as theirs was before its clock runs
    began, cpu = time.perf_counter(), time.process_time()
    fitted = model.fit(panel, cut=cut, seed=seed)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    told = 100.0 * fitted.predict(panel, range(cut, last)).log_returns[whole, :, 0]
    actual = 100.0 * panel.targets[whole, cut:last, 0]
    return {"fit_s": round(wall, 2), "fit_cpu_s": round(cpu, 2), **pinball(told, actual, np.array(LEVELS))}
