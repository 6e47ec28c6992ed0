"""A pane that shows one chart: built in a thread, kept until its values, size or colours change."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from rich.text import Text
from textual.message import Message
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

    @property
    def drawable(self) -> bool:
        """Whether there is room for a picture that says something."""
        return self.width >= SMALLEST[0] and self.height >= SMALLEST[1]


class ChartPane(Widget):
    """A heading, and the newest finished picture of its chart."""

    class Built(Message):
        """A thread has finished a picture."""

        def __init__(self, wish: Wish, picture: Text) -> None:
            super().__init__()
            self.wish = wish
            self.picture = picture

    def __init__(self, *, id: str | None = None, classes: str = "") -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, classes=classes)
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
            start = wish.drawable and not self._building
            self._building = self._building or start
        if not wish.drawable:
            self._picture = Text()
        self._heading = chart.heading(palette, glyphs, self.size.width)
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

    @property
    def settled(self) -> bool:
        """Whether what is on screen is what was asked for."""
        return not self._building

    def _build(self) -> None:
        """In a thread: build the newest wish, and again while it has changed meanwhile."""
        done: Wish | None = None
        try:
            while (wish := self._next_wish(done)) is not None:
                picture = build(wish.chart, wish.width, wish.height - 1, wish.palette, wish.glyphs)
                self.post_message(self.Built(wish, picture))     # never waits, so a closing app is not held up
                done = wish
        finally:
            with self._lock:
                self._building = False

    def _next_wish(self, done: Wish | None) -> Wish | None:
        """The wish to build next; None, and no longer building, where there is nothing to do."""
        with self._lock:
            wish = self._wish
            self._building = wish is not None and wish != done and wish.drawable
            return wish if self._building else None

    def on_chart_pane_built(self, message: Built) -> None:
        """Show the picture, unless something else is wanted by now."""
        message.stop()
        if message.wish == self._wish:
            self._picture = message.picture
            self.refresh()
