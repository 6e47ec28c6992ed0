"""Seconds of cold and warm fits of five LSTMs and HAR on 50 symbols x 10 years, and of a live step for 500 symbols.

Cold is a person's first training: two child processes, their imports included. Warm goes on from weights that are
there already. A live step reads one new bar of every symbol and forecasts all of them. CPU seconds, the children's
included, stand beside the wall's: on a busy machine only they compare.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from forecasting.features.panel import Panel
from forecasting.features.pipeline import build_panel
from forecasting.models.ensemble import Ensemble, EnsembleSettings
from forecasting.models.live import EnsembleState, LiveState, Rows
from forecasting.models.network import FittedNetwork, NetworkSettings
from forecasting.models.registry import create
from tests.benchmarks.bench_training import simulated
from tests.support.bench_figures import Figures, spread

SEEDS, PROCESSES = 5, 2


def run(runs: int = 50) -> dict[str, Figures]:
    """Measure fits once and live steps `runs` times."""
    return {"fits": fits(build_panel(simulated(50, 2_520))), **live(build_panel(simulated(500, 450)), runs)}


def fits(panel: Panel) -> Figures:
    """HAR, then the ensemble from nothing, then from itself."""
    cut = len(panel.sessions) - 2
    five = EnsembleSettings(seeds=SEEDS)
    found: dict[str, float | int | str | None] = {"symbols": len(panel.symbols), "sessions": len(panel.sessions)}
    with _timed(found, "har"):
        create("har-t").fit(panel, cut=cut)
    with _timed(found, "cold"):
        cold = Ensemble(five, processes=PROCESSES).fit(panel, cut=cut)
    with _timed(found, "warm"):
        Ensemble(five, processes=PROCESSES, previous=cold).fit(panel, cut=cut)
    with _timed(found, "warm_one_process"):
        Ensemble(five, previous=cold).fit(panel, cut=cut)
    return found


def live(panel: Panel, runs: int) -> dict[str, Figures]:
    """Steps on the panel's newest session, provisional ones: what a step costs does not depend on the weights."""
    network = NetworkSettings()
    quick = replace(network, training=replace(network.training, max_epochs=0))
    last = len(panel.sessions) - 1
    fitted = Ensemble(EnsembleSettings(), quick).fit(panel, cut=last - 1)
    single = next(m for m in fitted.members.values() if isinstance(m, FittedNetwork))
    states: dict[str, LiveState | EnsembleState] = {
        "lstm": LiveState(single, panel), "ensemble": EnsembleState(fitted, panel),
    }
    rows = Rows.of(panel, last)
    found: dict[str, Figures] = {}
    for name, state in states.items():
        samples = [_seconds(partial(state.peek, rows)) for _ in range(runs + 1)][1:]
        found[name] = {"symbols": len(panel.symbols), **spread(samples)}
    return found


@contextmanager
def _timed(found: dict[str, float | int | str | None], name: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), _cpu()
    yield
    found |= {f"{name}_s": round(time.perf_counter() - wall, 2), f"{name}_cpu_s": round(_cpu() - cpu, 2)}


def _cpu() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":      # children begin here too
    print(json.dumps(run(), indent=2))
