"""Lines of a log, the newest last; only those on screen are made, so that it does not matter how many there are."""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from forecasting.service.log_tail import LogLine
from tui.themes import Palette


class LogLines(ScrollView, can_focus=False):
    """Scrolls; stays at the end where it stood there. Long lines go on in the next row, between words."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._shown: tuple[tuple[LogLine, ...], Palette, int] | None = None
        self._rows: list[tuple[str, Style]] = []

    def show(self, lines: tuple[LogLine, ...], palette: Palette) -> None:
        """Show `lines`."""
        width = max(1, self.size.width - 1)
        if (lines, palette, width) == self._shown:
            return
        follows = self._shown is None or self.scroll_offset.y >= self.max_scroll_y
        self._shown = lines, palette, width
        colours = {"DEBUG": palette.muted, "INFO": palette.foreground, "WARNING": palette.warning}
        styles = {level: Style(color=colour) for level, colour in colours.items()}
        grave = Style(color=palette.error)
        self._rows = [
            (row, styles.get(line.level, grave)) for line in lines for row in broken(line.text, width)
        ]
        self.virtual_size = Size(width, len(self._rows))
        if follows:
            self.scroll_end(animate=False)
        self.refresh()

    def on_resize(self) -> None:
        """Break the lines anew."""
        if self._shown is not None:
            self.show(self._shown[0], self._shown[1])

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        place = self.scroll_offset.y + y
        if place >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        text, style = self._rows[place]
        return Strip([Segment(text, self.rich_style + style)]).adjust_cell_length(self.size.width, self.rich_style)


def broken(text: str, width: int) -> Iterator[str]:
    """The rows of a line: each ends with a word, unless that word alone leaves more than half of a row empty."""
    while len(text) > width:
        blank = text.rfind(" ", width // 2, width + 1)
        end, rest = (width, width) if blank < 0 else (blank, blank + 1)
        yield text[:end]
        text = text[rest:]
    yield text
