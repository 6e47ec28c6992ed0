"""Data folders as they are after a day of use: simulated tickers, their bars, indicators and first forecasts."""

from __future__ import annotations

import csv
import shutil
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from forecasting.config import load
from forecasting.data.calendars import Calendars
from forecasting.data.sources.simulated import SimulatedSource
from forecasting.domain.clock import WallClock
from forecasting.domain.market import BarSeries, Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.service.build import worker_setup
from forecasting.service.local import open_local
from forecasting.service.places import place


@dataclass(frozen=True, slots=True)
class Filled:
    """A data folder, the configuration it was filled with, and what is watched."""

    config: Path
    data_dir: Path
    store: Path
    symbols: tuple[Symbol, ...]

    @property
    def command(self) -> list[str]:
        """Starts the app on this folder."""
        where = ["--config", str(self.config), "--data-dir", str(self.data_dir)]
        return [sys.executable, "-m", "tui", "--source", "simulated", *where]

    def copied(self, to: Path) -> Filled:
        """The same facts in another folder, for a run that changes them."""
        shutil.copytree(self.data_dir, to)
        return replace(self, data_dir=to, store=to / self.store.relative_to(self.data_dir))


def fill(folder: Path, *, symbols: int, now: datetime | None = None) -> Filled:
    """Simulate `symbols` tickers up to `now`, tick once, and keep everything in `folder`."""
    config = folder / "config.toml"
    config.write_text(f'[source]\nname = "simulated"\nsymbols = {symbols}\n')
    data_dir = folder / "data"
    settings = load(config).overridden(data_dir=data_dir)
    where = place(settings, demo=False)
    moment = now or datetime.now(UTC)
    backend = open_local(worker_setup(settings, where, demo=False))
    try:
        watched = backend.catalogue(moment)
        backend.desk.store.watchlist.save([WatchGroup("All", watched)])
        backend.tick(watched, moment, lambda step: None)
    finally:
        backend.close()
    return Filled(config, data_dir, where.store, watched)


def write_csv(folder: Path, *, symbols: int) -> tuple[Symbol, ...]:
    """The same tickers as `SYMBOL.csv` files: a replay of them moves all prices at any hour of the day."""
    source = SimulatedSource(clock=WallClock(), calendars=Calendars(), seed=7, symbols=symbols)
    for symbol in source.catalogue():
        series = source.history(symbol)
        assert isinstance(series, BarSeries)       # the source made the symbol up itself
        with open(folder / f"{symbol}.csv", "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"))
            table.writerows((b.session, b.open, b.high, b.low, b.close, b.adj_close, b.volume) for b in series.bars)
    return source.catalogue()
