"""The time axis that charts of one symbol share: past sessions, now, and the sessions forecast.

Ten sessions ahead would be a sliver beside a year, so the future is drawn wider than the past; the labels under the
axis tell the sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tui.charts.figure import Brush, Figure, segments

FUTURE_SHARE = 0.22
"""Least share of the width that the forecast gets."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Bar i stands at i, the newest at the now line, horizon h to its right."""

    dates: tuple[date, ...]
    horizons: int = 0            # sessions ahead; 0 for none
    readout: int | None = None   # bar under the cross-hair

    @property
    def now(self) -> float:
        """Where the newest bar stands."""
        return float(max(0, len(self.dates) - 1))

    @property
    def end(self) -> float:
        """The right edge."""
        return max(1.0, self.now + self.horizons * self.step)

    @property
    def step(self) -> float:
        """Distance between two sessions ahead."""
        if not self.horizons:
            return 0.0
        return max(1.0, self.now * FUTURE_SHARE / (1.0 - FUTURE_SHARE) / self.horizons)

    def ahead(self, horizon: float) -> float:
        """Where `horizon` sessions ahead stand."""
        return self.now + horizon * self.step

    def apply(self, figure: Figure, brush: Brush, low: float, high: float, *, dated: bool = True) -> None:
        """Set both limits, the labels, the now line and the cross-hair. Call it first: later things draw over it."""
        figure.xlim(0, self.end)
        figure.ylim(low, high)
        if self.horizons:
            segments(figure, [(self.now, low, high)], brush.palette.muted, brush.glyphs.now)
        if self.readout is not None:
            segments(figure, [(self.readout, low, high)], brush.palette.foreground, brush.glyphs.wick)
        ticks = self._ticks(brush.columns) if dated and self.dates else []
        figure.xticks([at for at, _ in ticks], [text for _, text in ticks])

    def _ticks(self, columns: int) -> list[tuple[float, str]]:
        """Dates where they fit, "now", and the last horizon."""
        long = (self.dates[-1] - self.dates[0]).days > 700
        ticks = []
        room = max(1, int(columns * self.now / self.end) // 14)
        for i in range(room):
            at = round(self.now * (i + 0.5) / room) if room > 1 else 0
            day = self.dates[at]
            ticks.append((float(at), f"{day:%Y-%m}" if long else f"{day:%m-%d}"))
        if self.horizons and columns >= 30:
            ticks += [(self.now, "now"), (self.ahead(self.horizons * 0.5), f"+{self.horizons // 2}")]
        return ticks
