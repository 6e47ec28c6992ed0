"""The app: paints from the store at once, then lets the engine start.

Nothing heavy is imported here: charts load with the first chart, and everything else that is slow belongs to the
engine's worker process.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import BindingsMap, BindingType
from textual.events import Event, Key, Paste

from forecasting.domain.snapshot import Snapshot
from forecasting.service.threads import full_pool
from tui import format as fmt
from tui import terminal
from tui.abilities import Abilities, abilities
from tui.alert_news import TOAST_S, AlertNews
from tui.bridge import EngineBridge
from tui.keyboard import KeyHandled, OneByOne, hearing
from tui.keymap import bindings, resolve
from tui.messages import Copied, EngineFailed, Fetched, NoticeGiven, TerminalTold
from tui.privacy import veil, veil_sequence
from tui.screens.main import MainScreen
from tui.suspending import stop_until_woken, waking
from tui.themes import DEFAULT_THEME, SIXTEEN, THEMES, theme_name, theme_problem
from tui.thrift import exact, sparing

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.command import Provider
    from textual.driver import Driver
    from textual.screen import Screen

    from forecasting.config import Settings
    from forecasting.service.facade import EngineFacade
    from forecasting.service.reloading import Reloading

log = logging.getLogger(__name__)

LATER_CSS = Path(__file__).with_name("later.tcss")
"""Styles of what is not on the first screen: half of the time that reading styles takes."""
BELL_PAUSE_S = 1.0
"""The bell rings once for all that comes together."""


def _keymap_commands() -> type[Provider]:
    """The palette's commands, imported when it is first opened."""
    from tui.commands import KeymapCommands

    return KeymapCommands


