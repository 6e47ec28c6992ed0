"""The one screen: truth line, views, footer. What the keys do is in `tui.screens.actions`.

What the first paint does not need (charts, dialogs, the other views) is imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from textual import actions
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.widgets import ContentSwitcher, Input

from forecasting.domain.snapshot import Snapshot
from tui.format import Glyphs
from tui.keymap import VIEWS, KeyEntry, bindings
from tui.screens.actions.accuracy import AccuracyActions
from tui.screens.actions.alerts import AlertActions
from tui.screens.actions.backtest import BacktestActions
from tui.screens.actions.charts import ChartActions
from tui.screens.actions.comparing import ComparingActions
from tui.screens.actions.health import HealthActions
from tui.screens.actions.holdings import HoldingActions
from tui.screens.actions.lists import ListActions
from tui.screens.actions.looks import LookActions
from tui.screens.actions.models import ModelActions
from tui.screens.actions.moving import MovingActions
from tui.screens.actions.pictures import PictureActions
from tui.screens.actions.running import RunningActions
from tui.screens.actions.sharing import SharingActions
from tui.screens.view import View
from tui.screens.watch import WatchView
from tui.widgets.banner import Banner
from tui.widgets.key_hints import KeyHints
from tui.widgets.truth_line import TruthLine
from tui.widgets.watch_table import WatchTable

_LATER = {
    "chart": "ChartView", "accuracy": "AccuracyView", "signals": "SignalsView", "backtest": "BacktestView",
    "models": "ModelsView", "health": "HealthView",
}
"""Views that are imported and made when they are first asked for; each in the module of its name."""


class MainScreen(
    MovingActions, ListActions, AlertActions, AccuracyActions, BacktestActions, ChartActions, HoldingActions,
    SharingActions, LookActions, PictureActions, RunningActions, ModelActions, HealthActions, ComparingActions,
    inherit_bindings=False,
):
    """Puts one view after the other on screen, at any size."""

    HORIZONTAL_BREAKPOINTS = [(0, "-rail"), (40, "-narrow"), (80, "-stacked"), (100, "-wide"), (120, "-wider")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (10, "-low"), (20, "-short"), (30, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = ""      # the keys are the screen's; only the filter ever has the focus

    def __init__(
        self, snapshot: Snapshot, *, keymap: tuple[KeyEntry, ...], glyphs: Glyphs, title: str,
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(snapshot, keymap=keymap, glyphs=glyphs, monotonic=monotonic)
        self._title_text = title
        self.rebind(keymap)

    def rebind(self, keymap: tuple[KeyEntry, ...]) -> None:
        """Take a key map; it is this run's, with its overrides, so the bindings are this instance's."""
        self.keymap = keymap
        self._bindings = BindingsMap(bindings(entry for entry in keymap if not entry.above_all))
        self._where = {actions.parse(entry.action)[1:]: entry.where for entry in keymap}

    # -- what is shown ---------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Truth line, banner, views, footer."""
        self._take_size_classes()
        yield TruthLine(self._title_text)
        yield Banner()
        with ContentSwitcher(initial="watch", id="views"):
            yield WatchView(id="watch")           # the others are made when they are first asked for
        yield KeyHints()

    def _take_size_classes(self) -> None:
        """The classes of the terminal's size, before the first layout; Textual sets them after it and starts over."""
        for size, steps in (
            (self.app.size.width, self.HORIZONTAL_BREAKPOINTS), (self.app.size.height, self.VERTICAL_BREAKPOINTS)
        ):
            self.add_class(next(name for least, name in reversed(steps) if size >= least), update=False)

    def on_mount(self) -> None:
        """First paint, from what the store remembers."""
        self.show()
        self.set_interval(1.0, self._tick)

    def on_resize(self) -> None:
        """Fit the lines and columns to the new size, once the layout has it."""
        self.call_after_refresh(self.show)

    def _tick(self) -> None:
        """Let ages and countdowns grow while nothing arrives."""
        if self.is_up and self.is_current and self.place.snapshot.replay is None:
            self.query_one(TruthLine).show(self.scene())
            if self.view_name == "watch":
                self.view.show(self.scene())

    def on_watch_table_symbol_highlighted(self, event: WatchTable.SymbolHighlighted) -> None:
        """The mouse chose a row."""
        self.select(event.symbol)

    async def on_watch_table_symbol_chosen(self, event: WatchTable.SymbolChosen) -> None:
        """A click on the selected row opens it."""
        self.select(event.symbol)
        await self.action_open()

    # -- views -----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys apply only in the views the key map names."""
        where = self._where.get((action, parameters))
        return where is None or self.view_name in where

    async def action_view(self, name: str) -> None:
        """Show another view."""
        self.close_filter()
        switcher = self.query_one("#views", ContentSwitcher)
        if name in _LATER and not switcher.query(f"#{name}"):
            self.tapecast.read_later_styles()
            try:
                made: View = getattr(import_module(f"tui.screens.{name}"), _LATER[name])(id=name)
            except (ImportError, SyntaxError) as error:      # another version was installed since this app was started
                self.refused(f"{name} cannot be opened ({error}); tapecast was changed on disk, start it anew")
                return
            await switcher.add_content(made)
        self.view_name = name
        switcher.current = name
        self.call_after_refresh(self.show)

    async def action_cycle_view(self, steps: int) -> None:
        """The next view, round and round."""
        await self.action_view(VIEWS[(VIEWS.index(self.view_name) + steps) % len(VIEWS)])

    async def action_open(self) -> None:
        """The selected symbol's chart."""
        symbol = self.subject()
        if symbol is None:
            return
        if self.view_name == "signals" and not self.place.go_to(symbol):
            self.notify(f"{symbol} is in no list; a adds it", markup=False)
            return
        await self.action_view("chart")

    async def action_back(self) -> None:
        """Back to the table; from there, out."""
        if self.view_name == "watch":
            self.app.exit()
        else:
            await self.action_view("watch")

    async def on_record_table_opened(self) -> None:
        """A click on the chosen record opens its symbol's chart."""
        await self.action_open()

    async def action_close_layer(self) -> None:
        """Close the filter, then what the view has open, then the view; never the app."""
        if self.place.filter_text or self.query_one("#filter", Input).display:
            self.set_filter("")
            self.close_filter()
        elif self.has_class("-bare"):
            self.action_bare()
        elif self.view.close_layer():
            pass
        elif self.view_name != "watch":
            await self.action_view("watch")
