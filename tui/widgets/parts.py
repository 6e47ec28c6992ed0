"""The names of a view's parts in one line, the one on screen underlined."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tui.themes import Palette


def parts_line(names: Sequence[str], here: int, palette: Palette, width: int) -> Text:
    """All names where they fit; else as many as do, the one on screen among them."""
    first = 0
    while first < here and sum(len(name) + 3 for name in names[first : here + 1]) > width:
        first += 1
    text = Text("< " if first else "", palette.muted, no_wrap=True)
    for place, name in list(enumerate(names))[first:]:
        text.append(name, f"bold underline {palette.foreground}" if place == here else palette.muted).append("   ")
    return text.append("h l another part", palette.muted)
