"""Long work in words: what runs, how far it is, when it ran last and is due next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from forecasting.domain.snapshot import Health, JobStatus
from tui import format as fmt
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.truth_line import health_colour

WIDE = 100
"""Columns from which times have a column of their own."""
GAP = 2


def job_table(jobs: Sequence[JobStatus], now: datetime, palette: Palette, glyphs: Glyphs, width: int) -> Table:
    """A line for each job: of what there is no room for the least important is left out, each part whole.

    What a failed job says is never shortened: it goes on in further lines.
    """
    table = Table.grid(padding=(0, GAP, 0, 0))
    names = [Text(job.name, no_wrap=True) for job in jobs]
    healths = [Text(job.health.value, f"bold {health_colour(job.health, palette)}", no_wrap=True) for job in jobs]
    times = [Text("  ", palette.muted, no_wrap=True).join(_times(job, now, palette)) for job in jobs]
    room = width - _widest(names) - _widest(healths)
    if width >= WIDE:
        for job, name, health, when in zip(jobs, names, healths, times, strict=True):
            table.add_row(name, health, job_line(job, (), palette, glyphs, room - _widest(times)), when)
    else:
        for job, name, health in zip(jobs, names, healths, strict=True):
            table.add_row(name, health, job_line(job, _times(job, now, palette), palette, glyphs, room))
    return table


def _widest(texts: Sequence[Text]) -> int:
    """Cells of a column, with the gap after it."""
    return max((text.cell_len for text in texts), default=0) + GAP


def job_line(job: JobStatus, times: Sequence[Text], palette: Palette, glyphs: Glyphs, room: int) -> Text:
    """How far it is, "-" where that cannot be told yet, what it says, and its times where they have no column."""
    if job.health is Health.FAILED:
        return Text(job.message)
    parts = _progress_parts(job, palette, glyphs)
    first, *others = _clauses(job.message)
    said = [Text(f"  {first}" if parts else first), *map(Text, others)]
    parts.append((3, *said))
    # When it is due, the last of the two, matters more than when it was.
    parts += [(5 - place, Text("  ").append_text(when)) for place, when in enumerate(times)]
    return fitted(parts, room)


def _clauses(message: str) -> list[str]:
    """What it says in pieces that can be left out from the last one on, each with the sign in front of it."""
    return re.split(r"(?=[,;] | on \d| in \d)", message)


def _progress_parts(job: JobStatus, palette: Palette, glyphs: Glyphs) -> list[Part]:
    if job.health is not Health.WORKING:
        return []
    eta = f"ETA {fmt.MISSING if job.eta_s is None else fmt.countdown(job.eta_s)}"
    if job.progress is None:
        return [(0, Text(eta, palette.muted))]
    bar = Text(f"{fmt.progress_bar(job.progress, 10, glyphs)} ", palette.success)
    return [(2, bar), (0, Text(fmt.share(job.progress), palette.foreground)), (1, Text(f" {eta}", palette.muted))]


def _times(job: JobStatus, now: datetime, palette: Palette) -> list[Text]:
    """When it ran last, and when it runs next."""
    last = None if job.last_run is None else f"{fmt.age(fmt.seconds_between(job.last_run, now))} ago"
    following = None if job.next_run is None else f"next {_when(job.next_run, now)}"
    return [Text(told, palette.muted) for told in (last, following) if told is not None]


def _when(moment: datetime, now: datetime) -> str:
    left = (moment - now).total_seconds()
    return f"in {fmt.countdown(left)}" if left < 3_600 else fmt.local_minute(moment)
