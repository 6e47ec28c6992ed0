"""A pane that shows one chart: built in a thread, kept until its values, size or colours change."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from rich.text import Text
from textual.widget import Widget

from tui.charts.figure import Chart, build
from tui.format import Glyphs
from tui.themes import Palette

SMALLEST = (24, 4)
"""Below this many cells a picture says nothing; the heading alone is shown."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a picture depends on; equal wishes give equal pictures."""

    chart: Chart
    width: int
    height: int
    palette: Palette
    glyphs: Glyphs


class ChartPane(Widget):
    """A heading, and the newest finished picture of its chart."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._lock = threading.Lock()
        self._wish: Wish | None = None          # what should be on screen
        self._building = False
        self._heading = Text()
        self._picture = Text()

    def show(self, chart: Chart | None, palette: Palette, glyphs: Glyphs, message: str = "") -> None:
        """Show `chart`, or a message where there is none. The heading changes at once, the picture when it is built."""
        if chart is None:
            self._show_message(message, palette)
            return
        wish = Wish(chart, self.size.width, self.size.height, palette, glyphs)
        with self._lock:
            if wish == self._wish:
                return
            self._wish = wish
            start = not self._building and wish.width >= SMALLEST[0] and wish.height >= SMALLEST[1]
            self._building = self._building or start
        self._heading = chart.heading(palette, glyphs)
        self._heading.truncate(max(0, self.size.width), overflow="ellipsis")
        self.refresh()
        if start:
            self.run_worker(self._build, thread=True, exit_on_error=False, group="charts")

    def on_resize(self) -> None:
        """Ask for the same chart in the new size."""
        if self._wish is not None:
            self.show(self._wish.chart, self._wish.palette, self._wish.glyphs)

    def render(self) -> Text:
        """Heading and picture."""
        return Text("\n").join([self._heading, self._picture]) if self._picture else self._heading

    def _show_message(self, message: str, palette: Palette) -> None:
        with self._lock:
            self._wish = None
        text = Text(message, palette.muted)
        if self._heading != text or self._picture:
            self._heading, self._picture = text, Text()
            self.refresh()

    def _build(self) -> None:
        """In a thread: build the newest wish until it is the one on screen."""
        done: Wish | None = None
        while True:
            with self._lock:
                wish = self._wish
                if wish is None or wish == done or wish.width < SMALLEST[0] or wish.height < SMALLEST[1]:
                    self._building = False
                    return
            picture = build(wish.chart, wish.width, wish.height - 1, wish.palette, wish.glyphs)
            done = wish
            self.app.call_from_thread(self._place, wish, picture)

    def _place(self, wish: Wish, picture: Text) -> None:
        if wish == self._wish:
            self._picture = picture
            self.refresh()
