"""Health: the source, the jobs, what a person should know, and the rows that failed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from forecasting.domain.snapshot import JobStatus
from tui import format as fmt
from tui.format import Glyphs
from tui.screens.view import Scene, View
from tui.themes import Palette
from tui.widgets.truth_line import health_colour


class HealthView(View):
    """Why something is late, missing or failed."""

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static(id="health-text", markup=False)

    def show(self, scene: Scene) -> None:
        """Show the snapshot's health."""
        self.query_one("#health-text", Static).update(Group(*_parts(scene)))


def _parts(scene: Scene) -> Iterable[RenderableType]:
    palette, snapshot = scene.palette, scene.snapshot
    source = snapshot.source
    yield Text("Source", "bold")
    line = Text(f"{source.name}  ").append(source.health.value, f"bold {health_colour(source.health, palette)}")
    line.append(f"  {source.message}  {source.requests} requests", palette.muted)
    if source.retry_at is not None:
        line.append(f"  next try in {fmt.countdown((source.retry_at - scene.now).total_seconds())}")
    yield line
    yield Text("\nJobs", "bold")
    yield _jobs(snapshot.jobs, scene.now, palette, scene.glyphs)
    yield Text("\nNotices", "bold")
    yield from (Text(f"! {notice}", palette.warning) for notice in snapshot.notices)
    if not snapshot.notices:
        yield Text("none", palette.muted)
    if failed := [row for row in snapshot.rows if row.error]:
        yield Text("\nRows that failed", "bold")
        yield from (Text(row.error or "", palette.error) for row in failed)


def _jobs(jobs: Iterable[JobStatus], now: datetime, palette: Palette, glyphs: Glyphs) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for job in jobs:
        progress = Text()
        if job.progress is not None:
            progress.append(fmt.progress_bar(job.progress, 12, glyphs), palette.up)
            progress.append(f" {fmt.share(job.progress)}")
        if job.eta_s is not None:
            progress.append(f" ETA {fmt.countdown(job.eta_s)}", palette.muted)
        table.add_row(
            Text(job.name), Text(job.health.value, f"bold {health_colour(job.health, palette)}"), Text(job.message),
            progress, Text(f"last {fmt.age(fmt.seconds_between(job.last_run, now))}", palette.muted),
            Text("" if job.next_run is None else f"next in {fmt.countdown((job.next_run - now).total_seconds())}",
                 palette.muted),
        )
    return table
