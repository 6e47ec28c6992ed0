"""The pane beside the table: price and fan, RSI, MACD, rolling accuracy, and the record in words."""

from __future__ import annotations

from textual.containers import Container, Vertical

from tui.charts.of_symbol import ChartMemo, hit_rate_chart
from tui.screens.view import Scene
from tui.widgets.chart_pane import ChartPane
from tui.widgets.record_text import pane_record
from tui.widgets.words import Words


class SymbolPane(Vertical):
    """Everything about the symbol under the cursor that fits; filled after the first paint, which need not wait."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._memo = ChartMemo()
        self._scene: Scene | None = None
        self._filled = False

    def on_mount(self) -> None:
        """Leave the first paint to the table."""
        self.call_after_refresh(self._fill)

    async def _fill(self) -> None:
        await self.mount(
            Container(
                ChartPane(id="price"),
                Container(ChartPane(id="rsi"), ChartPane(id="macd"), ChartPane(id="rate"), id="oscillators"),
                id="plots",
            ),
            Words(id="record"),
        )
        self._filled = True
        self.call_after_refresh(self._show_last)

    def _show_last(self) -> None:
        if self._scene is not None:
            self.show(self._scene)

    def show(self, scene: Scene) -> None:
        """Show the scene's symbol."""
        self._scene = scene
        if not self._filled:
            return
        detail, palette, glyphs = scene.detail, scene.palette, scene.glyphs
        price = self.query_one("#price", ChartPane)
        charts = self._memo.charts(detail, scene.options, price.size.width)
        waiting = f"{scene.symbol}: no bars yet" if scene.symbol else ""
        price.show(charts.price if charts else None, palette, glyphs, (scene.row and scene.row.error) or waiting)
        for name, chart in (("rsi", charts.rsi if charts else None), ("macd", charts.macd if charts else None)):
            pane = self.query_one(f"#{name}", ChartPane)
            pane.set_class(not scene.options.indicators, "-off")
            pane.show(chart, palette, glyphs)
        rate = hit_rate_chart(detail) if detail is not None and charts is not None else None
        self.query_one("#rate", ChartPane).show(rate, palette, glyphs)
        self.query_one("#record", Words).say(pane_record(scene.row, palette))
