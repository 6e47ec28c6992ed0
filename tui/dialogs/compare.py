"""The list's symbols in one chart, each 100 at the start, with where they end and how they go with the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from forecasting.domain.comparison import AskComparison, Comparison, Link
from forecasting.domain.market import Symbol
from forecasting.errors import TapecastError
from tui import format as fmt
from tui.charts.compared import LETTERS, ComparedChart, colour_of
from tui.dialogs.windows import Window
from tui.format import Glyphs
from tui.themes import palette
from tui.widgets.chart_pane import ChartPane
from tui.widgets.words import Words

MOST = len(LETTERS)
KEYS = ", . shorter, longer   Esc close"

Ask = Callable[[AskComparison, Callable[[Comparison], None], Callable[[TapecastError], None]], None]
"""Asks the worker from a thread; calls back on the loop with the answer or with why there is none."""


def link_text(link: Link) -> str:
    """A correlation with its 95 % interval and how many returns it rests on."""
    if link.r is None or link.low is None or link.high is None:
        return f"{fmt.MISSING} n{link.n}"
    return f"{link.r:+.2f} [{link.low:+.2f}..{link.high:+.2f}] n{link.n}"


class Compare(ModalScreen[None]):
    """Fills the screen until it is closed."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False), Binding("q,w", "dismiss(None)", show=False),
        Binding("comma", "longer(-1)", show=False), Binding("full_stop", "longer(1)", show=False),
    ]

    def __init__(self, symbols: tuple[Symbol, ...], ask: Ask, glyphs: Glyphs) -> None:
        """Make it; of more than `MOST` symbols the first are shown, and that is said."""
        super().__init__()
        self._asked, self._symbols = symbols, symbols[:MOST]
        self._ask, self._glyphs, self._window = ask, glyphs, Window()

    def compose(self) -> ComposeResult:
        """The chart, what its letters mean, and the keys."""
        with Vertical(classes="dialog full"):
            yield ChartPane(id="compared")
            yield Words(id="legend")
            yield Words(id="keys-here")

    def on_mount(self) -> None:
        """Ask for the first window."""
        left = len(self._asked) - len(self._symbols)
        more = f"   {len(self._symbols)} of {len(self._asked)}; a filter (/) chooses others" if left else ""
        self.query_one("#keys-here", Words).say(Text(KEYS + more))
        self._inquire()

    def action_longer(self, steps: int) -> None:
        """A longer or shorter window."""
        if (window := self._window.longer(steps)) != self._window:
            self._window = window
            self._inquire()

    def _inquire(self) -> None:
        self._pane_says("comparing ..")
        question = AskComparison(self._symbols, self._window.bars)
        self._ask(question, self._show, lambda error: self._pane_says(str(error)))

    def _pane_says(self, text: str) -> None:
        if self.is_attached:
            self.query_one(ChartPane).show(None, palette(self.app.theme_variables), self._glyphs, text)

    def _show(self, comparison: Comparison) -> None:
        if not self.is_attached:
            return
        if not comparison.curves:
            self._pane_says("no bars that all of these have are stored yet")
            return
        colours = palette(self.app.theme_variables)
        title = f"{self._window.name}, adjusted closes"
        self.query_one(ChartPane).show(ComparedChart(comparison, title), colours, self._glyphs)
        lines = []
        first = comparison.curves[0].symbol
        for place, curve in enumerate(comparison.curves):
            text = Text().append(f"{LETTERS[place]} {curve.symbol:<11}", f"bold {colour_of(place, colours)}")
            text.append(f"{curve.end:>9.1f}  {fmt.percent(curve.end - 100.0):>9}", colours.foreground)
            if place:
                text.append(f"   with {first} {link_text(curve.link)}", colours.muted)
            lines.append(text)
        lines += [Text(note, colours.warning) for note in _notes(comparison)]
        self.query_one("#legend", Words).say(Text("\n", no_wrap=True).join(lines), layout=True)


def _notes(comparison: Comparison) -> list[str]:
    notes = []
    if comparison.shortest is not None:
        notes.append(f"all begin with {comparison.shortest}, whose history is the shortest")
    if comparison.missing:
        notes.append(f"no bars yet: {', '.join(comparison.missing)}")
    return notes
