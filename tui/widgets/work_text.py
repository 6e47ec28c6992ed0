"""Long work in words: what runs, how far it is, when it ran last and is due next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.table import Table
from rich.text import Text

from forecasting.domain.snapshot import Health, JobStatus
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.truth_line import health_colour

WIDE = 100
"""Columns from which times have a column of their own."""


def job_table(jobs: Iterable[JobStatus], now: datetime, palette: Palette, glyphs: Glyphs, width: int) -> Table:
    """One job after the other."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for job in jobs:
        name = Text(job.name, no_wrap=True)
        health = Text(job.health.value, f"bold {health_colour(job.health, palette)}")
        told, times = _told(job, palette, glyphs), _times(job, now, palette)
        if width >= WIDE:
            table.add_row(name, health, told, times)
        else:
            table.add_row(name, health, told.append("  ").append_text(times) if times else told)
    return table


def _told(job: JobStatus, palette: Palette, glyphs: Glyphs) -> Text:
    """How far it is, and what it says."""
    done = progress(job, palette, glyphs)
    return Text("  ").join([done, Text(job.message)]) if done else Text(job.message)


def progress(job: JobStatus, palette: Palette, glyphs: Glyphs) -> Text:
    """A bar, the share done and the time left, "-" before that can be told; nothing of a job that does not run."""
    if job.health is not Health.WORKING:
        return Text()
    eta = fmt.MISSING if job.eta_s is None else fmt.countdown(job.eta_s)
    if job.progress is None:
        return Text(f"ETA {eta}", palette.muted)
    text = Text(fmt.progress_bar(job.progress, 10, glyphs), palette.up)
    return text.append(f" {fmt.share(job.progress)}", palette.foreground).append(f" ETA {eta}", palette.muted)


def _times(job: JobStatus, now: datetime, palette: Palette) -> Text:
    """When it ran last, and when it runs next."""
    last = "" if job.last_run is None else f"{fmt.age(fmt.seconds_between(job.last_run, now))} ago"
    following = "" if job.next_run is None else f"next {_when(job.next_run, now)}"
    return Text("  ".join(part for part in (last, following) if part), palette.muted)


def _when(moment: datetime, now: datetime) -> str:
    left = (moment - now).total_seconds()
    return f"in {fmt.countdown(left)}" if left < 3_600 else fmt.local_minute(moment)
