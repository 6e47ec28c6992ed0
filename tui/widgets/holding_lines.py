"""The lines under the watch table: all positions together, and what is held and written down of the chosen symbol."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.screens.view import Scene
from tui.widgets.holding_cells import portfolio_line, symbol_line
from tui.widgets.words import Words


class HoldingLines(Vertical):
    """Takes no line where nothing is held, and none for the symbol where nothing is written down of any."""

    def __init__(self) -> None:
        super().__init__(id="holdings")

    def compose(self) -> ComposeResult:
        """Hidden until there is something to say."""
        yield Words(id="portfolio")
        yield Words(id="held")

    def on_mount(self) -> None:
        """Nothing is known yet."""
        for line in self.query(Words):
            line.add_class("-off")

    def show(self, scene: Scene) -> None:
        """Show `scene`."""
        portfolio, held = self.query_one("#portfolio", Words), self.query_one("#held", Words)
        portfolio.set_class(scene.snapshot.portfolio is None, "-off")
        held.set_class(all(row.holding is None for row in scene.rows), "-off")
        width, look = self.app.size.width - 2, (scene.palette, scene.glyphs)
        if not portfolio.has_class("-off"):
            portfolio.say(portfolio_line(scene.snapshot, width, *look, masked=scene.masked))
        if not held.has_class("-off"):
            held.say(symbol_line(scene.row, width, *look, masked=scene.masked))
