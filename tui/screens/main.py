"""The one screen: truth line, views, footer; it turns keys and widgets' messages into what happens next.

What the first paint does not need (charts, dialogs, the other views) is imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, cast

from textual import actions
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import ContentSwitcher, Input

from forecasting.domain.decision import Alert, AlertRule
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot, SymbolDetail
from forecasting.errors import TapecastError
from tui.charts.options import ChartOptions
from tui.format import Glyphs
from tui.keymap import VIEWS, KeyEntry, bindings, entries_for
from tui.screens import alerting
from tui.screens.place import Place
from tui.screens.view import Scene, View
from tui.screens.watch import WatchView
from tui.themes import next_theme, palette
from tui.widgets.banner import Banner
from tui.widgets.key_hints import KeyHints
from tui.widgets.truth_line import TruthLine
from tui.widgets.watch_table import WatchTable

if TYPE_CHECKING:
    from tui.app import TapecastApp

DETAIL_DELAY = 0.12
"""Seconds the cursor has to rest before a symbol's detail is read."""
CHORD_WAIT = 1.0
"""Seconds that the first key of a chord waits for the second."""

_LATER = {"chart": "ChartView", "accuracy": "AccuracyView", "signals": "SignalsView", "health": "HealthView"}
"""Views that are imported and made when they are first asked for; each in the module of its name."""


