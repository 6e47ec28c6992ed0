"""A small table of figures as text: the first column at the left, the others at the right, as many as there is room."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

GAP = 2
"""Cells between two columns."""


def figure_table(headings: Sequence[str], rows: Sequence[Sequence[Text]], room: int, muted: str) -> Text:
    """Headings and rows, one line each; columns that do not fit into `room` cells are left out, the last ones first."""
    lines = [tuple(Text(heading, muted) for heading in headings), *rows]
    widths = [max(line[place].cell_len for line in lines) for place in range(len(headings))]
    shown = _fitting(widths, room)
    return Text("\n").join(_line(line[:shown], widths) for line in lines)


def _fitting(widths: Sequence[int], room: int) -> int:
    taken = 0
    for place, width in enumerate(widths):
        taken += width + (GAP if place else 0)
        if taken > room and place:
            return place
    return len(widths)


def _line(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for place, (cell, width) in enumerate(zip(cells, widths, strict=False)):
        blank = " " * (width - cell.cell_len)
        if place:
            text.append(" " * GAP + blank).append_text(cell)
        else:
            text.append_text(cell).append(blank)
    return text
