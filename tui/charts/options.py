"""What a person has chosen for the charts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from forecasting.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Timeframe:
    """A length of time to look back on."""

    name: str
    days: int | None          # of trading; None for everything
    short: bool = False       # needs bars shorter than a session


TIMEFRAMES: tuple[Timeframe, ...] = (
    Timeframe("1d", 1, short=True), Timeframe("5d", 5, short=True), Timeframe("1mo", 21), Timeframe("3mo", 63),
    Timeframe("6mo", 126), Timeframe("1y", 252), Timeframe("2y", 504), Timeframe("5y", 1260), Timeframe("max", None),
)
"""Shortest first."""
USUAL = next(i for i, timeframe in enumerate(TIMEFRAMES) if timeframe.name == "6mo")
"""Index of the timeframe that charts begin with."""
STAND_IN = next(timeframe for timeframe in TIMEFRAMES if not timeframe.short)
"""What is shown for a timeframe of short bars where there are none."""

PAST_HORIZONS: tuple[int | None, ...] = (None, 1, 5, 10)
"""How many sessions before their bars past forecasts were made, where they are shown at all; records are of these."""


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """What a person has switched on in the charts."""

    timeframe: int = USUAL           # index into TIMEFRAMES
    candles: bool = False
    indicators: bool = True
    volume: bool = True
    forecast: bool = True
    log: bool = False                # prices on a logarithmic scale
    past: int | None = None          # one of PAST_HORIZONS: forecasts that were made so long before
    extra: tuple[str, ...] = ()      # further indicators, by name

    @property
    def frame(self) -> Timeframe:
        """The timeframe."""
        return TIMEFRAMES[self.timeframe]

    @property
    def name(self) -> str:
        """The timeframe's name."""
        return self.frame.name

    def longer(self, steps: int) -> ChartOptions:
        """The timeframe `steps` longer (or shorter), within what there is."""
        return replace(self, timeframe=max(0, min(self.timeframe + steps, len(TIMEFRAMES) - 1)))

    def toggled(self, option: str) -> ChartOptions:
        """The same with one switch turned."""
        switched: dict[str, Any] = {option: not getattr(self, option)}
        return replace(self, **switched)

    def next_past(self) -> ChartOptions:
        """Past forecasts from farther before, round to none."""
        return replace(self, past=PAST_HORIZONS[(PAST_HORIZONS.index(self.past) + 1) % len(PAST_HORIZONS)])
