"""What recorded bytes painted: the watch table's rows, and where its cursor stood at every moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pyte

from forecasting.domain.market import Symbol
from tests.support.bench_terminal import COLUMNS, ROWS, Chunk

SYMBOL_COLUMN = range(12)     # the watch table starts at the left edge; its first column is 9 cells wide


class Press(NamedTuple):
    """A key that moves the cursor down to the row of index `row`."""

    at: float
    row: int


class Answer(NamedTuple):
    """A press, how long its repaint took (None: it never came), and the truth line at the time of the press."""

    press: Press
    seconds: float | None
    truth_line: str


class Screen:
    """An emulated terminal with a watch table of `symbols` on it."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self._order = {str(symbol): place for place, symbol in enumerate(symbols)}
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)

    def feed(self, data: bytes) -> None:
        """Paint what a program wrote."""
        self._stream.feed(data)

    def rows(self) -> dict[int, str]:
        """The symbols on screen by line."""
        return {y: symbol for y in range(ROWS) if (symbol := self._symbol(self._first_word(y))) is not None}

    def cursor(self) -> int | None:
        """The index of the symbol whose row alone has another background; None where no row stands out."""
        rows = self.rows()
        colours = {y: self._screen.buffer[y][self._start(y)].bg for y in rows}
        counts = Counter(colours.values())
        marked = [y for y, colour in colours.items() if counts[colour] == 1]
        return self._order[rows[marked[0]]] if len(marked) == 1 and len(rows) > 2 else None

    def line(self, y: int) -> str:
        """One whole line."""
        return "".join(self._screen.buffer[y][x].data for x in range(COLUMNS))

    def _symbol(self, word: str) -> str | None:
        """The symbol a table cell shows; long ones are cut and end with an ellipsis."""
        if word in self._order:
            return word
        meant = [symbol for symbol in self._order if word.endswith("…") and symbol.startswith(word[:-1])]
        return meant[0] if len(meant) == 1 else None

    def _first_word(self, y: int) -> str:
        text = "".join(self._screen.buffer[y][x].data for x in SYMBOL_COLUMN)
        return next(iter(text.replace("~", " ").split()), "")

    def _start(self, y: int) -> int:
        return next(x for x in SYMBOL_COLUMN if self._screen.buffer[y][x].data != " ")


def answers(chunks: Sequence[Chunk], presses: Sequence[Press], symbols: Sequence[Symbol]) -> list[Answer]:
    """How long each press waited for the cursor to stand on its row, or below it where frames were joined.

    A press waits until its row is reached or the next lap begins at a lower one.
    """
    screen = Screen(symbols)
    cursor: int | None = None
    waiting: list[tuple[Press, str]] = []
    found: list[Answer] = []
    todo = list(reversed(presses))
    for chunk in chunks:
        while todo and todo[-1].at < chunk.at:
            press = todo.pop()
            if waiting and waiting[-1][0].row >= press.row:
                found += [Answer(lost, None, line) for lost, line in waiting]
                waiting = []
            if cursor is not None and cursor >= press.row:     # the former lap's end is still on screen
                found.append(Answer(press, None, screen.line(0)))
            else:
                waiting.append((press, screen.line(0)))
        screen.feed(chunk.data)
        cursor = screen.cursor()
        reached = [each for each in waiting if cursor is not None and cursor >= each[0].row]
        found += [Answer(press, chunk.at - press.at, line) for press, line in reached]
        waiting = [each for each in waiting if each not in reached]
    return found + [Answer(lost, None, line) for lost, line in waiting]
