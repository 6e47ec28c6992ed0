"""The footer: what can be pressed here, straight from the key map."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from forecasting.domain.snapshot import Snapshot
from tui import format as fmt
from tui.keymap import KeyEntry, shown_key
from tui.themes import Palette
from tui.widgets.words import Words


class KeyHints(Words):
    """One line at the bottom: hints at the left, the newest notice at the right."""

    def __init__(self) -> None:
        super().__init__(id="hints")

    def show(self, entries: Iterable[KeyEntry], snapshot: Snapshot, palette: Palette) -> None:
        """Show the footer's entries, and whether there is something to know."""
        self.say(hints(entries, snapshot, palette, self.app.size.width - 2))


def hints(entries: Iterable[KeyEntry], snapshot: Snapshot, palette: Palette, width: int) -> Text:
    """The footer line: as many hints as fit beside the notice; help and quit come last in the map but never drop."""
    notice = _notice(snapshot, palette, max(10, width // 3))
    shown = list(entries)
    while shown and sum(len(shown_key(e.keys[0])) + len(e.label) + 3 for e in shown) + notice.cell_len > width:
        shown.pop(-3 if len(shown) > 2 else 0)
    line = Text(no_wrap=True)
    for entry in shown:
        line.append(shown_key(entry.keys[0]), f"bold {palette.accent}").append(f" {entry.label}  ", palette.muted)
    line.append(" " * max(0, width - line.cell_len - notice.cell_len))
    line.append_text(notice)
    line.truncate(width)
    return line


def _notice(snapshot: Snapshot, palette: Palette, width: int) -> Text:
    if not snapshot.notices:
        return Text()
    more = f" (+{len(snapshot.notices) - 1})" if len(snapshot.notices) > 1 else ""
    return Text(fmt.clip(f"! {snapshot.notices[0]}", width - len(more)) + more, palette.warning)
