"""The keys of one view, searchable."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from tui.keymap import KeyEntry, shown_key

READING = (
    ("FCST 5d", "median forecast, five sessions ahead"),
    ("80% band", "where 8 of 10 outcomes should fall"),
    ("SKILL", "forecast error against a random walk; +1.0 is one per cent better; ✗ not shown to be above zero"),
    ("b", "backfill: made afterwards, walk-forward; never mixed with live forecasts"),
    ("~", "synthetic: made by a generator, never traded"),
    ("●", "an alert nobody has acknowledged yet"),
    ("STALE", "older than the market's state allows"),
    ("CLS/PRE/AH", "closed, before, after hours"),
)
"""What words and signs on the screen mean."""


class Help(ModalScreen[None]):
    """A searchable table of keys, and how to read the figures."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", "close", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("up", "scroll(-1)", show=False),
    ]

    def __init__(self, view: str, entries: tuple[KeyEntry, ...]) -> None:
        super().__init__()
        self._view = view
        self._entries = entries
        self.shown: tuple[str, ...] = ()     # ids of the entries that match

    def compose(self) -> ComposeResult:
        """Search line, keys, how to read the figures."""
        with Vertical(classes="dialog wide"):
            yield Label(f"Keys in {self._view} - type to search, Esc closes", classes="dialog-title", markup=False)
            yield Input(placeholder="search")
            with VerticalScroll(can_focus=False):
                yield Static(id="keys", markup=False)
                yield Static(_reading(), id="reading", markup=False)

    def on_mount(self) -> None:
        """Show all keys."""
        self._show("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the keys that match."""
        self._show(event.value)

    def action_scroll(self, lines: int) -> None:
        """Scroll the table while the search line has the keys."""
        self.query_one(VerticalScroll).scroll_relative(y=lines * 3, animate=False)

    def _show(self, query: str) -> None:
        needle = query.strip().casefold()
        table = Table.grid(padding=(0, 2))
        found = [e for e in self._entries if needle in f"{_keys(e)} {e.label} {e.tooltip} {e.id}".casefold()]
        for entry in found:
            table.add_row(Text(_keys(entry), "bold"), Text(entry.tooltip), Text(entry.id, "dim"))
        self.shown = tuple(entry.id for entry in found)
        self.query_one("#keys", Static).update(table)


def _keys(entry: KeyEntry) -> str:
    return " ".join(shown_key(key) for key in entry.keys)


def _reading() -> Group:
    table = Table.grid(padding=(0, 2))
    for sign, meaning in READING:
        table.add_row(sign, meaning)
    return Group(table, "None of this is advice.")
