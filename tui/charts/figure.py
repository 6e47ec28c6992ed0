"""From a chart's values to styled text, through plotext.

A build takes 10 to 30 ms, so panes build in a thread and keep the result; plotext keeps some state per process, so
one build runs at a time. plotext itself is imported with the first build, after the first paint.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rich.text import Text

from tui.format import ASCII, Glyphs
from tui.themes import Palette

Figure = Any
"""A textual_plotext.plot.Plot; untyped upstream."""

DASH = 2
"""Cells of a dash; as many of nothing follow each."""


_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Brush:
    """What a chart draws with."""

    palette: Palette
    glyphs: Glyphs
    label_width: int   # cells of the y labels
    columns: int       # cells of the drawing between the labels and the right edge
    height: int        # lines of the picture

    @property
    def rows(self) -> int:
        """Lines of the drawing where one line below it tells the dates."""
        return max(1, self.height - 1)


class Chart(Protocol):
    """A picture's values. Charts are compared by value: an equal one is not built again."""

    def heading(self, palette: Palette, glyphs: Glyphs, width: int) -> Text:
        """The line above the picture; of its parts those that `width` cells hold (see `tui.fitting`)."""
        ...

    def draw(self, figure: Figure, brush: Brush) -> None:
        """Draw the picture."""
        ...


def build(chart: Chart, width: int, height: int, palette: Palette, glyphs: Glyphs) -> Text:
    """The chart as `height` lines of `width` cells; takes tens of milliseconds."""
    with _one_at_a_time:
        from textual_plotext.plot import Plot

        figure = Plot()
        figure.plotsize(width, height)
        figure._set_size(width, height)          # plotsize alone does not take effect on a fresh figure
        figure.canvas_color(rgb(palette.background))
        figure.axes_color(rgb(palette.background))
        figure.ticks_color(rgb(palette.muted))
        figure.xaxes(False, False)
        figure.yaxes(False, False)
        chart.draw(figure, _brush(width, height, palette, glyphs))
        text = Text.from_ansi(figure.build(), no_wrap=True)
    text.rstrip()
    return text


def label_width(width: int) -> int:
    """Cells of the y labels: the same in every chart of one width, so that charts above each other share columns."""
    return 6 if width < 60 else 8


def _brush(width: int, height: int, palette: Palette, glyphs: Glyphs) -> Brush:
    room = label_width(width)
    return Brush(palette, glyphs, room, max(2, width - room - 1), max(1, height))


def rgb(colour: str) -> tuple[int, int, int]:
    """#rrggbb as numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def line(figure: Figure, x: Sequence[float], y: Sequence[float], colour: str, marker: str) -> None:
    """A line through the points."""
    if x:
        figure.plot(list(x), list(y), color=rgb(colour), marker=marker)


def dashes(figure: Figure, brush: Brush, x: Sequence[float], y: Sequence[float], colour: str) -> None:
    """What another line is measured by: told from it where colours are few, by gaps, or in ASCII by its character.

    Args:
        figure: Drawn on.
        brush: Drawn with.
        x: Ascending.
        y: As many.
        colour: Of the line.
    """
    if len(x) < 2 or brush.glyphs is ASCII:
        line(figure, x, y, colour, brush.glyphs.dash)
        return
    cell = (x[-1] - x[0]) / brush.columns
    for number in range(0, brush.columns, 2 * DASH):
        left, right = x[0] + number * cell, min(x[0] + (number + DASH) * cell, x[-1])
        inside = range(bisect_right(x, left), bisect_left(x, right))
        points = [(left, _between(x, y, left)), *((x[i], y[i]) for i in inside), (right, _between(x, y, right))]
        line(figure, [at for at, _ in points], [value for _, value in points], colour, brush.glyphs.marker)


def _between(x: Sequence[float], y: Sequence[float], at: float) -> float:
    """The line's height at `at`."""
    after = min(max(1, bisect_left(x, at)), len(x) - 1)
    before = after - 1
    return y[before] + (y[after] - y[before]) * (at - x[before]) / (x[after] - x[before])


def segments(
    figure: Figure, spans: Sequence[tuple[float, float, float]], colour: str, marker: str
) -> None:
    """Upright segments: (x, low, high) each."""
    for x, low, high in spans:
        figure.plot([x, x], [low, high], color=rgb(colour), marker=marker)


def level(figure: Figure, y: float, right: float, colour: str, marker: str) -> None:
    """A level from the left edge to `right`."""
    figure.plot([0, right], [y, y], color=rgb(colour), marker=marker)


def labels(figure: Figure, brush: Brush, ticks: Sequence[tuple[float, str]]) -> None:
    """Labels at the left, all of the same width, whatever they say."""
    width = brush.label_width
    figure.yticks([at for at, _ in ticks], [text[:width].rjust(width) + " " for _, text in ticks])


def nice_ticks(low: float, high: float, count: int) -> tuple[float, ...]:
    """At most `count` round values between `low` and `high`."""
    if count < 1 or not high > low:
        return (low,)
    rough = (high - low) / count
    size = 10.0 ** _floor_log10(rough)
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= rough)
    first = -(-low // step) * step
    return tuple(_multiples(first, step, high))


def log_ticks(low: float, high: float, count: int) -> tuple[float, ...]:
    """At most `count` round values between `low` and `high`, about equally far apart on a logarithmic scale."""
    if count < 1 or not 0 < low < high:
        return (low,)
    decades = range(_floor_log10(low), _floor_log10(high) + 1)
    for steps in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 5), (1, 3), (1,)):
        found = tuple(t for d in decades for m in steps if low <= (t := round(m * 10.0**d, 10)) <= high)
        if 2 <= len(found) <= count:
            return found
    return nice_ticks(low, high, count)


def _floor_log10(value: float) -> int:
    return int(f"{value:e}".rpartition("e")[2])


def _multiples(first: float, step: float, high: float) -> Iterator[float]:
    at = first
    while at <= high:
        yield round(at, 10)
        at += step
