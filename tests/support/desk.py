"""A whole backend over a recorded market, for tests of the tick: CSV files in, store out."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from forecasting.config import ModelSettings
from forecasting.data.store import Store
from forecasting.domain.market import BarSeries
from forecasting.features.panel import Panel
from forecasting.models.base import Fitted, Predictions
from forecasting.models.quantiles import predictions
from forecasting.service.local import LocalBackend
from forecasting.service.wire import WorkerSetup
from tests.support.bars import make_series
from tests.support.markets import CALENDARS

SMALL = ModelSettings(seeds=1)
"""One network, else as it comes."""

TINY = replace(SMALL, hidden=4, epochs=1)
"""One that is trained in no time."""

HEADER = ("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume")


def recorded(symbols: Sequence[str], first: date, last: date, seed: int = 0) -> list[BarSeries]:
    """Random walks with a common factor on the real sessions of New York."""
    sessions = [s.session for s in CALENDARS.sessions("XNYS", first, last).sessions]
    rng = np.random.default_rng(seed)
    market = rng.standard_t(5, len(sessions)) * 0.008
    return [
        make_series(symbol, (50 * np.exp(np.cumsum(market + rng.standard_t(5, len(sessions)) * 0.01))).tolist(),
                    sessions=sessions)
        for symbol in symbols
    ]


def write_csv(folder: Path, series: Sequence[BarSeries], *, until: date | None = None) -> Path:
    """`SYMBOL.csv` with Yahoo's columns for each series, cut off after `until`."""
    folder.mkdir(exist_ok=True)
    for one in series:
        with open(folder / f"{one.symbol}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(
                (b.session, b.open, b.high, b.low, b.close, b.adj_close, b.volume)
                for b in one.bars
                if until is None or b.session <= until
            )
    return folder


def setup(folder: Path, data: Path, source: str = "replay", model: ModelSettings = SMALL) -> WorkerSetup:
    """What a worker is told to play `folder`."""
    return WorkerSetup(
        source=source, store_path=data / "store.db", models_dir=data / "models", cache_dir=data / "cache",
        csv_dir=folder, seed=7, simulated_symbols=3, model=model, history_years=None, backfill_sessions=40,
        refit_sessions=5, retrain_sessions=5,
    )


@contextmanager
def backend(
    folder: Path, data: Path, source: str = "replay", model: ModelSettings = SMALL
) -> Iterator[LocalBackend]:
    """A backend over the recorded folder, with its store below `data`."""
    made = setup(folder, data, source, model)
    with Store.open(made.store_path) as store:
        yield LocalBackend(made, store)


class Stretched:
    """A fit again, under another id, its bands `factor` times as wide."""

    def __init__(self, whom: Fitted, factor: float, model_id: str = "stretched") -> None:
        self.whom, self.factor, self.model_id = whom, factor, model_id
        self.name, self.train_end, self.data_hash, self.seed = whom.name, whom.train_end, whom.data_hash, whom.seed

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        told = self.whom.predict(panel, at).log_returns
        middle = told[..., told.shape[-1] // 2, None]
        return predictions(middle + self.factor * (told - middle))
