"""The app: paints from the store at once, then lets the engine start.

Nothing heavy is imported here: charts load with the first chart, and everything else that is slow belongs to the
engine's worker process.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import BindingsMap, BindingType

from forecasting.service.facade import EngineFacade
from tui import format as fmt
from tui.bridge import EngineBridge
from tui.keymap import bindings, resolve
from tui.messages import DetailLoaded, EngineFailed
from tui.screens.main import MainScreen
from tui.themes import DEFAULT_THEME, THEMES, theme_name

if TYPE_CHECKING:
    from textual.command import Provider

log = logging.getLogger(__name__)


def _keymap_commands() -> type[Provider]:
    """The palette's commands, imported when it is first opened."""
    from tui.commands import KeymapCommands

    return KeymapCommands


class TapecastApp(App[None], inherit_bindings=False):
    """The terminal app over one engine."""

    TITLE = "tapecast"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []       # all keys are in tui.keymap; ctrl+q stays with flow control
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
        log_path: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the app; nothing starts before `run`.

        Args:
            engine: What is shown and asked.
            theme: A theme's name, short ("light") or full ("tapecast-light").
            keys: Key overrides, action id -> keys; refused ones are told on screen.
            ascii_only: Draw with ASCII characters alone.
            title: Shown before the lists' names, for example "demo".
            log_path: Where the log is, for who is told to look there.
            monotonic: Seconds since some moment; ages are carried on with it between snapshots.
        """
        super().__init__()
        self.engine = engine
        self.bridge = EngineBridge(engine, self.post_message, self.run_in_thread)
        self._entries, self._refused_keys = resolve(keys or {})
        self._bindings = BindingsMap(bindings(e for e in self._entries if e.id == "quit"))    # also above dialogs
        self._glyphs = fmt.ASCII if ascii_only else fmt.UNICODE
        self.set_class(ascii_only, "-ascii")
        self._shown_title = title
        self._log_path = log_path
        self._monotonic = monotonic
        self._main: MainScreen | None = None
        for each in THEMES:
            self.register_theme(each)
        self._start_theme(theme_name(theme))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colour names, also for the moment before the first theme is in force."""
        return dict(THEMES[0].variables)

    def _start_theme(self, name: str) -> None:
        """Put a theme in force before there is anything to restyle, so that the first paint is styled once."""
        self.set_reactive(TapecastApp.theme, name)
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> MainScreen:
        """The one screen, with what the store remembers already in it."""
        self._main = MainScreen(
            self.engine.snapshot(), keymap=self._entries, glyphs=self._glyphs, title=self._shown_title,
            monotonic=self._monotonic,
        )
        return self._main

    def on_mount(self) -> None:
        """Start the engine once the first paint is on screen."""
        self.call_after_refresh(self._first_painted)
        for line in self._refused_keys:
            self.notify(line, severity="warning", timeout=10, markup=False)

    def _first_painted(self) -> None:
        if not gc.isenabled():
            gc.freeze()      # what is here now stays: never look through it again while a key waits
            gc.enable()
        self.bridge.start()

    def on_unmount(self) -> None:
        """Stop the engine, however the app ends."""
        self.engine.stop()

    def leave(self, return_code: int) -> None:
        """End the app from any thread or a signal handler; the loop does it when it next turns."""
        with contextlib.suppress(RuntimeError):      # the loop has ended already
            if self._loop is not None:
                self._loop.call_soon_threadsafe(lambda: self.exit(return_code=return_code))

    def run_in_thread(self, job: Callable[[], None]) -> None:
        """Run a blocking job in a Textual thread worker; may be called from any thread."""
        self.call_later(self.run_worker, job, thread=True, exit_on_error=False)

    def on_snapshot_published(self) -> None:
        """Show the newest snapshot."""
        snapshot = self.bridge.take()
        if snapshot is not None and self._main is not None:
            self._main.show_snapshot(snapshot)

    def on_detail_loaded(self, message: DetailLoaded) -> None:
        """Show a symbol's detail."""
        if self._main is not None:
            self._main.show_detail(message.symbol, message.detail)

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
