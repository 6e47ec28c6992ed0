"""Seconds, epochs and memory of a cold fit, and of one forecast for every symbol, per model, each in its own process.

Cold means what a person waits for: from before the model's libraries are imported to a fitted model. Two panels: 12
simulated symbols over 2,400 bars, as in the demo, and the real panel of 88 symbols over 1,258 where it is at hand. CPU
seconds stand beside the wall's: on a busy machine only they compare.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from statistics import median

import numpy as np

from forecasting.domain.market import BarSeries
from forecasting.features.panel import Panel
from forecasting.features.pipeline import build_panel
from forecasting.models.base import Fitted
from tests.support.bars import STOCKNET, make_series, stocknet, weekdays
from tests.support.bench_figures import Figures

PANELS = ("simulated", "stocknet")


def run(runs: int = 1) -> dict[str, dict[str, Figures]]:
    """Measure every model on every panel `runs` times; medians of the seconds."""
    from forecasting.models.registry import NAMES

    present = [name for name in PANELS if name != "stocknet" or STOCKNET.is_dir()]
    return {panel: {model: _repeated(model, panel, runs) for model in NAMES} for panel in present}


def _repeated(model: str, panel: str, runs: int) -> Figures:
    found = [_in_own_process(model, panel) for _ in range(runs)]
    return {key: round(median(f[key] for f in found), 3) for key in found[0]}


def _in_own_process(model: str, panel: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_training", model, panel]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(command, env=one_thread, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(answer.stdout)
    return figures


def measure(model: str, panel: Panel) -> dict[str, float]:
    """Fit and forecast once, here."""
    started, cpu_started = time.perf_counter(), time.process_time()
    from forecasting.models.registry import create

    last = len(panel.sessions) - 1
    fitted = create(model).fit(panel, cut=last - 1)
    fitted_at, cpu_fitted = time.perf_counter(), time.process_time()
    fitted.predict(panel, [last])
    warm, cpu_warm = time.perf_counter(), time.process_time()
    fitted.predict(panel, [last])
    return {
        "cold_fit_s": fitted_at - started,
        "cold_fit_cpu_s": cpu_fitted - cpu_started,
        "epochs": _epochs(fitted),
        "forecast_ms": 1e3 * (time.perf_counter() - warm),
        "forecast_cpu_ms": 1e3 * (time.process_time() - cpu_warm),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "symbols": len(panel.symbols),
        "sessions": len(panel.sessions),
    }


def _epochs(fitted: Fitted) -> int:
    """Epochs run, by all networks together."""
    from forecasting.models.parameters import FittedBase

    if not isinstance(fitted, FittedBase):
        return 0
    members = fitted.parameters.settings.get("members", {}).values()
    parts = [fitted.parameters.settings, *(m["settings"] for m in members)]
    return sum(part.get("epochs", 0) for part in parts)


def load_panel(name: str) -> Panel:
    """One of PANELS."""
    return build_panel(stocknet() if name == "stocknet" else simulated(12, 2_400))


def simulated(symbols: int, bars: int) -> list[BarSeries]:
    """Student-t walks whose volatility wanders about 1.5 % a day, so that there is something to learn."""
    rng = np.random.default_rng(0)
    wander = np.zeros((symbols, bars))
    for t in range(1, bars):
        wander[:, t] = 0.98 * wander[:, t - 1] + rng.normal(0.0, 0.1, symbols)
    closes = 50.0 * np.exp(np.cumsum(0.012 * np.exp(wander) * rng.standard_t(6, (symbols, bars)), axis=1))
    sessions = weekdays(bars)
    return [make_series(f"S{i:02d}", c.tolist(), sessions=sessions) for i, c in enumerate(closes)]


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], load_panel(sys.argv[2]))))
