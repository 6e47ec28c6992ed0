"""What a person has chosen for the charts."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """What a person has switched on in the charts."""

    timeframe: int = 2               # index into TIMEFRAMES
    candles: bool = False
    indicators: bool = True
    volume: bool = True
    forecast: bool = True

    @property
    def name(self) -> str:
        """The timeframe's name."""
        return TIMEFRAMES[self.timeframe][0]

    @property
    def sessions(self) -> int | None:
        """The timeframe's length in sessions; None for everything."""
        return TIMEFRAMES[self.timeframe][1]

    def longer(self, steps: int) -> ChartOptions:
        """The timeframe `steps` longer (or shorter), within what there is."""
        return replace(self, timeframe=max(0, min(self.timeframe + steps, len(TIMEFRAMES) - 1)))

    def toggled(self, option: str) -> ChartOptions:
        """The same with one switch turned."""
        return replace(self, **{option: not getattr(self, option)})


TIMEFRAMES: tuple[tuple[str, int | None], ...] = (
    ("1mo", 21), ("3mo", 63), ("6mo", 126), ("1y", 252), ("5y", 1260), ("max", None)
)
"""Names and lengths in sessions."""