class TapecastApp(App[None], inherit_bindings=False):
    """The terminal app over one engine."""

    TITLE = "tapecast"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []       # all keys are in tui.keymap; ctrl+q stays with flow control
    VERTICAL_BREAKPOINTS = [(0, "-cramped"), (20, "-roomy")]    # noqa: RUF012 - of dialogs; the main screen has its own
    COMMANDS = {_keymap_commands}                    # noqa: RUF012 - Textual's own declaration
    ENABLE_COMMAND_PALETTE = False                   # its key is in the key map, not fixed

    def __init__(
        self,
        engine: EngineFacade,
        *,
        theme: str = DEFAULT_THEME,
        keys: Mapping[str, str] | None = None,
        ascii_only: bool = False,
        title: str = "",
        bell: bool = True,
        quiet: Callable[[], bool] = lambda: False,
        privacy: bool = False,
        log_path: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        reloading: Reloading | None = None,
    ) -> None:
        """Make the app; nothing starts before `run`.

        Args:
            engine: What is shown and asked.
            theme: A theme's name, short ("light") or full ("tapecast-light").
            keys: Key overrides, action id -> keys; refused ones are told on screen.
            ascii_only: Draw with ASCII characters alone.
            title: Shown before the lists' names, for example "demo".
            bell: Whether alerts ring the terminal's bell.
            quiet: Whether it is a time at which they do not.
            privacy: Whether amounts of money are hidden at first.
            log_path: Where the log is, for who is told to look there.
            monotonic: Seconds since some moment; ages are carried on with it between snapshots.
            reloading: Follows the configuration file; None: an edit waits for the next start.
        """
        super().__init__()
        self.engine = engine
        self.bridge = EngineBridge(engine, self.post_message, self.run_in_thread)
        self._keys = OneByOne(self, super().on_event)
        self._entries, self._refused = resolve(keys or {})
        self._bindings = self._above_all()
        self._able = self._abilities()
        ascii_only = ascii_only or self._able.ascii
        self._glyphs = fmt.ASCII if ascii_only else fmt.UNICODE
        if ascii_only:
            from tui.seven_bits import in_seven_bits  # most terminals show more

            self.driver_class = in_seven_bits(self.driver_class)
        self.set_class(ascii_only, "-ascii")
        self.set_class(self._able.few, "-few")
        self.set_class(not self._able.colours, "-mono")
        if self._able.far:
            self.animation_level = "none"
        self._shown_title = title
        self._bell = bell
        self._privacy = privacy
        self._rang = -BELL_PAUSE_S
        self._quiet = quiet
        self._window_title = ""
        self._log_path = log_path
        self._monotonic = monotonic
        self._reloading = reloading
        self._main: MainScreen | None = None
        for each in THEMES:
            self.register_theme(each)
        self._start_theme(self._theme_for(theme))
        if problem := theme_problem(theme):
            self._refused = (*self._refused, problem)

    @property
    def screenshots(self) -> Path | None:
        """Where pictures of the screen are kept; None where nothing is."""
        return None if self._log_path is None else self._log_path.parent / "screenshots"

    @property
    def mouse(self) -> bool:
        """Whether the terminal is to report the mouse."""
        return self._able.mouse

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, losing no key, writing fewer bytes, no colour where none is wanted, and waking as it was."""
        return sparing(waking(hearing(super().get_driver_class())), colours=self._abilities().colours)

    def _above_all(self) -> BindingsMap:
        """The keys that hold above dialogs too."""
        return BindingsMap(bindings(entry for entry in self._entries if entry.above_all))

    def _abilities(self) -> Abilities:
        """What the terminal can do; Textual's own constructor asks already, for the driver."""
        return abilities(
            os.environ, colour_system=self.console.color_system, no_color=self.no_color,
            encoding=getattr(sys.__stdout__, "encoding", None),
        )

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Paint what has changed and no more."""
        super()._display(screen, exact(renderable))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colour names, also for the moment before the first theme is in force."""
        return dict(THEMES[0].variables)

    def _theme_for(self, wanted: str) -> str:
        """The theme's full name; the default says nothing in 16 colours, so it becomes another there."""
        name = theme_name(wanted)
        return SIXTEEN if self._able.few and name == DEFAULT_THEME else name

    def _start_theme(self, name: str) -> None:
        """Put a theme in force before there is anything to restyle, so that the first paint is styled once."""
        self.set_reactive(TapecastApp.theme, name)
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> MainScreen:
        """The one screen, with what the store remembers already in it."""
        snapshot = self.engine.snapshot()
        self._news = AlertNews(snapshot)
        self._main = MainScreen(
            snapshot, keymap=self._entries, glyphs=self._glyphs, title=self._shown_title,
            monotonic=self._monotonic,
        )
        self._main.masked = self._privacy
        return self._main

    def on_mount(self) -> None:
        """Start the engine once the first paint is on screen."""
        self.call_after_refresh(self._first_painted)
        self.app_resume_signal.subscribe(self, lambda _: self._take_terminal_again())
        for line in self._refused:
            self.notify(line, severity="warning", timeout=10, markup=False)

    def _first_painted(self) -> None:
        if not gc.isenabled():
            gc.freeze()      # what is here now stays: never look through it again while a key waits
            gc.enable()
        asyncio.get_running_loop().set_default_executor(full_pool())      # thread workers run in it
        self.read_later_styles()
        self._write(terminal.KEEP_TITLE)
        self._set_title(self._main.place.snapshot.alerts_unseen if self._main is not None else 0)
        self.bridge.start()
        if self._reloading is not None:
            from tui.edited_settings import EditedSettings  # not needed for the first paint

            EditedSettings(self, self._reloading).start()

    def read_later_styles(self) -> None:
        """Read what was left out of the first paint's styles: soon after it, or for a key that is quicker."""
        if not self.stylesheet.has_source(str(LATER_CSS)):
            self.stylesheet.read(LATER_CSS)
            self.stylesheet.parse()

    def push_screen(self, *given: Any, **named: Any) -> Any:
        """Open a dialog."""
        self.read_later_styles()
        return super().push_screen(*given, **named)

    def action_suspend_process(self) -> None:
        """Give the terminal back to the shell, until that wakes the app."""
        stopped = False
        if self._driver is not None and self._driver.can_suspend:      # it cannot in a browser
            self._write(terminal.OLD_TITLE)
            with self.suspend():
                stopped = stop_until_woken()
        if not stopped:
            self.notify("no shell is behind tapecast here that could bring it back; ^c quits", markup=False)

    def _take_terminal_again(self) -> None:
        """Paint everything: who had the terminal meanwhile has left something else there."""
        self._write(terminal.KEEP_TITLE)
        self._write(self._window_title)
        self.refresh(layout=True)

    def take_over(self, before: Settings, settings: Settings) -> tuple[str, ...]:
        """Look and act as edited settings say; returns a line for each key, and for a theme, that was refused.

        What a person has changed by key since stands, unless the edit is about just that.
        """
        self._entries, refused = resolve(settings.keys)
        self._bindings = self._above_all()
        self._bell, self._quiet = settings.display.bell, settings.alerts.is_quiet
        same_theme = before.display.theme == settings.display.theme
        if not same_theme and (problem := theme_problem(settings.display.theme)):
            refused = (*refused, problem)
        if before.display.columns != settings.display.columns:
            self.engine.columns.take(settings.display.columns)
        if self._main is not None:
            self._main.rebind(self._entries)
            self._main.wear(self.theme if same_theme else self._theme_for(settings.display.theme))
        return refused

    def note(self, line: str | None) -> None:
        """Keep a line among the notices until it is taken back with None."""
        if self._main is not None:
            self._main.note(line)

    def on_unmount(self) -> None:
        """Stop the engine, however the app ends."""
        self._write(terminal.OLD_TITLE)
        self.engine.stop()

    def leave(self, return_code: int) -> None:
        """End the app from any thread or a signal handler; the loop does it when it next turns."""
        with contextlib.suppress(RuntimeError):      # the loop has ended already
            if self._loop is not None:
                self._loop.call_soon_threadsafe(lambda: self.exit(return_code=return_code))

    def run_in_thread(self, job: Callable[[], None]) -> None:
        """Run a blocking job in a Textual thread worker; may be called from any thread."""
        self.call_later(self.run_worker, job, thread=True, exit_on_error=False)

    async def on_event(self, event: Event) -> None:
        """Keys one by one; but what quits does so at once."""
        typed = isinstance(event, (Key, Paste)) and not event.is_forwarded
        if typed and not (isinstance(event, Key) and event.key in self._bindings.key_to_bindings):
            await self._keys.take(event)
        else:
            await super().on_event(event)

    async def on_key_handled(self, message: KeyHandled) -> None:
        """A key is done with."""
        await self._keys.handled(message)

    def on_snapshot_published(self) -> None:
        """Show the newest snapshot."""
        snapshot = self.bridge.take()
        if snapshot is not None and self._main is not None:
            self._main.show_snapshot(snapshot)

    def announce(self, snapshot: Snapshot) -> None:
        """Tell what alerts have come since the snapshot before, and how many nobody has seen."""
        news = self._news.take(snapshot, self._monotonic())
        for line in news:
            self.notify(line, title="alert", severity="warning", timeout=TOAST_S, markup=False)
        if news and not self._quiet():
            self._write(terminal.BELL)
        self._set_title(snapshot.alerts_unseen)

    def notify(self, message: str, **look: Any) -> None:
        """Show a toast: every one, also of what was refused, passes here, and none tells an amount behind the mask."""
        super().notify(veil(message) if self._masked else message, **look)

    @property
    def _masked(self) -> bool:
        return self._main is not None and self._main.masked

    def on_notice_given(self, message: NoticeGiven) -> None:
        """Show a word about tapecast itself."""
        self.notify(message.text, title=message.title, severity="warning", timeout=TOAST_S, markup=False)

    def on_terminal_told(self, message: TerminalTold) -> None:
        """Write it between two frames; see `tui.terminal` for what may pass."""
        self._write(veil_sequence(message.sequence) if self._masked else message.sequence)

    def on_copied(self, message: Copied) -> None:
        """Put it on the clipboard, as a key has asked for; nobody else may, so it has a gate of its own."""
        if terminal.is_copy(message.sequence):
            self._put(message.sequence)

    def _set_title(self, unseen: int) -> None:
        sequence = terminal.title(self._shown_title or self.TITLE, unseen)
        if sequence != self._window_title:
            self._window_title = sequence
            self._write(sequence)

    def _write(self, sequence: str) -> None:
        """The one way to the terminal that does not lead over the screen."""
        if not terminal.allowed(sequence):
            log.warning("not written to the terminal: %r", sequence[:80])
            return
        if sequence == terminal.BELL:
            before, self._rang = self._rang, self._monotonic()
            if not self._bell or self._rang - before < BELL_PAUSE_S:
                return
        self._put(sequence)

    def _put(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)
            self._driver.flush()

    def on_fetched(self, message: Fetched) -> None:
        """Hand over what was read, unless the screen is gone."""
        if self._main is not None and self._main.is_up:
            message.deliver()

    def on_engine_failed(self, message: EngineFailed) -> None:
        """Tell what went wrong in a thread."""
        self.notify(message.text, severity="error", markup=False)

    def _fatal_error(self) -> None:
        """End with one line.

        Textual would print the value of every variable on the way to the error, web-hook addresses among them.
        """
        error = sys.exception()
        log.critical("unexpected", exc_info=error)
        what = f"tapecast has stopped over an unexpected {type(error).__name__}; what was stored is safe"
        self.panic(Text(f"{what}, {self._log_path or 'the log'} has the traceback"))
