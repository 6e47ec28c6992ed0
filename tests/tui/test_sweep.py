"""No size of the terminal, no view and no key makes the app fail."""

from __future__ import annotations

import pytest

from tests.support.sweep import HEIGHTS, WIDTHS, chosen, sweep
from tests.support.tui import make_app
from tui.keymap import KEYMAP, VIEWS, entries_for

SHARE = 10
"""One key in ten at each size; `python -m tests.benchmarks sweep` presses all."""


def test_each_key_is_pressed_in_each_view_at_every_width_and_every_height() -> None:
    for view in VIEWS:
        entries = entries_for(view, KEYMAP)
        pressed = {
            (entry.id, place)
            for i, width in enumerate(WIDTHS) for j, height in enumerate(HEIGHTS)
            for entry in chosen(entries, SHARE, i + j) for place in (("width", width), ("height", height))
        }  # fmt: skip
        ids = {entry.id for entry in chosen(entries, 1, 0)}
        assert pressed == {
            (id_, place) for id_ in ids
            for place in (*(("width", w) for w in WIDTHS), *(("height", h) for h in HEIGHTS))
        }  # fmt: skip


@pytest.mark.timeout(900)      # a minute on a quiet machine
@pytest.mark.parametrize("view", VIEWS)
async def test_no_key_fails_at_any_size(view: str) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        done = await sweep(pilot, view, SHARE)
    assert done > 3 * len(WIDTHS) * len(HEIGHTS)
