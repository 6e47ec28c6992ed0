"""Drawing by parts of cells, where a marker per cell is too coarse: candles and bars by halves, columns by eighths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.charts.figure import Figure, rgb
from tui.format import Glyphs

_NOTHING, _WICK, _BODY = 0, 1, 2
_THIN = {
    (_WICK, _WICK): "│", (_BODY, _BODY): "┃", (_BODY, _WICK): "╿", (_WICK, _BODY): "╽",
    (_BODY, _NOTHING): "╹", (_NOTHING, _BODY): "╻", (_WICK, _NOTHING): "╵", (_NOTHING, _WICK): "╷",
}
"""Glyphs of a cell's (upper, lower) half where candles stand side by side."""
_BROAD = {
    **_THIN, (_BODY, _BODY): "█", (_BODY, _WICK): "▀", (_WICK, _BODY): "▄", (_BODY, _NOTHING): "▀",
    (_NOTHING, _BODY): "▄",
}
"""The same where there is room between them."""
_HOLLOW = {
    **_THIN, (_BODY, _BODY): "║", (_BODY, _WICK): "╨", (_WICK, _BODY): "╥", (_BODY, _NOTHING): "╨",
    (_NOTHING, _BODY): "╥",
}
"""The same of a candle that rose: it is told from one that fell without colour as well."""

Span = tuple[float, float, float]
"""(x, low, high)."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of a picture: `low` in the middle of the lowest one, `high` in that of the highest."""

    low: float
    high: float
    rows: int

    def row(self, value: float) -> float:
        """How many rows up from the bottom edge `value` lies."""
        return (value - self.low) / (self.high - self.low) * (self.rows - 1) + 0.5

    def at(self, row: int) -> float:
        """The value in the middle of a row, the lowest being 0."""
        return self.low + (self.high - self.low) * row / max(1, self.rows - 1)

    def nearest(self, value: float) -> int:
        """The row `value` is in; the first or last where it lies outside."""
        return max(0, min(int(self.row(value)), self.rows - 1))

    def halves(self, low: float, high: float) -> range:
        """The half rows from `low` to `high`, at least one, within the picture."""
        first = max(0, min(round(self.row(low) * 2), 2 * self.rows - 1))
        return range(first, max(first + 1, min(round(self.row(high) * 2), 2 * self.rows)))


    def halves_down(self, low: float, high: float) -> range:
        """The same, where the one half is to lie below `high`."""
        last = max(1, min(round(self.row(high) * 2), 2 * self.rows))
        return range(min(last - 1, max(0, round(self.row(low) * 2))), last)


def flank(pitch: float) -> int:
    """How many cells a candle or column has on either side of its middle."""
    return 1 if pitch >= 4 else 0


def broad(points: Iterable[tuple[float, float]], pitch: float) -> list[tuple[float, float]]:
    """Each point with its flanks."""
    side = flank(pitch)
    return [(x + beside, value) for x, value in points for beside in range(-side, side + 1)]


class _Strokes:
    """Cells by glyph, so that each glyph is drawn once."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))

    def put(self, glyph: str, x: float, y: float) -> None:
        xs, ys = self._places[glyph]
        xs.append(x)
        ys.append(y)

    def draw(self, figure: Figure, colour: str) -> None:
        for glyph, (xs, ys) in self._places.items():
            figure.scatter(xs, ys, color=rgb(colour), marker=glyph)


def candles(
    figure: Figure, grid: Grid, wicks: Sequence[Span], bodies: Sequence[Span], colour: str, glyphs: Glyphs, *,
    pitch: float, rising: bool,
) -> None:
    """Candles of one colour, each with its wick and its body at the same x; hollow ones where they rose.

    Where `pitch` leaves room they are broader, and those that rose are frames.
    """
    strokes, side = _Strokes(), flank(pitch)
    shapes = _HOLLOW if rising else _BROAD if pitch >= 2 else _THIN
    body = glyphs.rising if rising else glyphs.box
    for (x, low, high), (_, least, most) in zip(wicks, bodies, strict=True):
        inside = grid.halves(least, most)
        outside = range(min(grid.halves(low, high).start, inside.start), max(grid.halves(low, high).stop, inside.stop))
        for row in range(outside.start // 2, (outside.stop + 1) // 2):
            upper, lower = (_BODY if h in inside else _WICK if h in outside else _NOTHING
                            for h in (2 * row + 1, 2 * row))
            within = _BODY in (upper, lower)
            glyph = shapes[upper, lower] if glyphs.halves else body if within else glyphs.wick
            if not side or not within:
                strokes.put(glyph, x, grid.at(row))
                continue
            ends = shapes[_only_body(upper), _only_body(lower)] if glyphs.halves else body
            framed = _frame(row, inside, outside) if rising and glyphs.halves else (ends, glyph, ends)
            for beside, part in zip((-side, 0, side), framed, strict=True):
                strokes.put(part, x + beside, grid.at(row))
    strokes.draw(figure, colour)


def _frame(row: int, inside: range, outside: range) -> str:
    """One row, left to right, of a frame around the half rows `inside`, with the wick where `outside` goes on."""
    top, bottom = row == (inside.stop - 1) // 2, row == inside.start // 2
    above, below = top and outside.stop > inside.stop, bottom and outside.start < inside.start
    middle = "┼" if above and below else "┴" if above else "┬" if below else "─" if top or bottom else " "
    left, right = "├┤" if top and bottom else "┌┐" if top else "└┘" if bottom else "││"
    return left + middle + right


def bars(
    figure: Figure, grid: Grid, ends: Iterable[tuple[float, float]], colour: str, glyphs: Glyphs, *, base: float
) -> None:
    """Upright bars from `base` to each (x, end), by half cells; at least one half on the side where the end lies.

    Where halves cannot be drawn, both sides may lie in one row; their glyphs tell them apart.
    """
    strokes = _Strokes()
    for x, end in ends:
        whole = glyphs.rising if end > base else glyphs.box
        inside = grid.halves(base, end) if end > base else grid.halves_down(end, base)
        for row in range(inside.start // 2, (inside.stop + 1) // 2):
            upper, lower = (_BODY if h in inside else _NOTHING for h in (2 * row + 1, 2 * row))
            strokes.put(_BROAD[upper, lower] if glyphs.halves else whole, x, grid.at(row))
    strokes.draw(figure, colour)


def columns(
    figure: Figure, grid: Grid, tops: Iterable[tuple[float, float]], colour: str, glyphs: Glyphs, *, rising: bool
) -> None:
    """Columns of one colour from the bottom edge to (x, share of the height), by eighths of a cell.

    Where the price rose they are lighter than where it fell, as its candles are.
    """
    strokes, steps = _Strokes(), len(glyphs.spark)
    body = glyphs.shades[1] if rising and glyphs.halves else glyphs.rising if rising else glyphs.box
    for x, share in tops:
        eighths = max(1, round(share * grid.rows * steps))
        for row in range(eighths // steps):
            strokes.put(body, x, grid.at(row))
        if rest := eighths % steps:
            low = rising and glyphs.halves and eighths < steps and rest > 2      # nothing of its lighter body is seen
            top = _HOLLOW[_NOTHING, _BODY] if low else glyphs.spark[rest - 1]
            strokes.put(top, x, grid.at(eighths // steps))
    strokes.draw(figure, colour)


def _only_body(half: int) -> int:
    return half if half == _BODY else _NOTHING
