"""One symbol's chart: candles or line, volume, indicators, forecasts past and present, and a cross-hair."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message

from forecasting.domain.chart import INDICATORS
from forecasting.domain.market import Symbol
from forecasting.service.charting import AskChart
from tui.charts.beyond import NOTHING
from tui.charts.figure import Chart
from tui.charts.of_symbol import ChartMemo, SymbolCharts, no_chart
from tui.charts.window import AT_NEWEST, Window
from tui.screens.view import Scene, View
from tui.widgets.chart_pane import ChartPane
from tui.widgets.readout import readout
from tui.widgets.record_text import pane_record
from tui.widgets.words import Words

SHORT_BARS_EVERY_S = 300
"""How often short bars are asked for anew while they are shown."""
PAN_SHARE = 4
"""One step of panning is the window's bars over this; so is a page of the cross-hair."""
PRICE_ROWS, PANE_ROWS, VOLUME_ROWS = 9, 5, 4
"""Fewest lines of a pane; panes for which there is no room are left out, the last first."""
WORDS_ROWS = 4
"""Lines of the readout and the record."""


@dataclass(frozen=True, slots=True)
class _Lack:
    """What is asked for, and what makes it worth asking again."""

    question: AskChart
    newest: object          # bar of the detail
    moment: int             # in steps of SHORT_BARS_EVERY_S; 0 where short bars are not shown


class ChartView(View):
    """Panes column under column; moving rows changes the symbol."""

    scrolls = False

    class Opened(Message):
        """The view is there for the first time."""

    class Lacking(Message):
        """Something is to be shown that the scene does not hold."""

        def __init__(self, question: AskChart) -> None:
            super().__init__()
            self.question = question

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._scene: Scene | None = None
        self._memo = ChartMemo()
        self._charts: SymbolCharts | None = None
        self._window = AT_NEWEST
        self._about: tuple[Symbol | None, str] = (None, "")      # symbol and timeframe of the window
        self._lack: _Lack | None = None

    def compose(self) -> ComposeResult:
        """Readout, panes, record."""
        yield Words(id="readout")
        yield ChartPane(id="chart-price")
        yield ChartPane(id="chart-volume")
        for kind in INDICATORS:
            if kind.pane:
                yield ChartPane(id=f"chart-{kind.key}", classes="extra -off")
        yield ChartPane(id="chart-rsi")
        yield ChartPane(id="chart-macd")
        yield Words(id="chart-record")

    def on_mount(self) -> None:
        """Say that the view is there."""
        self.post_message(self.Opened())

    def show(self, scene: Scene) -> None:
        """Show the scene's symbol in the switched-on panes."""
        self._scene = scene
        if (scene.symbol, scene.options.name) != self._about:
            self._about, self._window = (scene.symbol, scene.options.name), AT_NEWEST
        detail = scene.detail if scene.detail is None or scene.detail.symbol == scene.symbol else None
        alerts = tuple(a for a in scene.snapshot.alerts if a.symbol == scene.symbol)
        price = self.query_one("#chart-price", ChartPane)
        charts = self._charts = self._memo.charts(
            detail, scene.options, price.size.width, self._window, scene.beyond or NOTHING, alerts
        )
        message = (scene.row and scene.row.error) or _waiting(scene)
        price.show(charts.price if charts else None, scene.palette, scene.glyphs, message)
        self._show_panes(scene, charts)
        said = Text() if charts is None or detail is None else readout(
            charts, detail, scene.palette, scene.glyphs, self.room
        )
        self.query_one("#readout", Words).say(said)
        self.query_one("#chart-record", Words).say(pane_record(scene.row, scene.palette, self.room))
        self._ask(scene)

    def _show_panes(self, scene: Scene, charts: SymbolCharts | None) -> None:
        """The panes under the price, as many as there is room for; those a person chose come first."""
        wanted: dict[str, tuple[Chart, int]] = {}
        if charts is not None:
            wanted = {pane.kind.key: (pane, PANE_ROWS) for pane in charts.panes}
            if scene.options.indicators:
                wanted |= {"rsi": (charts.rsi, PANE_ROWS), "macd": (charts.macd, PANE_ROWS)}
            if scene.options.volume:
                wanted["volume"] = charts.volume, VOLUME_ROWS
        room = self.size.height - WORDS_ROWS - PRICE_ROWS
        fitting: dict[str, Chart] = {}
        for name, (chart, rows) in wanted.items():
            if rows <= room:
                fitting[name], room = chart, room - rows
        for pane in self.query(ChartPane):
            name = (pane.id or "").removeprefix("chart-")
            if name != "price":
                pane.set_class(name not in fitting, "-off")
                pane.show(fitting.get(name), scene.palette, scene.glyphs)

    def _ask(self, scene: Scene) -> None:
        """Say once what is lacking: past forecasts, further indicators, short bars."""
        options, detail = scene.options, scene.detail
        if scene.symbol is None or detail is None or detail.symbol != scene.symbol:
            return
        shown = detail.forecasts[0].model if detail.forecasts else None
        past = options.past if shown is not None else None
        question = AskChart(scene.symbol, shown if past else None, past, options.extra, options.frame.short)
        if past is None and not options.extra and not options.frame.short:
            self._lack = None
            return
        moment = int(scene.now.timestamp()) // SHORT_BARS_EVERY_S if question.short else 0
        lack = _Lack(question, detail.bars[-1] if detail.bars else None, moment)
        if lack != self._lack:
            self._lack = lack
            self.post_message(self.Lacking(question))

    def page_rows(self) -> int:
        """A page is ten symbols here."""
        return 10

    def sideways(self, steps: int) -> None:
        """Move the cross-hair; it appears at the newest bar and leaves again past it."""
        if self._charts is not None:
            self._look(self._window.pointed(steps, self._charts.dates, self._charts.keys, self._charts.timeframe))

    def page_sideways(self, pages: int) -> None:
        """Move the cross-hair by a part of the window."""
        if self._charts is not None:
            self.sideways(pages * max(1, len(self._charts.dates) // PAN_SHARE))

    def zoom(self, steps: int) -> None:
        """Closer, or farther."""
        if self._charts is not None:
            self._look(self._window.zoomed(steps, self._charts.keys, self._charts.timeframe))

    def pan(self, steps: int) -> None:
        """Later bars, or earlier ones."""
        if self._charts is not None:
            bars = max(1, len(self._window.span(self._charts.keys, self._charts.timeframe)) // PAN_SHARE)
            self._look(self._window.panned(steps * bars, self._charts.keys, self._charts.timeframe))

    def close_layer(self) -> bool:
        """Back to the newest bars, without a cross-hair; False where that is so already."""
        moved = self._window.moved
        self._look(AT_NEWEST)
        return moved

    def _look(self, window: Window) -> None:
        self._window = window
        if self._scene is not None:
            self.show(self._scene)


def _waiting(scene: Scene) -> str:
    if scene.symbol is None:
        return "no symbol"
    if scene.detail is None and scene.row is not None:
        return f"{scene.symbol} .."
    return no_chart(scene.symbol, scene.detail.bars if scene.detail is not None else ())
