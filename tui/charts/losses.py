"""How a network's training goes: its loss on the rows it learns from, and on those kept back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.text import Text

from forecasting.domain.training import Epoch
from tui.charts.figure import Brush, Figure, dashes, labels, line, rgb
from tui.fitting import fitted
from tui.format import MISSING, Glyphs
from tui.themes import Palette


@dataclass(frozen=True, slots=True)
class LossChart:
    """Both losses of one network by epoch."""

    network: str
    measure: str
    at_most: int
    training: tuple[float | None, ...]       # by epoch from 0
    validation: tuple[float | None, ...]
    running: bool                            # whether epochs may follow: the axis then has room for them
    span: tuple[float, float]                # lowest and highest loss of all networks, so that they can be compared

    @property
    def last(self) -> int:
        """The newest epoch."""
        return len(self.validation) - 1

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The network, the newest epoch and the best validation loss, with where it began."""
        known, newest = [v for v in self.validation if v is not None], self.training[-1]
        best = Text(" val ", palette.muted).append(f"{min(known):.4f}" if known else MISSING, f"bold {palette.accent}")
        train = f" {glyphs.dash} train {MISSING if newest is None else f'{newest:.4f}'}"
        return fitted([
            (0, Text(self.network, palette.muted)), (2, Text(f" {self.last}/{self.at_most}", palette.foreground)),
            (1, best), (3, Text(train, palette.muted), Text(f" {self.measure}", palette.muted)),
            (4, Text(f" began {known[0]:.4f}" if known else "", palette.muted)),
        ], width)

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Training behind, validation over it."""
        low, high = self.span
        room = (high - low) * 0.05 or 0.001
        end = self.at_most if self.running else max(1, self.last)
        figure.xlim(0, end)
        figure.ylim(low - room, high + room)
        labels(figure, brush, [(at, f"{at:.3f}") for at in (low, high)])
        ticks = sorted({0, end // 2, end}) if brush.columns >= 12 else [0, end]
        figure.xticks(ticks, [str(tick) for tick in ticks])
        for losses, colour in ((self.training, brush.palette.muted), (self.validation, brush.palette.accent)):
            epochs = [float(epoch) for epoch, loss in enumerate(losses) if loss is not None]
            known = [loss for loss in losses if loss is not None]
            if len(known) == 1:
                figure.scatter(epochs, known, color=rgb(colour), marker=brush.glyphs.inside)
            elif losses is self.training:
                dashes(figure, brush, epochs, known, colour)
            else:
                line(figure, epochs, known, colour, brush.glyphs.marker)


def loss_charts(epochs: Iterable[Epoch], *, running: bool) -> tuple[LossChart, ...]:
    """One chart for each network, in the order they were trained."""
    by_network: dict[str, list[Epoch]] = {}
    for epoch in epochs:
        by_network.setdefault(epoch.network, []).append(epoch)
    newest = next(reversed(by_network), None)
    known = [loss for told in by_network.values() for e in told for loss in (e.training, e.validation)]
    losses = [loss for loss in known if loss is not None] or [0.0]
    span = min(losses), max(losses)
    return tuple(
        LossChart(
            name, told[-1].measure, told[-1].at_most, tuple(e.training for e in told),
            tuple(e.validation for e in told), running and name == newest, span,
        )
        for name, told in by_network.items()
    )
