"""What the backtest view waits for: a year of one symbol, of a list, and a model fitted anew over five years.

`answer` is the handler's time in the worker, `pipe` packing, JSON and reading it back in the screen's process, and
`kilobytes` what crosses.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from forecasting.domain.backtest import AskBacktest, BacktestReport, Forecasts
from forecasting.domain.forecast import Origin
from forecasting.domain.market import Symbol
from forecasting.features.pipeline import build_panel
from forecasting.models.forecasts import to_forecasts
from forecasting.models.registry import create
from forecasting.service import wire
from forecasting.service.backtest_answer import answer
from forecasting.service.local import LocalBackend
from tests.support.bench_figures import Figures, spread
from tests.support.desk import backend, recorded, write_csv

NOW = datetime(2015, 10, 1, 12, 0, tzinfo=UTC)
SPAN = 252


def run(runs: int = 5, symbols: int = 12) -> Figures:
    """Measure each question `runs` times, after a first one that imports."""
    names = tuple(Symbol(f"S{i:02}") for i in range(symbols))
    questions = {
        "recorded_symbol": AskBacktest(names[:1], (), Forecasts.RECORDED, None, SPAN),
        "recorded_list": AskBacktest(names, (), Forecasts.RECORDED, None, SPAN),
        "walked_list_5y": AskBacktest(names, names, Forecasts.WALKED, "har-t", 5 * SPAN),
    }
    with TemporaryDirectory() as folder:
        csv = write_csv(Path(folder) / "csv", recorded(names, date(2008, 1, 2), date(2015, 9, 30)))
        with backend(csv, Path(folder) / "data", "csv") as local:
            _fill(local, names)
            return {"symbols": symbols, **{
                f"{name}_{figure}": value
                for name, question in questions.items() for figure, value in _measured(local, question, runs).items()
            }}


def _fill(local: LocalBackend, names: tuple[Symbol, ...]) -> None:
    """Bars, and a year of HAR-t's forecasts in the ledger."""
    for name in names:
        local.take_history(name, NOW, lambda step: None)
    tables = local.desk.tables(names)
    panel = build_panel(local.desk.series(names), local.desk.bench.spec, {t.exchange: t for t in tables.values()})
    first = len(panel.sessions) - 1 - SPAN
    fitted = create("har-t").fit(panel, cut=first - 1)
    told = to_forecasts(fitted, panel, range(first, len(panel.sessions)), tables=tables)
    local.desk.store.ledger.append(told, Origin.BACKFILL, at=NOW)


def _measured(local: LocalBackend, question: AskBacktest, runs: int) -> Figures:
    answered, piped, size = [], [], 0
    for number in range(runs + 1):
        began = time.perf_counter()
        report = answer(local.desk, question, NOW, lambda step: None)
        came = time.perf_counter()
        line = wire.encode({"id": 1, "value": wire.pack(report)})
        wire.unpack(BacktestReport, wire.decode(line)["value"])
        if number:
            answered.append(came - began)
            piped.append(time.perf_counter() - came)
            size = len(line)
    return {
        **{f"answer_{name}": value for name, value in spread(answered).items()},
        **{f"pipe_{name}": value for name, value in spread(piped).items()}, "kilobytes": size // 1024,
    }  # fmt: skip
