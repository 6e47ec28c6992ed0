"""Health in five parts: what is wrong and what runs, symbols that are doubted, the store, and both logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from forecasting.service.inspection import Inspection
from forecasting.service.log_tail import LEVELS, LogLine, at_least
from tui.screens.sifted import SiftedView
from tui.screens.view import Scene
from tui.widgets import health_text
from tui.widgets.log_lines import LogLines
from tui.widgets.parts import parts_line
from tui.widgets.words import Words
from tui.widgets.work_text import job_table

Part = Literal["overview", "symbols", "store", "app-log", "worker-log"]
PARTS: tuple[Part, ...] = ("overview", "symbols", "store", "app-log", "worker-log")
NAMES = ("Overview", "Symbols", "Store", "App log", "Worker log")
_LOGS = ("app-log", "worker-log")


class HealthView(SiftedView):
    """Why something is late, missing or failed; h and l go from part to part."""

    scrolls = False

    class Outdated(Message):
        """What the view shows of store and processes is old."""

    class LogOutdated(Message):
        """A log is to be read, or read again."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._part: Part = "overview"
        self._scene: Scene | None = None
        self._seen: Inspection | str = "looking ..."      # a text: why it is not known
        self._asked: object = None
        self._lines: tuple[LogLine, ...] = ()
        self._read: Path | None = None                    # what they are of
        self._level = "INFO"

    def compose(self) -> ComposeResult:
        """The parts' names, a text that scrolls, a log with its filter."""
        yield Words(id="health-parts")
        with VerticalScroll(id="health-scroll", can_focus=False):
            yield Static(id="health-text", markup=False)
        yield Words(id="log-note")
        yield LogLines(id="log-lines")
        yield self.box("lines with this text; Enter keeps it, Esc drops it")

    def show(self, scene: Scene) -> None:
        """Show the part that is open; tell that it wants to know more."""
        self._scene = scene
        names = parts_line(NAMES, {PARTS.index(self._part)}, scene.palette, self.room)
        self.query_one("#health-parts", Words).say(names)
        is_log = self._part in _LOGS
        self.query_one("#health-scroll").display = not is_log
        self.query_one("#log-note").display = self.query_one(LogLines).display = is_log
        if (asked := (scene.snapshot.version, self._part, isinstance(self._seen, str))) != self._asked:
            self._asked = asked
            self.post_message(self.Outdated())
            if is_log and (path := self._log) is not None:
                self.post_message(self.LogOutdated(path))
        if is_log:
            self._show_log(scene)
        else:
            self.query_one("#health-text", Static).update(Group(*self._text(scene, self.room - 2)))

    def take_inspection(self, seen: Inspection | str) -> None:
        """Show what was asked for with `Outdated`, or why it did not come."""
        self._seen = seen
        if self._scene is not None:
            self.show(self._scene)

    def take_log(self, path: Path, lines: tuple[LogLine, ...]) -> None:
        """Show what was asked for with `LogOutdated`."""
        self._read, self._lines = path, lines
        if self._scene is not None and self._part in _LOGS:
            self._show_log(self._scene)

    # -- the parts -------------------------------------------------------------------------------------------------

    def _text(self, scene: Scene, width: int) -> Iterator[RenderableType]:
        if self._part == "overview":
            yield from self._overview(scene, width)
        elif isinstance(self._seen, str):
            yield Text(self._seen, scene.palette.muted)
        elif self._part == "symbols":
            yield from _symbols(scene, self._seen, width)
        else:
            yield health_text.title("Store", "", scene.palette)
            yield from health_text.store(self._seen.store, scene.now, scene.palette)
            yield Text()
            yield health_text.title("Findings", "in delivered bars, newest first", scene.palette)
            yield from (Text(line) for line in self._seen.findings or ("none",))

    def _overview(self, scene: Scene, width: int) -> Iterator[RenderableType]:
        snapshot, palette = scene.snapshot, scene.palette
        yield health_text.title("Source", "", palette)
        yield from health_text.source(snapshot, scene.now, palette)
        yield Text()
        yield health_text.title("Jobs", "x stops them", palette)
        yield job_table(snapshot.jobs, scene.now, palette, scene.glyphs, width)
        yield Text()
        yield health_text.title("Notices", "", palette)
        yield from (Text(f"! {notice}", palette.warning) for notice in snapshot.notices)
        if not snapshot.notices:
            yield Text("none", palette.muted)
        yield Text()
        yield health_text.title("Sinks", "", palette)
        seen = self._seen
        if isinstance(seen, str):
            yield Text(seen, palette.muted)
        else:
            yield health_text.sinks(seen.sinks, palette, scene.glyphs, width)
        yield Text()
        yield health_text.title("Processes", "", palette)
        yield Text(seen, palette.muted) if isinstance(seen, str) else health_text.processes(seen, palette, width)

    # -- logs ------------------------------------------------------------------------------------------------------

    @property
    def _log(self) -> Path | None:
        if isinstance(self._seen, str) or self._part not in _LOGS or not self._seen.logs:
            return None
        return self._seen.logs[_LOGS.index(self._part)]

    def _show_log(self, scene: Scene) -> None:
        path, palette = self._log, scene.palette
        lines = at_least(self._lines, self._level, self.wanted) if path is not None and path == self._read else ()
        self.query_one(LogLines).show(lines, palette)
        note = Text(f"{path or 'no log is kept'}  ", palette.muted, no_wrap=True)
        note.append(f"{self._level}+", palette.accent if self._level != "INFO" else palette.muted)
        note.append(f"  '{self.wanted}'" if self.wanted else "", palette.accent)
        self.query_one("#log-note", Words).say(note.append(f"  {len(lines)} lines", palette.muted))

    def next_level(self) -> None:
        """Show lines of the next graver level on; after errors, all."""
        levels = [level for level in LEVELS if level != "CRITICAL"]
        self._level = levels[(levels.index(self._level) + 1) % len(levels)]
        if self._scene is not None:
            self.show(self._scene)

    def ask_filter(self) -> None:
        """Ask for the text that lines must hold; leads to a log where none is open."""
        if self._part not in _LOGS:
            self._part = "app-log"
        super().ask_filter()

    def sift(self) -> None:
        """Show the lines that hold it."""
        if self._scene is not None:
            self.show(self._scene)

    # -- keys ------------------------------------------------------------------------------------------------------

    def move(self, rows: int) -> bool:
        """Scroll."""
        shown = self.query_one(LogLines) if self._part in _LOGS else self.query_one("#health-scroll")
        shown.scroll_relative(y=rows, animate=False)
        return True

    def page_rows(self) -> int:
        """Rows of text on screen."""
        return max(1, self.size.height - 4)

    def sideways(self, steps: int) -> None:
        """Go to the next part, stopping at the ends."""
        self._part = PARTS[max(0, min(PARTS.index(self._part) + steps, len(PARTS) - 1))]
        self.query_one("#health-scroll").scroll_home(animate=False)
        if self._scene is not None:
            self.show(self._scene)


def _symbols(scene: Scene, seen: Inspection, width: int) -> Iterator[RenderableType]:
    palette = scene.palette
    yield health_text.title("Quarantine", "asked for ever more rarely until a good answer comes; R probes now", palette)
    yield health_text.quarantine(seen.quarantine, scene.now, palette, width)
    yield Text()
    yield health_text.title("Rows that failed", "", palette)
    failed = [row for row in scene.snapshot.rows if row.error]
    yield from (Text(row.error or "", palette.error) for row in failed)
    if not failed:
        yield Text("none", palette.muted)
