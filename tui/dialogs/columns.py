"""Which columns the watch table shows, in which order, and what it is sorted by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from tui.format import Glyphs
from tui.themes import palette
from tui.widgets.columns import BY_KEY, COLUMNS, MEANINGS
from tui.widgets.menu import Menu
from tui.widgets.row_order import SORT_KEYS, SortOrder

KEYS = """\
Space show or hide   J K move down, up   s sort by it, or turn
d the default   Enter done   Esc as before"""
FIXED = "symbol"
"""The column that is always there, and first."""


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """What a person wants to see."""

    keys: tuple[str, ...]      # (): the default, as much of it as fits
    order: SortOrder


class Columns(ModalScreen[ChosenColumns | None]):
    """Gives the columns and the order, or None where all stays as it was."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False), Binding("q", "dismiss(None)", show=False),
        Binding("j,down", "move(1)", show=False), Binding("k,up", "move(-1)", show=False),
        Binding("J,shift+down", "shift(1)", show=False), Binding("K,shift+up", "shift(-1)", show=False),
        Binding("space", "switch", show=False), Binding("s", "sort", show=False), Binding("d", "default", show=False),
        Binding("enter", "done", show=False),
    ]

    def __init__(self, keys: tuple[str, ...], order: SortOrder, glyphs: Glyphs) -> None:
        super().__init__()
        self._order, self._glyphs = order, glyphs
        self._default = not keys
        self._take(keys or tuple(column.key for column in COLUMNS))

    def _take(self, keys: tuple[str, ...]) -> None:
        """Begin with these shown, and the others behind them."""
        shown = [key for key in keys if key in BY_KEY]
        self._keys = [FIXED, *(key for key in [*shown, *(k for k in BY_KEY if k not in shown)] if key != FIXED)]
        self._shown = {FIXED, *shown}

    def compose(self) -> ComposeResult:
        """The columns and the keys."""
        with Vertical(classes="dialog rule"):
            yield Label("Columns", classes="dialog-title", markup=False)
            yield Menu(id="menu")
            yield Label(KEYS, id="keys-here", markup=False)

    def on_mount(self) -> None:
        """Begin on the first."""
        self._show(0)

    def _show(self, at: int | None = None) -> None:
        colours = palette(self.app.theme_variables)
        rows = []
        for key in self._keys:
            mark = ""
            if key == self._order.column:
                mark = self._glyphs.down if self._order.reverse else self._glyphs.up
            text = Text(f"[{'x' if key in self._shown else ' '}] {BY_KEY[key].label:<10} {mark:1} ")
            rows.append(text.append(MEANINGS[key], colours.muted))
        self.query_one(Menu).show(rows, at)

    @property
    def _at(self) -> str:
        return self._keys[self.query_one(Menu).at]

    def action_move(self, steps: int) -> None:
        """Another column."""
        self.query_one(Menu).move(steps)

    def on_menu_clicked(self, event: Menu.Clicked) -> None:
        """A click chooses; a second one shows or hides."""
        if event.row == self.query_one(Menu).at:
            self.action_switch()
        else:
            self._show(event.row)

    def action_switch(self) -> None:
        """Show the column, or hide it."""
        if self._at != FIXED:
            self._shown ^= {self._at}
            self._default = False
            self._show()

    def action_shift(self, steps: int) -> None:
        """Move the column among the others; the symbol stays first."""
        here = self.query_one(Menu).at
        there = max(1, min(here + steps, len(self._keys) - 1))
        if here and there != here:
            self._keys.insert(there, self._keys.pop(here))
            self._default = False
            self._show(there)

    def action_sort(self) -> None:
        """Sort by it; by what the table is sorted by already, the other way round, then not at all."""
        key, order = self._at, self._order
        if key not in SORT_KEYS:
            return
        if order.column != key:
            self._order = SortOrder(key)
        else:
            self._order = SortOrder() if order.reverse else order.turned()
        self._show()

    def action_default(self) -> None:
        """The default again."""
        self._take(tuple(column.key for column in COLUMNS))
        self._default = True
        self._show()

    def action_done(self) -> None:
        """Give what was chosen."""
        keys = () if self._default else tuple(key for key in self._keys if key in self._shown)
        self.dismiss(ChosenColumns(keys, self._order))
