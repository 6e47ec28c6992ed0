"""A symbol's charts and record: price and fan, RSI, MACD, rolling accuracy, and the record in words."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from tui.charts.of_symbol import ChartMemo, hit_rate_chart, no_chart
from tui.screens.view import Scene
from tui.widgets.chart_pane import ChartPane
from tui.widgets.record_text import pane_record
from tui.widgets.words import Words


class SymbolPlots(Vertical):
    """Everything about the symbol under the cursor that fits."""

    def __init__(self) -> None:
        super().__init__()
        self._memo = ChartMemo()

    def compose(self) -> ComposeResult:
        """Plots above, words below."""
        with Container(id="plots"):
            yield ChartPane(id="price")
            with Container(id="oscillators"):
                yield ChartPane(id="rsi")
                yield ChartPane(id="macd")
                yield ChartPane(id="rate")
        yield Words(id="record")

    def show(self, scene: Scene) -> None:
        """Show the scene's symbol."""
        detail, palette, glyphs = scene.detail, scene.palette, scene.glyphs
        price = self.query_one("#price", ChartPane)
        charts = self._memo.charts(detail, scene.options, price.size.width)
        waiting = no_chart(scene.symbol, detail.bars if detail is not None else ()) if scene.symbol else ""
        price.show(charts.price if charts else None, palette, glyphs, (scene.row and scene.row.error) or waiting)
        for name, chart in (("rsi", charts.rsi if charts else None), ("macd", charts.macd if charts else None)):
            pane = self.query_one(f"#{name}", ChartPane)
            pane.set_class(not scene.options.indicators, "-off")
            pane.show(chart, palette, glyphs)
        rate = hit_rate_chart(detail) if detail is not None and charts is not None else None
        self.query_one("#rate", ChartPane).show(rate, palette, glyphs)
        record = self.query_one("#record", Words)
        record.say(pane_record(scene.row, palette, record.size.width, lines=record.size.height))
