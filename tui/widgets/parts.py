"""The names of a view's parts in one line, those on screen underlined."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.text import Text

from tui.fitting import fitted
from tui.themes import Palette

ANOTHER = ("h l another part",)


def parts_line(
    names: Sequence[str], shown: Collection[int], palette: Palette, width: int, hints: Sequence[str] = ANOTHER
) -> Text:
    """All names, shorter ones where they need too much room; then as many hints as `width` cells hold.

    Args:
        names: Of all parts.
        shown: Which of them are on screen.
        palette: Colours.
        width: Cells there are.
        hints: What can be pressed here, what matters most first.
    """
    text = Text()
    known, gap = next((way for way in _ways(names) if _width(*way) <= width), (_letters(names), " "))
    for place, name in enumerate(known):
        text.append(gap if place else "")
        text.append(name, f"bold underline {palette.foreground}" if place in shown else palette.muted)
    told = [(rank, Text(f"   {hint}" if rank == 1 else f"  {hint}", palette.muted))
            for rank, hint in enumerate(hints, start=1)]
    return fitted([(0, text), *told], width)


def _ways(names: Sequence[str]) -> Iterator[tuple[Sequence[str], str]]:
    """Names and what stands between them, ever shorter."""
    yield names, "   "
    yield names, "  "
    yield [name.split()[0] for name in names], "  "


def _letters(names: Sequence[str]) -> list[str]:
    return [name[:3] for name in names]


def _width(names: Sequence[str], gap: str) -> int:
    return sum(map(len, names)) + len(gap) * (len(names) - 1)
