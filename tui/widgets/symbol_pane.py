"""The pane beside the table: price and fan, RSI, MACD, rolling accuracy, and the record in words."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from tui.charts.of_symbol import hit_rate_chart, symbol_charts
from tui.screens.view import Scene
from tui.widgets.chart_pane import ChartPane
from tui.widgets.record_text import pane_record


class SymbolPane(Vertical):
    """Everything about the symbol under the cursor that fits."""

    def compose(self) -> ComposeResult:
        """Plots above, words below."""
        with Container(id="plots"):
            yield ChartPane(id="price")
            with Container(id="oscillators"):
                yield ChartPane(id="rsi")
                yield ChartPane(id="macd")
                yield ChartPane(id="rate")
        yield Static(id="record", markup=False)

    def show(self, scene: Scene) -> None:
        """Show the scene's symbol."""
        detail, palette, glyphs = scene.detail, scene.palette, scene.glyphs
        price = self.query_one("#price", ChartPane)
        charts = None if detail is None else symbol_charts(detail, scene.options, price.size.width)
        waiting = f"{scene.symbol}: no bars yet" if scene.symbol else ""
        price.show(charts and charts.price, palette, glyphs, (scene.row and scene.row.error) or waiting)
        for name in ("rsi", "macd"):
            pane = self.query_one(f"#{name}", ChartPane)
            pane.display = scene.options.indicators
            pane.show(charts and getattr(charts, name), palette, glyphs)
        rate = hit_rate_chart(detail) if detail is not None and charts is not None else None
        self.query_one("#rate", ChartPane).show(rate, palette, glyphs)
        self.query_one("#record", Static).update(pane_record(scene.row, palette))
