"""Helpers for tests that drive the app: nothing here waits for a wall clock."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.support.fake_engine import FakeEngine
from tui.app import TapecastApp
from tui.screens.main import MainScreen
from tui.themes import THEMES, palette
from tui.widgets.chart_pane import ChartPane
from tui.widgets.watch_table import WatchTable

COLOURS = palette({
    **THEMES[0].variables, "accent": "#e6c35c", "success": "#58a6ff", "warning": "#e6c35c", "error": "#ff6b6b",
    "foreground": "#d7dde4", "background": "#0f141a",
})
"""The default theme's palette, for what is drawn without an app."""


def make_app(
    *symbols: str, replaying: bool = False, theme: str = "tapecast", ascii_only: bool = False,
    keys: dict[str, str] | None = None,
) -> TapecastApp:
    """An app over a fake engine, with a clock that stands still."""
    return TapecastApp(
        FakeEngine(*symbols, replaying=replaying), theme=theme, ascii_only=ascii_only, keys=keys, monotonic=lambda: 0.0,
    )


def fake(app: TapecastApp) -> FakeEngine:
    """The app's engine."""
    assert isinstance(app.engine, FakeEngine)
    return app.engine


def main_screen(app: TapecastApp) -> MainScreen:
    """The app's main screen, also while a dialog is above it."""
    screen = app.screen_stack[0]
    assert isinstance(screen, MainScreen)
    return screen


def symbols_shown(app: TapecastApp) -> list[str]:
    """The table's symbols from top to bottom."""
    return [str(row.symbol) for row in main_screen(app).query_one(WatchTable).rows]


def cursor_symbol(app: TapecastApp) -> str:
    """The symbol the table's cursor is on."""
    return symbols_shown(app)[main_screen(app).query_one(WatchTable).cursor_row]


async def settle(pilot: Pilot[None]) -> None:
    """Wait until the cursor has rested, details are read and charts are drawn."""
    app = pilot.app
    assert isinstance(app, TapecastApp)
    for _ in range(3):
        await pilot.pause(0.01)
        await app.workers.wait_for_complete()
        while not all(pane.settled for pane in app.screen_stack[0].query(ChartPane)):
            await pilot.pause(0.01)
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and let each take effect."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()
