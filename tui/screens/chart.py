"""One symbol's chart: candles or line, volume, RSI, MACD, forecast fan, and a cross-hair that reads one bar."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult

from forecasting.domain.market import Symbol
from tui import format as fmt
from tui.charts.of_symbol import ChartMemo, SymbolCharts
from tui.screens.view import Scene, View
from tui.themes import Palette
from tui.widgets.chart_pane import ChartPane
from tui.widgets.record_text import pane_record
from tui.widgets.words import Words


class ChartView(View):
    """Panes column under column; moving rows changes the symbol."""

    scrolls = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._scene: Scene | None = None
        self._memo = ChartMemo()
        self._back: int | None = None        # the cross-hair's bar, counted back from the newest
        self._symbol: Symbol | None = None

    def compose(self) -> ComposeResult:
        """Readout, four panes, record."""
        yield Words(id="readout")
        yield ChartPane(id="chart-price")
        yield ChartPane(id="chart-volume")
        yield ChartPane(id="chart-rsi")
        yield ChartPane(id="chart-macd")
        yield Words(id="chart-record")

    def show(self, scene: Scene) -> None:
        """Show the scene's symbol in the switched-on panes."""
        self._scene = scene
        if scene.symbol != self._symbol:
            self._symbol, self._back = scene.symbol, None
        price = self.query_one("#chart-price", ChartPane)
        charts = self._memo.charts(scene.detail, scene.options, price.size.width, self._back)
        palette, glyphs = scene.palette, scene.glyphs
        message = (scene.row and scene.row.error) or f"{scene.symbol or 'no symbol'}: no bars yet"
        price.show(charts.price if charts else None, palette, glyphs, message)
        indicators = scene.options.indicators
        for name, wanted, chart in (
            ("volume", scene.options.volume, charts.volume if charts else None),
            ("rsi", indicators, charts.rsi if charts else None),
            ("macd", indicators, charts.macd if charts else None),
        ):
            pane = self.query_one(f"#chart-{name}", ChartPane)
            pane.set_class(not wanted or chart is None, "-off")
            pane.show(chart, palette, glyphs)
        self.query_one("#readout", Words).say(self._readout(scene, charts))
        self.query_one("#chart-record", Words).say(pane_record(scene.row, palette))

    def page_rows(self) -> int:
        """A page is ten symbols here."""
        return 10

    def sideways(self, steps: int) -> None:
        """Move the cross-hair; it appears at the newest bar and leaves again past it."""
        if self._scene is None:
            return
        back = (-1 if self._back is None else self._back) - steps
        self._back = None if back < 0 else back
        self.show(self._scene)

    def _readout(self, scene: Scene, charts: SymbolCharts | None) -> Text:
        """The bar under the cross-hair, or the newest, in figures."""
        if charts is None or scene.detail is None:
            return Text()
        place = len(charts.candles) - 1 - min(self._back or 0, len(charts.candles) - 1)
        candle, day = charts.candles[place], charts.dates[place]
        palette: Palette = scene.palette
        instrument = scene.detail.instrument
        text = Text(no_wrap=True, overflow="ellipsis").append(instrument.name, "bold")
        text.append(f"  {instrument.currency}  {fmt.bar_name(day)}  ", palette.muted)
        for label, value in (("O", candle.open), ("H", candle.high), ("L", candle.low), ("C", candle.close)):
            text.append(f"{label} ", palette.muted)
            text.append(f"{fmt.price(value, instrument.currency, instrument.symbol)}  ")
        if place > 0:
            move = (candle.close / charts.candles[place - 1].close - 1) * 100
            text.append(fmt.percent(move, 2), palette.up if move > 0 else palette.down)
        return text
