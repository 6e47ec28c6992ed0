"""The watch view: the table, the selected symbol's pane, and the signal log."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.suggester import Suggester

from forecasting.domain.snapshot import Health
from tui.privacy import veil
from tui.screens.view import Scene, View
from tui.widgets.columns import columns_for
from tui.widgets.filter_box import FilterBox
from tui.widgets.holding_lines import HoldingLines
from tui.widgets.signal_log import SignalLog
from tui.widgets.symbol_pane import SymbolPane
from tui.widgets.watch_table import WatchTable
from tui.widgets.words import Words

EMPTY = """\
This list is empty.

  a        add a symbol: NVDA, ^GSPC, SAP.DE, BTC-USD
  ] [      other lists
  ?        all keys

Started with `tapecast --demo`, the list is filled for you: real index bars from 1999 on and ten \
synthetic stocks, replayed from mid 2008, without any network."""
LOADING = """\
Loading: {source} is being asked which symbols it has; they will stand here.

  !        what is going on
  ?        all keys"""


class FieldSuggester(Suggester):
    """Completes the last word of a condition to a field of the table."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The text with its last word completed; right arrow takes it."""
        from forecasting.service.filters import completion, is_condition  # not needed for the first paint

        # A word alone may be part of a name; what follows a comparison or stands before one is a field.
        return completion(value) if is_condition(value) or len(value.split()) > 1 else None


def _why_empty(scene: Scene) -> str:
    """Why there is no row, and what to do."""
    if scene.list_problem is not None:
        return f"{scene.list_problem}\n\nIts condition cannot be read; L and then e mends it."
    if scene.filter_text:
        return f"No row matches '{scene.filter_text}'. Esc clears the filter."
    if scene.group is not None and scene.group.filter is not None:
        return f"Of nothing that is watched it holds now that {scene.group.filter}\n\n  ] [      other lists"
    source, watched = scene.snapshot.source, any(group.symbols for group in scene.snapshot.groups)
    if source.health is Health.WORKING and source.name not in NAMELESS and not watched:
        return LOADING.format(source=source.name)
    return EMPTY


NAMELESS = ("yahoo",)
"""Sources that name no symbols by themselves: nothing will come of waiting for them."""
TABLE_LEAST = 81
"""Columns of the table beside the pane, as the style sheet has them from 120 on."""
PANE_LEAST = 60
"""Columns that the pane keeps where a person has chosen more for the table."""


class WatchView(View):
    """What a person sees first."""

    scrolls = False
    _room: int | None = None      # columns given to the table beside the pane; None: what the style sheet says

    def compose(self) -> ComposeResult:
        """Table and pane side by side; the style sheet stacks them where there is no room."""
        with Container(id="watch-body"):
            with Vertical(id="watch-left"):
                yield WatchTable(id="table")
                yield Words(id="empty")
                yield SignalLog()
            yield SymbolPane(id="pane")
        yield HoldingLines()
        yield Words(id="filter-note")
        yield FilterBox(
            placeholder="part of a symbol or name, or last > 100 and signal == buy; Enter keeps it, Esc clears it",
            id="filter", suggester=FieldSuggester(),
        )

    def on_mount(self) -> None:
        """Hide what is not asked for yet."""
        self.query_one("#filter").display = False
        self.query_one("#filter-note").display = False

    def show(self, scene: Scene) -> None:
        """Show the list, and the pane for the symbol under the cursor."""
        empty = self.query_one("#empty", Words)
        empty.display = not scene.rows
        if empty.display:                         # a text that nobody sees would still be laid out
            why = _why_empty(scene)
            empty.say(Text(veil(why) if scene.masked else why), layout=True)
        self._give_room(scene)
        table = self.query_one(WatchTable)
        table.display = bool(scene.rows)
        alerted = frozenset(alert.symbol for alert in scene.snapshot.alerts if alert.acked_at is None)
        table.show(scene.rows, scene.order, scene.symbol, scene.now, scene.palette, scene.glyphs, alerted,
                   scene.columns, masked=scene.masked)
        pane = self.query_one(SymbolPane)
        if scene.rows and pane.styles.display != "none":
            pane.show(scene)
        self.query_one(SignalLog).show(scene)
        self.query_one(HoldingLines).show(scene)
        self._show_filter(scene)

    def _give_room(self, scene: Scene) -> None:
        """Chosen columns get the room they need beside the pane, as far as the pane keeps its least."""
        asked = sum(column.width for column in columns_for(0, scene.columns)) + 1 if scene.columns else 0
        width, wide = self.app.size.width, self.screen.has_class("-wider")
        least = TABLE_LEAST if wide and asked > TABLE_LEAST else 0
        room = min(asked, max(width - PANE_LEAST, least)) if least else None
        if room != self._room:      # a width that is set, even to what it was, has everything laid out and painted anew
            self._room = room
            self.query_one("#watch-left").styles.width = room

    def _show_filter(self, scene: Scene) -> None:
        """What is wrong with the filter while it is typed; afterwards, that there is one."""
        note, typing = self.query_one("#filter-note", Words), self.query_one("#filter").display
        note.display = scene.filter_problem is not None or (bool(scene.filter_text) and not typing)
        if scene.filter_problem is not None:
            note.say(Text(scene.filter_problem, style=scene.palette.warning))
        elif note.display:
            total = len(scene.group.symbols) if scene.group else 0
            shown = f"filter: {scene.filter_text}   {len(scene.rows)} of {total} rows; Esc clears it"
            note.say(Text(shown, style=scene.palette.muted))

    def page_rows(self) -> int:
        """Rows of the table that are on screen, less the header."""
        return max(1, self.query_one(WatchTable).size.height - 2)

    def sideways(self, steps: int) -> None:
        """Scroll the table's columns; the rail stays."""
        self.query_one(WatchTable).scroll_relative(x=steps * 9, animate=False)
