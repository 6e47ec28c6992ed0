"""Sources by name: the one place that knows which there are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forecasting.data.calendars import Calendars
from forecasting.data.demo import demo_history
from forecasting.data.sources.base import Source
from forecasting.data.sources.csv import CsvSource
from forecasting.data.sources.replay import ReplaySource
from forecasting.data.sources.simulated import SimulatedSource
from forecasting.domain.clock import Clock, WallClock
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Symbol, SymbolFailure
from forecasting.errors import ConfigError

SOURCES = ("yahoo", "csv", "replay", "simulated")
"""Every name `open_source` knows."""

REMOTE = frozenset({"yahoo"})
"""Those where a question costs somebody else a request."""


def open_source(
    name: str,
    *,
    clock: Clock,
    calendars: Calendars,
    csv_dir: Path | None,
    cache_dir: Path,
    seed: int = 7,
    symbols: int = 12,
    interval: Interval = Interval.DAY,
    replay: Mapping[Symbol, BarSeries | SymbolFailure] | None = None,
) -> Source:
    """The source called `name`, ready to be asked; nothing is sent anywhere yet.

    Args:
        name: One of `SOURCES`.
        clock: What time it is for the source.
        calendars: Sessions by exchange.
        csv_dir: Folder of `SYMBOL.csv`: needed by csv; what replay plays, if given.
        cache_dir: Where yahoo keeps time zones and cookies between runs.
        seed: Of simulated.
        symbols: How many tickers simulated makes.
        interval: Of the bars that will be asked for; simulated quotes follow them.
        replay: What replay plays; `csv_dir` or else the demo's history where None.

    Raises:
        ConfigError: If there is no such source, or what it needs was not given.
        DataError: If the demo's data files are missing.
    """
    match name:
        case "yahoo":
            from forecasting.data.sources.yahoo import YahooSource

            return YahooSource(cache_dir=cache_dir, clock=clock, calendars=calendars)
        case "csv":
            if csv_dir is None:
                raise ConfigError("source csv: no folder given; name one with --csv-dir DIR")
            return CsvSource(csv_dir, clock=clock, calendars=calendars)
        case "replay":
            if interval is not Interval.DAY:
                raise ConfigError(f"source replay: it plays daily bars only, asked for {interval}; leave it out")
            if replay is None:
                replay = demo_history() if csv_dir is None else _recorded(csv_dir, calendars)
            return ReplaySource(replay, clock=clock, calendars=calendars)
        case "simulated":
            return SimulatedSource(clock=clock, calendars=calendars, seed=seed, symbols=symbols, interval=interval)
        case _:
            raise ConfigError(f"source '{name}': no such source; use one of {', '.join(SOURCES)}")


def _recorded(folder: Path, calendars: Calendars) -> dict[Symbol, BarSeries | SymbolFailure]:
    """Everything in a CSV folder until today; the replay's own clock decides how much of it is seen."""
    source = CsvSource(folder, clock=WallClock(), calendars=calendars)
    return {symbol: source.history(symbol) for symbol in source.catalogue()}
