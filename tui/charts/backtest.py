"""Charts of an account: its equity and its falls from the peak, each beside holding the same symbols."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from forecasting.domain.backtest import Account
from tui import format as fmt
from tui.charts.axis import TimeAxis
from tui.charts.figure import Brush, Figure, dashes, labels, level, line, nice_ticks
from tui.fitting import fitted
from tui.format import Glyphs
from tui.themes import Palette


@dataclass(frozen=True, slots=True)
class EquityChart:
    """What became of one unit of capital, in per cent won or lost."""

    name: str
    note: str
    axis: TimeAxis
    own: tuple[float, ...]        # per cent
    held: tuple[float, ...]

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """Where both lines end."""
        held = f"  {glyphs.dash} buy-and-hold {_signed(self.held[-1], glyphs)}"
        return fitted([
            (0, Text("Equity ", palette.muted)), (3, Text(f" {self.name}", f"bold {palette.accent}")),
            (0, Text(f" {_signed(self.own[-1], glyphs)}", f"bold {palette.accent}")), (1, Text(held, palette.muted)),
            (2, Text(f"  {self.note}", palette.muted)),
        ], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Holding behind, the strategy over it, and where neither won nor lost."""
        values = (*self.own, *self.held, 0.0)
        low, high = _widened(min(values), max(values))
        self.axis.apply(figure, brush, low, high)
        labels(figure, brush, [(at, fmt.percent(at, _decimals(high - low))) for at in _ticks(low, high, brush)])
        level(figure, 0.0, self.axis.end, brush.palette.band_95, brush.glyphs.rule)
        dashes(figure, brush, range(len(self.held)), self.held, brush.palette.muted)
        line(figure, range(len(self.own)), self.own, brush.palette.accent, brush.glyphs.marker)


@dataclass(frozen=True, slots=True)
class DrawdownChart:
    """How far each account stood below its peak, in per cent, downwards."""

    axis: TimeAxis
    own: tuple[float, ...]        # per cent, 0 or below
    held: tuple[float, ...]

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The deepest falls."""
        held = f"  {glyphs.dash} buy-and-hold {fmt.percent(min(self.held))}"
        return fitted([
            (0, Text("Drawdown ", palette.muted)), (2, Text(" deepest", palette.muted)),
            (0, Text(f" {fmt.percent(min(self.own))}", f"bold {palette.accent}")), (1, Text(held, palette.muted)),
        ], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Holding behind, the strategy over it."""
        low, high = _widened(min((*self.own, *self.held)), 0.0)
        self.axis.apply(figure, brush, low, high, dated=False)
        labels(figure, brush, [(at, fmt.percent(at, _decimals(high - low))) for at in _ticks(low, 0.0, brush)])
        dashes(figure, brush, range(len(self.held)), self.held, brush.palette.muted)
        line(figure, range(len(self.own)), self.own, brush.palette.accent, brush.glyphs.marker)


def account_charts(
    name: str, note: str, axis: TimeAxis, own: Account, held: Account
) -> tuple[EquityChart, DrawdownChart]:
    """Both charts of one account."""
    return (
        EquityChart(name, note, axis, _won(own), _won(held)),
        DrawdownChart(axis, _below(own), _below(held)),
    )


def _won(account: Account) -> tuple[float, ...]:
    return tuple((value - 1.0) * 100.0 for value in account.equity)


def _below(account: Account) -> tuple[float, ...]:
    return tuple(-value * 100.0 for value in account.drawdown)


def _signed(value: float, glyphs: Glyphs) -> str:
    return f"{fmt.arrow(value, glyphs)}{fmt.percent(value)}"


def _widened(low: float, high: float) -> tuple[float, float]:
    """With a little room, and never nothing."""
    room = max((high - low) * 0.05, 0.05)
    return low - room, high + room


def _ticks(low: float, high: float, brush: Brush) -> tuple[float, ...]:
    return nice_ticks(low, high, max(3, brush.rows // 3))


def _decimals(span: float) -> int:
    return 0 if span >= 8 else 1
