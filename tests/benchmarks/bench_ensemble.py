"""Seconds of cold and warm fits of five LSTMs and HAR on 50 symbols x 10 years, of a live step for 500 symbols, and of
what a tick does instead: read their newest bars from the store, make features of them, and forecast in one go.

Cold is a person's first training: two child processes, their imports included. Warm goes on from weights that are
there already. A live step reads one new bar of every symbol and forecasts all of them. CPU seconds, the children's
included, stand beside the wall's: on a busy machine only they compare.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from forecasting.data.store import Store
from forecasting.domain.market import BarSeries
from forecasting.features.panel import Panel
from forecasting.features.pipeline import build_panel
from forecasting.models.ensemble import Ensemble, EnsembleSettings, FittedEnsemble
from forecasting.models.live import EnsembleState, LiveState, Rows
from forecasting.models.network import FittedNetwork, NetworkSettings
from forecasting.models.registry import create
from tests.benchmarks.bench_training import simulated
from tests.support.bench_figures import Figures, spread

SEEDS, PROCESSES = 5, 2


def run(runs: int = 50) -> dict[str, Figures]:
    """Measure fits once and live steps `runs` times."""
    bars = simulated(500, 450)
    return {"fits": fits(build_panel(simulated(50, 2_520))), "tick": tick(bars), **live(build_panel(bars), runs)}


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


def tick(bars: Sequence[BarSeries], runs: int = 3) -> Figures:
    """The parts of a tick with a new bar of every symbol, the best of a few runs each."""
    with Store.temporary() as store:
        store.market.put_instruments([series.instrument for series in bars])
        for series in bars:
            store.market.put_bars(series)
        read = min(_seconds(lambda: [store.market.bars(s.instrument.symbol, limit=450) for s in bars])
                   for _ in range(runs))
    panel = build_panel(bars)
    fitted, last = _unfitted(panel), len(panel.sessions) - 1
    return {
        "symbols": len(bars), "read_bars_s": round(read, 3),
        "features_s": round(min(_seconds(lambda: build_panel(bars)) for _ in range(runs)), 3),
        "forecast_in_one_go_s": round(min(_seconds(lambda: fitted.predict(panel, [last])) for _ in range(runs)), 3),
    }


def _unfitted(panel: Panel) -> FittedEnsemble:
    """What forecasting costs does not depend on the weights."""
    network = NetworkSettings()
    quick = replace(network, training=replace(network.training, max_epochs=0))
    return Ensemble(EnsembleSettings(), quick).fit(panel, cut=len(panel.sessions) - 2)


def live(panel: Panel, runs: int) -> dict[str, Figures]:
    """Steps on the panel's newest session, provisional ones."""
    fitted, last = _unfitted(panel), len(panel.sessions) - 1
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
