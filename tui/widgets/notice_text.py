"""What tapecast told of itself, and how each sink took it: lines above the journal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from forecasting.domain.decision import Notice
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.alert_text import deliveries


def notice_lines(told: Sequence[Notice], palette: Palette, glyphs: Glyphs) -> tuple[Text | Table, ...]:
    """A title, a row for each and a blank line; nothing where nothing was told. Words go on in a next line."""
    if not told:
        return ()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for notice in told:
        said = Text().append(notice.title, "bold").append(f"  {notice.text}")
        if notice.deliveries:
            said.append(f" {glyphs.sent} ", palette.muted).append_text(deliveries(notice.deliveries, palette, glyphs))
        table.add_row(Text(fmt.local_minute(notice.fired_at), palette.muted), said)
    return Text("About tapecast itself, newest first", palette.muted), table, Text()
