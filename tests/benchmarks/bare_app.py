"""The least a Textual app with a table can be: what `bench_first_paint` compares the app to.

Same rows, columns and widths as the watch table, texts from arithmetic, nothing else on screen.
Run as `python -m tests.benchmarks.bare_app ROWS`.
"""

from __future__ import annotations

import sys

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import DataTable

WIDTHS = {
    "SYM": 9, "LAST": 9, "CHG%": 8, "20d": 9, "FCST 5d": 8, "80% band": 13, "SKILL": 8, "SIGNAL": 9, "AGE": 6,
}
"""Labels and widths of the watch table (`tui.widgets.watch_cells.COLUMNS`), whose import would not be bare."""


class BareApp(App[None]):
    """One table."""

    def compose(self) -> ComposeResult:
        """The table."""
        yield DataTable[Text](cursor_type="row", cell_padding=0)

    def on_mount(self) -> None:
        """Fill it."""
        table = self.query_one(DataTable)
        for label, width in WIDTHS.items():
            table.add_column(label, width=width)
        for number in range(1, int(sys.argv[1]) + 1):
            figures = (f"{number * 1.37:{width - 1}.2f}" for width in list(WIDTHS.values())[1:])
            table.add_row(Text(f"SIM-{number:03d}", "bold"), *map(Text, figures))


if __name__ == "__main__":
    BareApp().run()
