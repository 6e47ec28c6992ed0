"""One part of a record: words and small tables, and with them as many charts as there is room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.charts.figure import Chart
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.chart_pane import ChartPane
from tui.widgets.words import Words

PANES = 3
CHART_WIDTH = 44
"""Cells a chart needs to say something beside another."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a part shows."""

    words: Text
    charts: tuple[Chart, ...]
    without: str = ""        # said where there is no chart


Writer = Callable[[int], Content]
"""Writes a part's content for lines of so many cells."""


class RecordPart(Vertical):
    """Scrolls where the words are higher than the screen; written anew for every width."""

    def __init__(self, *, id: str | None = None, charts_first: bool = False) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, classes="-charts-first" if charts_first else None)
        self._charts_first = charts_first
        self._shown: tuple[Writer, Palette, Glyphs] | None = None

    def compose(self) -> ComposeResult:
        """Words above and charts below, or the other way round."""
        charts = Horizontal(*(ChartPane() for _ in range(PANES)))
        yield from (charts, Words()) if self._charts_first else (Words(), charts)

    def show(self, write: Writer, palette: Palette, glyphs: Glyphs) -> None:
        """Show what `write` writes, now and at every other width; without one once there is a layout."""
        self._shown = write, palette, glyphs
        if not self.size.width:
            return
        room = self.size.width - 2      # the scroll bar, and a gap
        content = write(room)
        self.query_one(Words).say(content.words, layout=True)
        count = max(1, min(len(content.charts), room // CHART_WIDTH))
        for place, pane in enumerate(self.query(ChartPane)):
            pane.display = place < count
            if place < count:
                pane.show(content.charts[place] if content.charts else None, palette, glyphs, content.without)

    def on_resize(self) -> None:
        """Write it for the new width."""
        if self._shown is not None:
            self.show(*self._shown)
