"""The time axis that charts of one symbol share: past sessions, now, and the sessions forecast.

It counts in cells, so that candles stand a whole number of cells apart. Ten sessions ahead would be a sliver beside a
year, so the future is drawn wider than the past; the labels under the axis tell the sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tui.charts.figure import Brush, Figure, segments
from tui.format import bar_label

_DAY = timedelta(hours=20)

PAST_SHARE = 0.78
"""Share of the width that the past gets where there is a forecast."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Bars from the left edge, the newest at the now line, the horizons from there to the right edge."""

    dates: tuple[date, ...]
    pitch: float = 1.0           # cells from bar to bar
    horizons: int = 0            # sessions ahead; 0 for none
    edge: float = 0.0            # the last cell; the newest bar where that is further right
    readout: int | None = None   # bar under the cross-hair
    offset: float = 0.0          # cells left of the first bar, for the broad half of its candle

    @property
    def now(self) -> float:
        """Where the newest bar stands."""
        return self.at(max(0, len(self.dates) - 1))

    @property
    def end(self) -> float:
        """The right edge."""
        return max(1.0, self.now, self.edge)

    @property
    def long(self) -> bool:
        """Whether dates are told by their months."""
        return (self.dates[-1] - self.dates[0]).days > 700

    @property
    def one_day(self) -> bool:
        """Whether the time of day tells the bars apart."""
        return self.dates[-1] - self.dates[0] < _DAY

    def at(self, bar: int) -> float:
        """Where a bar stands."""
        return self.offset + bar * self.pitch

    def ahead(self, horizon: float) -> float:
        """Where `horizon` sessions ahead stand."""
        return self.now + (self.end - self.now) * horizon / max(1, self.horizons)

    def apply(self, figure: Figure, brush: Brush, low: float, high: float, *, dated: bool = True) -> None:
        """Set both limits, the labels, the now line and the cross-hair. Call it first: later things draw over it."""
        figure.xlim(0, self.end)
        figure.ylim(low, high)
        if self.horizons:
            segments(figure, [(self.now, low, high)], brush.palette.muted, brush.glyphs.now)
        if self.readout is not None:
            segments(figure, [(self.at(self.readout), low, high)], brush.palette.foreground, brush.glyphs.wick)
        ticks = self._ticks(brush.columns) if dated and self.dates else []
        figure.xticks([at for at, _ in ticks], [text for _, text in ticks])

    def _ticks(self, columns: int) -> list[tuple[float, str]]:
        """Dates where they fit, "now", and the last horizon."""
        ticks = []
        room = max(1, int(columns * self.now / self.end) // 14)
        for i in range(room):
            bar = round((len(self.dates) - 1) * (i + 0.5) / room)
            day = self.dates[bar]
            ticks.append((self.at(bar), f"{day:%Y-%m}" if self.long else bar_label(day, one_day=self.one_day)))
        if self.horizons and columns >= 30:
            ticks += [(self.now, "now"), (self.ahead(self.horizons * 0.5), f"+{self.horizons // 2}")]
        return ticks
