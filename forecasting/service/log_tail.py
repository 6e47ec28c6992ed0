"""The newest lines of a log file, with their levels; never more of it than its end, however long it is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from forecasting.data.text import clean_text

BYTES = 256 * 1024
LINES = 2_000
WIDEST = 1_000      # characters of a line that are kept
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_LEVEL = re.compile(rb"\b(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
_HEAD = 60          # bytes of a line within which its level stands


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, cleaned of escape and control characters."""

    level: str      # one of LEVELS; a traceback has that of the line above it
    text: str


def tail(path: Path) -> tuple[LogLine, ...]:
    """The newest lines, oldest first; none where there is no such file."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - BYTES))
            lines = file.read(BYTES).splitlines()
    except OSError:
        return ()
    if size > BYTES:
        del lines[0]      # it may have been cut
    found, level = [], "INFO"
    for line in lines[-LINES:]:
        if (said := _LEVEL.search(line[:_HEAD])) is not None:
            level = said[1].decode()
        text = line[: 4 * WIDEST].decode(errors="replace")
        indent = min(len(text) - len(text.lstrip(" ")), 12)
        found.append(LogLine(level, " " * indent + clean_text(text, limit=WIDEST)))
    return tuple(found)


def at_least(lines: tuple[LogLine, ...], level: str, text: str) -> tuple[LogLine, ...]:
    """The lines of this level or a graver one that hold `text`, in any case."""
    allowed, wanted = LEVELS[LEVELS.index(level) :], text.casefold()
    return tuple(line for line in lines if line.level in allowed and wanted in line.text.casefold())
