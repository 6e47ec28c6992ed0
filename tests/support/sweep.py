"""Every key, at every size: what nobody would try by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.pilot import Pilot

from tests.support.tui import main_screen
from tui.app import TapecastApp
from tui.keymap import KeyEntry

WIDTHS = (20, 25, 32, 39, 40, 55, 79, 80, 90, 99, 100, 120, 160, 200, 300)
HEIGHTS = (6, 8, 9, 10, 15, 19, 24, 35, 50, 100)
_LEAVES = ("quit", "back", "close")
"""Entries that would end the sweep, or that every other one is followed by."""


def sizes() -> Iterator[tuple[int, int, int]]:
    """(width, height, a number that differs from that of every neighbour)."""
    for i, width in enumerate(WIDTHS):
        for j, height in enumerate(HEIGHTS):
            yield width, height, i + j


async def sweep(pilot: Pilot[None], view: str, share: int = 1) -> int:
    """Do in a view at each size what each key does; how many times something was done.

    Args:
        pilot: Of an app that has been started.
        view: Its name.
        share: Of the view's keys every so many-th is taken at one size, and the others at its neighbours; 1: all.
    """
    app, done = pilot.app, 0
    assert isinstance(app, TapecastApp)
    screen = main_screen(app)
    for width, height, number in sizes():
        await pilot.resize_terminal(width, height)
        await screen.action_view(view)
        for entry in chosen(screen.offered(), share, number):
            await screen.run_action(entry.action)
            await pilot.pause(0)
            while len(app.screen_stack) > 1:
                await app.pop_screen()
            await screen.action_close_layer()
            if screen.view_name != view:
                await screen.action_view(view)
            done += 1
    return done


def chosen(entries: Iterable[KeyEntry], share: int, number: int) -> Iterator[KeyEntry]:
    """Of a view's entries those that are taken at the size of that number."""
    for k, entry in enumerate(entry for entry in entries if entry.id not in _LEAVES):
        if (k + number) % share == 0:
            yield entry