class MainScreen(Screen[None], inherit_bindings=False):
    """Holds where the person is: view, list, symbol, order, filter, chart options."""

    HORIZONTAL_BREAKPOINTS = [(0, "-rail"), (40, "-narrow"), (80, "-stacked"), (100, "-wide"), (120, "-wider")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (10, "-low"), (20, "-short"), (30, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = ""      # the keys are the screen's; only the filter ever has the focus

    def __init__(
        self, snapshot: Snapshot, *, keymap: tuple[KeyEntry, ...], glyphs: Glyphs, title: str,
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__()
        # The key map is this run's, with its overrides, so the bindings are this instance's.
        self._bindings = BindingsMap(bindings(entry for entry in keymap if entry.id != "quit"))
        self.keymap = keymap
        self._where = {actions.parse(entry.action)[1:]: entry.where for entry in keymap}
        self._glyphs = glyphs
        self._title_text = title
        self._monotonic = monotonic
        self.place = Place(snapshot)
        self.options = ChartOptions()
        self._arrived = monotonic()
        self._view = "watch"
        self._detail: SymbolDetail | None = None
        self._chord = ""
        self._removed_rules: list[int] = []      # newest last
        self._rest: Timer | None = None

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

    @property
    def tapecast(self) -> TapecastApp:
        """The app, by its own type."""
        return cast("TapecastApp", self.app)

    @property
    def view(self) -> View:
        """The view on screen."""
        return self.query_one(f"#{self._view}", View)

    @property
    def is_up(self) -> bool:
        """Whether the widgets are there; while the app closes, late messages still arrive."""
        return self.app.is_running and self.is_attached

    def show(self) -> None:
        """Paint everything visible from the present state; widgets repaint only what differs."""
        if not self.is_up:
            return
        scene = self._scene()
        self.query_one(TruthLine).show(scene)
        self.query_one(Banner).show(scene, paused=self.tapecast.engine.paused)
        self.view.show(scene)
        self.query_one(KeyHints).show(self.offered(), scene.snapshot, scene.palette)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot; read the selected symbol again if its facts have changed."""
        before = self.place.facts()
        self.place.snapshot, self._arrived = snapshot, self._monotonic()
        self.show()
        self.tapecast.announce(snapshot)
        if self.place.facts() != before and self._rest is None:
            self._want_detail()

    def show_detail(self, symbol: Symbol, detail: SymbolDetail | None) -> None:
        """Take a symbol's detail, unless the cursor has left the symbol."""
        if symbol == self.place.symbol and self.is_up:
            self._detail = detail
            self.view.show(self._scene())

    def _scene(self) -> Scene:
        place = self.place
        rows = place.rows()
        if all(row.symbol != place.symbol for row in rows):
            self._choose(rows[0].symbol if rows else None)
        return Scene(
            snapshot=place.snapshot, now=self._now(), group=place.group, rows=rows, order=place.order,
            filter_text=place.filter_text, filter_problem=place.filter_problem, symbol=place.symbol,
            detail=self._detail, options=self.options, palette=palette(self.app.theme_variables), glyphs=self._glyphs,
        )

    def _now(self) -> datetime:
        """The engine's clock, carried on by whole seconds; a replay's clock runs at its own pace, so it is not."""
        if self.place.snapshot.replay is not None:
            return self.place.snapshot.now
        return self.place.snapshot.now + timedelta(seconds=int(self._monotonic() - self._arrived))

    def _tick(self) -> None:
        """Let ages and countdowns grow while nothing arrives."""
        if self.is_up and self.is_current and self.place.snapshot.replay is None:
            self.query_one(TruthLine).show(self._scene())
            if self._view == "watch":
                self.view.show(self._scene())

    # -- the symbol under the cursor -------------------------------------------------------------------------------

    def select(self, symbol: Symbol | None) -> None:
        """Put the cursor on `symbol` and paint."""
        if symbol != self.place.symbol:
            self._choose(symbol)
            self.show()

    def _choose(self, symbol: Symbol | None) -> None:
        self.place.symbol = symbol
        self._want_detail()

    def _want_detail(self) -> None:
        """Read the selected symbol's detail once the cursor has rested."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(DETAIL_DELAY, self._ask_detail) if self.place.symbol is not None else None

    def _ask_detail(self) -> None:
        self._rest = None
        if self.place.symbol is not None:
            self.tapecast.bridge.want_detail(self.place.symbol)

    def on_watch_table_symbol_highlighted(self, event: WatchTable.SymbolHighlighted) -> None:
        """The mouse chose a row."""
        self.select(event.symbol)

    async def on_watch_table_symbol_chosen(self, event: WatchTable.SymbolChosen) -> None:
        """A click on the selected row opens it."""
        self.select(event.symbol)
        await self.action_open()

    # -- moving ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys apply only in the views the key map names."""
        where = self._where.get((action, parameters))
        return where is None or self._view in where

    def offered(self) -> tuple[KeyEntry, ...]:
        """What can be done in the view on screen."""
        return entries_for(self._view, self.keymap)

    def action_move(self, rows: int) -> None:
        """Move the view's cursor, scroll where it has none, or choose another symbol."""
        if not self.view.move(rows):
            self.action_step(rows)

    def action_page(self, pages: int) -> None:
        """Move by a page."""
        self.action_move(pages * self.view.page_rows())

    def action_edge(self, end: int) -> None:
        """Move to the first (-1) or last (1) row."""
        self.action_move(end * 1_000_000)

    def action_step(self, rows: int) -> None:
        """Select the symbol `rows` further down the list, stopping at its ends."""
        self.select(self.place.stepped(rows))

    def action_sideways(self, steps: int) -> None:
        """Columns, or the chart's readout."""
        self.view.sideways(steps)

    def action_chord(self, keys: str, entry_id: str) -> None:
        """The first key of a chord waits for the second; any chord has the same key twice."""
        if self._chord == keys:
            self._chord = ""
            entry = next(entry for entry in self.keymap if entry.id == entry_id)
            self.call_later(self.run_action, entry.action)
        else:
            self._chord = keys
            self.set_timer(CHORD_WAIT, self._forget_chord)

    def _forget_chord(self) -> None:
        self._chord = ""

    # -- views and lists -------------------------------------------------------------------------------------------

    async def action_view(self, name: str) -> None:
        """Show another view."""
        self._close_filter()
        switcher = self.query_one("#views", ContentSwitcher)
        if name in _LATER and not switcher.query(f"#{name}"):
            made: View = getattr(import_module(f"tui.screens.{name}"), _LATER[name])(id=name)
            await switcher.add_content(made)
        self._view = name
        switcher.current = name
        self.call_after_refresh(self.show)

    async def action_cycle_view(self, steps: int) -> None:
        """The next view, round and round."""
        await self.action_view(VIEWS[(VIEWS.index(self._view) + steps) % len(VIEWS)])

    async def action_open(self) -> None:
        """The selected symbol's chart."""
        symbol = self._subject()
        if symbol is None:
            return
        if self._view == "signals" and not self.place.go_to(symbol):
            self.notify(f"{symbol} is in no list; a adds it", markup=False)
            return
        await self.action_view("chart")

    async def action_back(self) -> None:
        """Back to the table; from there, out."""
        if self._view == "watch":
            self.app.exit()
        else:
            await self.action_view("watch")

    async def on_record_table_opened(self) -> None:
        """A click on the chosen record opens its symbol's chart."""
        await self.action_open()

    async def action_close_layer(self) -> None:
        """Close the filter, then the view; never the app."""
        if self.place.filter_text or self.query_one("#filter", Input).display:
            self._set_filter("")
            self._close_filter()
        elif self.has_class("-bare"):
            self.action_bare()
        elif self._view != "watch":
            await self.action_view("watch")

    def action_cycle_list(self, steps: int) -> None:
        """The next watchlist, round and round."""
        self.place.cycle_list(steps)
        self.show()

    # -- alerts ----------------------------------------------------------------------------------------------------

    def _subject(self) -> Symbol | None:
        """The symbol that keys are about: that of the view's own cursor, or the one under the table's."""
        chosen = self.view.chosen
        named = (chosen.symbol,) if isinstance(chosen, Alert) else chosen.symbols if chosen is not None else ()
        return named[0] if named else self.place.symbol

    def action_new_alert(self) -> None:
        """Ask for a rule on the selected symbol, its list, or all."""
        from tui.dialogs.new_alert import Draft, NewAlert  # brings the parser along

        desk, symbol, detail = self.tapecast.engine.alerts, self._subject(), self._detail

        def add(draft: Draft) -> AlertRule:
            return desk.add(draft.text, symbols=draft.symbols, group=draft.group, cooldown=draft.cooldown)

        def added(rule: AlertRule | None) -> None:
            if rule is not None:
                self._done(lambda: alerting.added(rule))

        group = self.place.group.name if self.place.group else None
        bars = len(detail.bars) if detail is not None and detail.symbol == symbol else None
        self.app.push_screen(NewAlert(symbol, group, add, self._glyphs, bars), added)

    def action_acknowledge(self) -> None:
        """Note that the chosen alert, or those of the selected row, have been seen."""
        desk, chosen, symbol = self.tapecast.engine.alerts, self.view.chosen, self.place.symbol
        self._done(lambda: alerting.acknowledge(desk, chosen) if chosen else alerting.acknowledge_of(desk, symbol))

    def action_mute(self) -> None:
        """Mute the chosen rule, or those of the selected row, or let them speak again."""
        desk, rules, now = self.tapecast.engine.alerts, self.place.snapshot.rules, self._now()
        chosen, symbol = self.view.chosen, self.place.symbol
        if chosen is not None:
            self._done(lambda: alerting.mute(desk, rules, chosen, now))
        elif symbol is not None:
            self._done(lambda: alerting.mute_of(desk, rules, symbol, now))

    def action_remove_rule(self) -> None:
        """Take the chosen rule out of force."""
        rule, desk = self.view.chosen, self.tapecast.engine.alerts
        if not isinstance(rule, AlertRule):
            self.notify("choose a rule to remove: h and l lead to Rules", markup=False)
        elif self._ask(lambda: desk.remove(rule.id)):
            self._removed_rules.append(rule.id)
            self._done(lambda: f"rule {rule.id} is removed; what it said stays. u undoes.")

    def _done(self, act: Callable[[], str]) -> None:
        """Do something with alerts; show it, and say what was done."""
        said: list[str] = []
        if self._ask(lambda: said.append(act())):
            self._catch_up()
            self.notify(said[0], markup=False)

    # -- filter and order ------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Ask for the text to filter by."""
        box = self.query_one("#filter", Input)
        box.display = True
        box.value = self.place.filter_text
        box.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        if event.input.id == "filter" and event.input.display:
            self._set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the rows; one that cannot be read stays to be mended."""
        if self.place.filter_problem is None:
            self._close_filter()
            self.show()

    def _set_filter(self, text: str) -> None:
        self.place.filter_text = text
        self.show()

    def _close_filter(self) -> None:
        self.query_one("#filter", Input).display = False
        self.set_focus(None)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.place.order = self.place.order.next_column()
        self.show()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.place.order = self.place.order.turned()
        self.show()

    # -- charts and looks ------------------------------------------------------------------------------------------

    def action_timeframe(self, steps: int) -> None:
        """A longer or shorter timeframe."""
        self.options = self.options.longer(steps)
        self.show()

    def action_toggle_option(self, option: str) -> None:
        """Turn one of the charts' switches."""
        self.options = self.options.toggled(option)
        self.show()

    def action_theme(self) -> None:
        """The next theme."""
        self.app.theme = next_theme(self.app.theme)
        self.call_after_refresh(self.show)

    def action_bare(self) -> None:
        """Only the view, without lines around it."""
        self.toggle_class("-bare")
        self.call_after_refresh(self.show)

    def action_palette(self) -> None:
        """Commands by name."""
        from textual.command import CommandPalette

        self.app.push_screen(CommandPalette())

    def action_help(self) -> None:
        """The keys of this view."""
        from tui.dialogs.help import Help

        self.app.push_screen(Help(self._view, self.offered()))

    # -- the engine ------------------------------------------------------------------------------------------------

    def action_add(self) -> None:
        """Ask for a symbol; the engine says whether it can be one."""
        from tui.dialogs.add_symbol import AddSymbol

        group = self.place.group_name

        def add(text: str) -> Symbol:
            return self.tapecast.engine.add_symbol(group, text)

        def added(symbol: Symbol | None) -> None:
            if symbol is not None:
                self.place.symbol = symbol
                self._catch_up()

        self.app.push_screen(AddSymbol(group, add), added)

    def action_remove(self) -> None:
        """Take the selected symbol off the list."""
        symbol, group = self.place.symbol, self.place.group_name
        if symbol is None:
            return
        neighbour = self.place.after_removal()
        if self._ask(lambda: self.tapecast.engine.remove_symbol(group, symbol)):
            self._choose(neighbour)
            self._catch_up()
            self.notify(f"{symbol} is off the list; its history stays. u undoes.", markup=False)

    def action_undo(self) -> None:
        """Take back the newest add or remove; in Signals, that of a rule."""
        if self._view == "signals" and self._removed_rules:
            rule_id, desk = self._removed_rules.pop(), self.tapecast.engine.alerts
            if self._ask(lambda: desk.restore(rule_id)):
                self._done(lambda: f"rule {rule_id} is in force again")
            return
        said: list[str | None] = []
        if self._ask(lambda: said.append(self.tapecast.engine.undo())):
            self._catch_up()
            self.notify(said[0] or "nothing to undo", markup=False)

    def action_refresh_now(self) -> None:
        """Ask the source now."""
        if self._ask(self.tapecast.engine.refresh):
            self.notify("asked for a refresh", timeout=2, markup=False)

    def action_pause(self) -> None:
        """Stop or resume polling."""
        engine = self.tapecast.engine
        if self._ask(lambda: engine.pause(not engine.paused)):
            self._catch_up()

    def action_speed(self, steps: int) -> None:
        """A faster or slower replay."""
        self._replay(lambda: self.tapecast.engine.change_speed(steps))

    def action_jump(self, sessions: int) -> None:
        """Skip forward in a replay."""
        self._replay(lambda: self.tapecast.engine.jump(sessions))

    def _replay(self, call: Callable[[], None]) -> None:
        if self.place.snapshot.replay is None:
            self.notify("only a replay has a speed; prices here are live", markup=False)
        elif self._ask(call):
            self._catch_up()

    def _catch_up(self) -> None:
        """Show what the engine says now, without waiting for its next snapshot."""
        self.show_snapshot(self.tapecast.engine.snapshot())

    def _ask(self, call: Callable[[], object]) -> bool:
        """Call the engine; what it refuses is told, not raised."""
        try:
            call()
        except TapecastError as error:
            self.notify(str(error), severity="error", markup=False)
            return False
        return True
