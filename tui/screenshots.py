"""Pictures of the screen as SVG files: what is on it, masked figures masked; nothing is fetched to show them."""

from __future__ import annotations

import io
import itertools
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from forecasting.errors import TapecastError

if TYPE_CHECKING:
    from textual.screen import Screen

_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)      # rich would have the viewer fetch them


def capture(screen: Screen[Any]) -> Console:
    """What is on the screen now, kept for `svg`; takes some milliseconds of the loop."""
    console = Console(
        width=screen.size.width, height=screen.size.height, file=io.StringIO(), force_terminal=True,
        color_system="truecolor", record=True, legacy_windows=False, safe_box=False,
    )
    console.print(screen._compositor.render_update(full=True))
    return console


def svg(captured: Console, title: str) -> str:
    """The picture's text; takes tens of milliseconds, so call it from a thread."""
    return _FONT.sub("", captured.export_svg(title=title))


def keep(picture: str, folder: Path, moment: datetime) -> Path:
    """Write a picture into `folder` (0700) under a name of its own (0600); no file is ever written over.

    Raises:
        TapecastError: If the folder or the file cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in itertools.count(1):
            again = "" if number == 1 else f"-{number}"
            path = folder / f"tapecast-{moment:%Y-%m-%d-%H%M%S}{again}.svg"
            try:
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            with open(file, "w", encoding="utf-8") as out:
                out.write(picture)
            return path
    except OSError as error:
        what = f"screenshot: {folder} takes no file: {error.strerror or error}"
        raise TapecastError(f"{what}; make room, or choose another --data-dir") from error
    raise AssertionError("the names never end")
