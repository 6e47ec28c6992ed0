"""A table without lines that fits its width: columns give way in an order, the last one wraps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from tui.themes import Palette

GAP = 2
WRAPPED = 16
"""Cells that the last column is left with at least, where it needs so many."""


def fitted_table(
    headings: Sequence[str], rows: Iterable[Sequence[Text]], palette: Palette, width: int, *, left: int = 1,
    give_way: Sequence[int] = (),
) -> Table:
    """The table in `width` cells.

    Args:
        headings: Of all columns.
        rows: Their cells.
        palette: Colours.
        width: Cells there are.
        left: How many columns hold words and lean left, as the last one does; figures lean right.
        give_way: Columns that may be left out, the first to go first.
    """
    cells = [[Text(heading, palette.muted) for heading in headings], *(list(row) for row in rows)]
    last, shown = len(headings) - 1, list(range(len(headings)))
    needed = [max(row[place].cell_len for row in cells) for place in shown]
    needed[last] = min(needed[last], WRAPPED)
    for place in give_way:
        if sum(needed[p] + GAP for p in shown) - GAP <= width:
            break
        shown.remove(place)
    table = Table.grid(padding=(0, GAP, 0, 0))
    for place in shown:
        words = place < left or place == last
        table.add_column(justify="left" if words else "right", no_wrap=place != last)
    for row in cells:
        table.add_row(*(row[place] for place in shown))
    return table
