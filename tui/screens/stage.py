"""The ground that the keys' actions stand on: where the person is, what is on screen, and how the engine is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from textual.screen import Screen
from textual.timer import Timer

from forecasting.domain.decision import Alert
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot, SymbolDetail
from forecasting.errors import TapecastError
from tui.charts.options import ChartOptions
from tui.format import Glyphs
from tui.keymap import KeyEntry, entries_for, footer_for
from tui.privacy import Veil, veil
from tui.screens.place import Place
from tui.screens.view import Scene, View
from tui.themes import palette
from tui.widgets.banner import Banner
from tui.widgets.key_hints import KeyHints
from tui.widgets.truth_line import TruthLine

if TYPE_CHECKING:
    from forecasting.service.facade import EngineFacade
    from tui.app import TapecastApp
    from tui.charts.beyond import Beyond

T = TypeVar("T")

DETAIL_DELAY = 0.12
"""Seconds the cursor has to rest before a symbol's detail is read."""


class Stage(Screen[None], inherit_bindings=False):
    """State of the main screen, and what every action needs of it; the actions are mixins in `tui.screens.actions`."""

    def __init__(
        self, snapshot: Snapshot, *, keymap: tuple[KeyEntry, ...], glyphs: Glyphs, monotonic: Callable[[], float],
    ) -> None:
        super().__init__()
        self.keymap = keymap
        self.glyphs = glyphs
        self.place = Place(snapshot)
        self.options = ChartOptions()
        self.view_name = "watch"
        self.detail: SymbolDetail | None = None
        self.masked = False              # the privacy mask
        self._veil = Veil()
        self.beyond: Beyond | None = None
        self._monotonic = monotonic
        self._arrived = monotonic()
        self._rest: Timer | None = None
        self._note: str | None = None                        # a notice of the screen's own
        self._undo: list[Callable[[], str | None]] = []      # newest last

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def tapecast(self) -> TapecastApp:
        """The app, by its own type."""
        return cast("TapecastApp", self.app)

    @property
    def engine(self) -> EngineFacade:
        """Whom actions ask."""
        return self.tapecast.engine

    @property
    def view(self) -> View:
        """The view on screen."""
        return self.query_one(f"#{self.view_name}", View)

    @property
    def is_up(self) -> bool:
        """Whether the widgets are there; while the app closes, late messages still arrive."""
        return self.app.is_running and self.is_attached

    def offered(self) -> tuple[KeyEntry, ...]:
        """What can be done in the view on screen."""
        return entries_for(self.view_name, self.keymap)

    def show(self) -> None:
        """Paint everything visible from the present state; widgets repaint only what differs."""
        if not self.is_up:
            return
        scene = self.scene()
        self.query_one(TruthLine).show(scene)
        self.query_one(Banner).show(scene, paused=self.engine.paused)
        self.view.show(scene)
        self.query_one(KeyHints).show(footer_for(self.view_name, self.keymap), scene.snapshot, scene.palette)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot; read the selected symbol again if its facts have changed."""
        before = self.place.facts()
        self.place.snapshot, self._arrived = self._noted(snapshot), self._monotonic()
        self.show()
        self.tapecast.announce(self.seen(snapshot))
        if self.place.facts() != before and self._rest is None:
            self._want_detail()

    def note(self, line: str | None) -> None:
        """Keep a line before the engine's notices until it is taken back with None."""
        if line != self._note:
            self._note = line
            self.catch_up()

    def _noted(self, snapshot: Snapshot) -> Snapshot:
        return snapshot if self._note is None else replace(snapshot, notices=(self._note, *snapshot.notices))

    def scene(self) -> Scene:
        """All that a view may show."""
        place = self.place
        rows = place.rows()
        if all(row.symbol != place.symbol for row in rows):
            self.choose(rows[0].symbol if rows else None)
        return Scene(
            snapshot=self.seen(place.snapshot), now=self.now(), group=place.group, rows=rows, order=place.order,
            filter_text=place.filter_text, filter_problem=place.filter_problem, symbol=place.symbol,
            detail=self.detail, options=self.options, palette=palette(self.app.theme_variables), glyphs=self.glyphs,
            masked=self.masked,
            beyond=self.beyond,
            list_problem=place.list_problem, columns=self.engine.columns.keys,
        )

    def seen(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot as it may be shown: behind the privacy mask no alert tells an amount."""
        return self._veil.over(snapshot) if self.masked else snapshot

    def now(self) -> datetime:
        """The engine's clock, carried on by whole seconds; a replay's clock runs at its own pace, so it is not."""
        if self.place.snapshot.replay is not None:
            return self.place.snapshot.now
        return self.place.snapshot.now + timedelta(seconds=int(self._monotonic() - self._arrived))

    # -- the symbol under the cursor -------------------------------------------------------------------------------

    def select(self, symbol: Symbol | None) -> None:
        """Put the cursor on `symbol` and paint."""
        if symbol != self.place.symbol:
            self.choose(symbol)
            self.show()

    def choose(self, symbol: Symbol | None) -> None:
        """Put the cursor on `symbol`; whoever calls paints."""
        self.place.symbol = symbol
        self._want_detail()

    def subject(self) -> Symbol | None:
        """The symbol that keys are about: that of the view's own cursor, or the one under the table's."""
        chosen = self.view.chosen
        named = (chosen.symbol,) if isinstance(chosen, Alert) else chosen.symbols if chosen is not None else ()
        return named[0] if named else self.place.symbol

    def _want_detail(self) -> None:
        """Read the selected symbol's detail once the cursor has rested."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(DETAIL_DELAY, self._ask_detail) if self.place.symbol is not None else None

    def _ask_detail(self) -> None:
        self._rest = None
        symbol, engine = self.place.symbol, self.engine
        if symbol is not None:
            self.fetch(
                "detail", lambda: engine.detail(symbol), lambda detail: self.show_detail(symbol, detail),
                lambda error: self.refused(f"{symbol}: {error}"),
            )

    def show_detail(self, symbol: Symbol, detail: SymbolDetail | None) -> None:
        """Take a symbol's detail, unless the cursor has left the symbol."""
        if symbol == self.place.symbol:
            self.detail = detail
            self.view.show(self.scene())

    # -- the engine ------------------------------------------------------------------------------------------------

    def fetch(
        self, topic: str, read: Callable[[], T], then: Callable[[T], None],
        failed: Callable[[TapecastError], None] | None = None,
    ) -> None:
        """Call `read` in a thread, then `then` with what it gave; see the bridge."""
        self.tapecast.bridge.fetch(topic, read, then, failed)

    def catch_up(self) -> None:
        """Show what the engine says now, without waiting for its next snapshot."""
        self.show_snapshot(self.engine.snapshot())

    def ask(self, call: Callable[[], object]) -> bool:
        """Call the engine; what it refuses is told, not raised."""
        try:
            call()
        except TapecastError as error:
            self.refused(str(error))
            return False
        return True

    def refused(self, text: str) -> None:
        """Tell what could not be done."""
        self.notify(text, severity="error", markup=False)

    def done(self, act: Callable[[], str]) -> None:
        """Have the engine do something; show it, and tell what was done."""
        said: list[str] = []
        if self.ask(lambda: said.append(act())):
            self.catch_up()
            self.tell(said[0])

    def tell(self, text: str) -> None:
        """Say something in a toast."""
        self.notify(veil(text) if self.masked else text, markup=False)

    def undoable(self, take_back: Callable[[], str | None]) -> None:
        """Remember how the newest change is taken back; it says what was undone, or None if nothing was."""
        self._undo.append(take_back)

    def action_undo(self) -> None:
        """Take back the newest change that can be."""
        said: list[str | None] = [None]
        while self._undo and not said[-1]:
            take_back = self._undo.pop()
            if not self.ask(partial(_hear, take_back, said)):
                return
        if said[-1]:
            self.catch_up()
        self.tell(said[-1] or "nothing to undo")


def _hear(act: Callable[[], str | None], said: list[str | None]) -> None:
    said.append(act())
