"""How the returns of the list's symbols go together: a matrix, and each pair with its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from forecasting.domain.comparison import AskCorrelations, Correlations, Link
from forecasting.domain.market import Symbol
from forecasting.errors import TapecastError
from tui import format as fmt
from tui.dialogs.compare import link_text
from tui.dialogs.windows import Window
from tui.themes import Palette, palette
from tui.widgets.words import Words

MOST = 60
NAME, CELL = 11, 6
AROUND = 7
"""Lines that are not rows of the matrix."""
KEYS = "hjkl or arrows choose a pair   o order   , . shorter, longer   Esc close"

Ask = Callable[[AskCorrelations, Callable[[Correlations], None], Callable[[TapecastError], None]], None]
"""Asks the worker from a thread; calls back on the loop with the answer or with why there is none."""


class CorrelationMatrix(ModalScreen[None]):
    """Fills the screen until it is closed."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False), Binding("q,W", "dismiss(None)", show=False),
        Binding("comma", "longer(-1)", show=False), Binding("full_stop", "longer(1)", show=False),
        Binding("j,down", "step(1,0)", show=False), Binding("k,up", "step(-1,0)", show=False),
        Binding("l,right", "step(0,1)", show=False), Binding("h,left", "step(0,-1)", show=False),
        Binding("o", "order", show=False),
    ]

    def __init__(self, symbols: tuple[Symbol, ...], ask: Ask) -> None:
        """Make it; of more than `MOST` symbols the first are shown, and that is said."""
        super().__init__()
        self._asked, self._symbols, self._ask = symbols, symbols[:MOST], ask
        self._window = Window(3)
        self._found: Correlations | None = None
        self._clustered = True
        self._row, self._column = 1, 0
        self._first_row = self._first_column = 0

    def compose(self) -> ComposeResult:
        """What is shown, the matrix, the chosen pair, and the keys."""
        with Vertical(classes="dialog full"):
            yield Words(id="heading")
            yield Words(id="matrix")
            yield Words(id="pair")
            yield Words(id="keys-here")

    def on_mount(self) -> None:
        """Ask for the first window."""
        self._inquire()

    def on_resize(self) -> None:
        """Fit the matrix to the size."""
        self._paint()

    def action_longer(self, steps: int) -> None:
        """A longer or shorter window."""
        if (window := self._window.longer(steps)) != self._window:
            self._window = window
            self._inquire()

    def action_order(self) -> None:
        """What goes together side by side, or the list's own order; the pair stays chosen."""
        if self._found is not None and self._places:
            pair = self._places[self._row], self._places[self._column]
            self._clustered = not self._clustered
            self._row, self._column = (self._places.index(place) for place in pair)
            self._paint()

    def action_step(self, rows: int, columns: int) -> None:
        """Another pair."""
        most = len(self._places) - 1
        self._row = max(0, min(self._row + rows, most))
        self._column = max(0, min(self._column + columns, most))
        self._paint()

    @property
    def _places(self) -> tuple[int, ...]:
        """The symbols' places in the order shown."""
        if self._found is None:
            return ()
        return self._found.order if self._clustered else tuple(range(len(self._found.symbols)))

    def _inquire(self) -> None:
        self._say("#pair", "correlating ..")
        self._ask(AskCorrelations(self._symbols, self._window.bars), self._take,
                  lambda error: self._say("#pair", str(error)))

    def _take(self, found: Correlations) -> None:
        self._found = found
        self._row, self._column = min(self._row, len(found.symbols) - 1), min(self._column, len(found.symbols) - 1)
        self._paint()

    def _say(self, where: str, text: str | Text) -> None:
        if self.is_attached:
            self.query_one(where, Words).say(text if isinstance(text, Text) else Text(text), layout=where == "#matrix")

    def _paint(self) -> None:
        found = self._found
        if found is None or not self.is_attached:
            return
        left = len(self._asked) - len(self._symbols)
        parts = [f"correlation of log returns, {self._window.name}", "clustered" if self._clustered else "list order"]
        parts += [f"first {MOST} of {len(self._asked)}"] if left else []
        parts += [f"no bars yet: {', '.join(found.missing[:5])}"] if found.missing else []
        self._say("#heading", "   ".join(parts))
        self._say("#keys-here", KEYS)
        if len(found.symbols) < 2:
            self._say("#pair", "two symbols with stored bars are needed")
            return
        colours = palette(self.app.theme_variables)
        self._say("#matrix", self._matrix(found, colours))
        one, other = (found.symbols[self._places[place]] for place in (self._row, self._column))
        link = found.link(self._places[self._row], self._places[self._column])
        said = f"{one} with itself" if link is None else f"{one} with {other}: {link_text(link)}, 95% interval"
        self._say("#pair", Text(said, "bold"))

    def _matrix(self, found: Correlations, colours: Palette) -> Text:
        places = self._places
        rows = max(3, self.app.size.height - AROUND - 2)
        columns = max(2, (self.app.size.width - NAME - 8) // CELL)
        self._first_row = _in_sight(self._first_row, self._row, rows, len(places))
        self._first_column = _in_sight(self._first_column, self._column, columns, len(places))
        across = range(self._first_column, min(self._first_column + columns, len(places)))
        lines = [Text(" " * NAME, colours.muted)]
        for column, name in zip(across, _short([found.symbols[places[column]] for column in across]), strict=True):
            lines[0].append(f"{name:>{CELL - 1}} ", "bold" if column == self._column else colours.muted)
        for row in range(self._first_row, min(self._first_row + rows, len(places))):
            name = fmt.clip(found.symbols[places[row]], NAME - 1).ljust(NAME)
            text = Text(name, "bold" if row == self._row else colours.muted)
            for column in across:
                cell = _cell(found.link(places[row], places[column]), colours)
                if (row, column) == (self._row, self._column):
                    cell.stylize("reverse")
                text.append(cell).append(" ")
            lines.append(text)
        return Text("\n", no_wrap=True).join(lines)


def _short(symbols: list[Symbol]) -> list[str]:
    """Symbols over their columns: cut at the end, or where that makes two alike, at the front."""
    cut = [fmt.clip(symbol, CELL - 1) for symbol in symbols]
    return [c if cut.count(c) == 1 else f"{c[-1]}{s[2 - CELL:]}" for c, s in zip(cut, symbols, strict=True)]


def _in_sight(first: int, at: int, room: int, count: int) -> int:
    return max(0, min(max(first, at - room + 1), at, count - room))


def _cell(link: Link | None, colours: Palette) -> Text:
    """A correlation; muted where its interval holds zero, so that nothing is shown to go together."""
    if link is None:
        return Text("1".rjust(CELL - 1), colours.muted)
    if link.r is None or link.low is None or link.high is None:
        return Text(fmt.MISSING.rjust(CELL - 1), colours.muted)
    shown = link.low > 0.0 or link.high < 0.0
    colour = colours.muted if not shown else colours.up if link.r > 0.0 else colours.down
    strong = "bold " if shown and abs(link.r) >= 0.7 else ""
    return Text(f"{link.r:+.2f}".rjust(CELL - 1), f"{strong}{colour}")
