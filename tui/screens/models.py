"""The models in four parts: what trains, which versions there are, how they do, and why a band is this wide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from forecasting.domain.forecast import BASELINE
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, JobStatus, Snapshot
from forecasting.service.backend import Work
from forecasting.service.model_board import Band, ModelBoard
from tui.charts.losses import LossChart, loss_charts
from tui.screens.view import Scene, View
from tui.widgets import model_text
from tui.widgets.band_text import band_text
from tui.widgets.chart_pane import SMALLEST, ChartPane
from tui.widgets.parts import parts_line
from tui.widgets.words import Words
from tui.widgets.work_text import job_table

Part = Literal["training", "versions", "record", "band"]
PARTS: tuple[Part, ...] = ("training", "versions", "record", "band")
NAMES = ("Training", "Versions", "Record and drift", "Why this wide")

CHARTS = 4
"""Networks whose curves are drawn side by side; of more the newest."""

_JOBS = frozenset(work.value for work in Work)


class ModelsView(View):
    """Training, versions, record, band; h and l go from one to the next."""

    scrolls = False

    class Outdated(Message):
        """What the view shows of the models is no longer what there is."""

    class BandOutdated(Message):
        """Another symbol's band is to be explained, or a newer one."""

        def __init__(self, symbol: Symbol) -> None:
            super().__init__()
            self.symbol = symbol

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._part: Part = "training"
        self._scene: Scene | None = None
        self._board: ModelBoard | str = "reading ..."      # a text: why there is none
        self._band: Band | str = ""
        self._facts: object = None
        self._band_facts: object = None
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """The parts' names, a text that scrolls, and the curves of the networks."""
        yield Words(id="models-parts")
        with VerticalScroll(id="models-scroll", can_focus=False):
            yield Static(id="models-text", markup=False)
        with Container(id="loss-charts"):
            for place in range(CHARTS):
                yield ChartPane(id=f"loss-{place}")

    def show(self, scene: Scene) -> None:
        """Show the part that is open; tell where what is known of the models is old."""
        self._scene = scene
        self._ask(scene)
        self.query_one("#models-parts", Words).say(
            parts_line(NAMES, {PARTS.index(self._part)}, scene.palette, self.room)
        )
        facts = (self._part, self.room, scene.palette, scene.glyphs, self._board, self._band, scene.symbol,
                 scene.snapshot.jobs, scene.snapshot.records, scene.now if self._part == "training" else None)
        if facts != self._shown:
            self._shown = facts
            self.query_one("#models-text", Static).update(Group(*self._text(scene, self.room - 2)))
        self._show_curves(scene)

    def _ask(self, scene: Scene) -> None:
        facts = _facts(scene.snapshot)
        if facts != self._facts:
            self._facts = facts
            self.post_message(self.Outdated())
        if self._part == "band" and scene.symbol is not None and (scene.symbol, facts) != self._band_facts:
            self._band_facts = (scene.symbol, facts)
            self._band = f"{scene.symbol}: taking the band apart ..."
            self.post_message(self.BandOutdated(scene.symbol))

    def take_board(self, board: ModelBoard | str) -> None:
        """Show what was asked for with `Outdated`, or why it did not come."""
        self._board = board
        if self._scene is not None:
            self.show(self._scene)

    def take_band(self, band: Band | str) -> None:
        """Show what was asked for with `BandOutdated`, or why it did not come."""
        self._band = band
        if self._scene is not None:
            self.show(self._scene)

    # -- the parts -------------------------------------------------------------------------------------------------

    def _text(self, scene: Scene, width: int) -> Iterator[RenderableType]:
        if self._part == "band":
            yield from self._band_part(scene, width)
        elif self._part == "training":
            yield from self._training(scene, width)
        elif isinstance(self._board, str):
            yield Text(self._board, scene.palette.muted)
        elif self._part == "versions":
            yield model_text.titled("Versions", f"{self._board.trials} trainings with this store", scene.palette)
            yield model_text.versions(self._board, scene.palette, width)
            yield Text()
            yield model_text.titled("History", "", scene.palette)
            yield model_text.history(self._board.runs, scene.palette, scene.glyphs, width)
        else:
            yield from self._record(scene, self._board, width)

    def _training(self, scene: Scene, width: int) -> Iterator[RenderableType]:
        palette, glyphs = scene.palette, scene.glyphs
        jobs = _long_jobs(scene.snapshot)
        if jobs:
            yield job_table(jobs, scene.now, palette, glyphs, width)
        else:
            yield Text("no long job has run since the start", palette.muted)
        yield Text()
        if isinstance(self._board, str):
            yield Text(self._board, palette.muted)
        else:
            yield from model_text.ensemble(model_text.champion_of(self._board), palette, glyphs, width)

    def _record(self, scene: Scene, board: ModelBoard, width: int) -> Iterator[RenderableType]:
        palette, glyphs = scene.palette, scene.glyphs
        yield model_text.titled("Record", f"CRPS skill against {BASELINE} [95%], all symbols", palette)
        yield from model_text.records(scene.snapshot.records, palette, glyphs, width)
        yield Text()
        yield model_text.titled("Drift alarms", "", palette)
        yield from model_text.alarms(board, palette)
        yield Text()
        note = f"factors on the 80% band, learnt from {board.calibrated_symbols} symbols"
        yield model_text.titled("Calibration", note if board.calibration else "", palette)
        yield model_text.calibration(board, palette, width)

    def _band_part(self, scene: Scene, width: int) -> Iterator[RenderableType]:
        if scene.symbol is None:
            yield Text("no symbol is selected", scene.palette.muted)
        elif isinstance(self._band, str):
            yield Text(self._band, scene.palette.muted)
        else:
            interval = scene.row.interval if scene.row is not None else scene.snapshot.rows[0].interval
            yield from band_text(self._band, interval, scene.palette, scene.glyphs, width)

    # -- curves ----------------------------------------------------------------------------------------------------

    def _show_curves(self, scene: Scene) -> None:
        charts = self._curves(scene) if self._part == "training" else ()
        shown = charts[-max(1, min(CHARTS, self.room // SMALLEST[0])) :]
        self.query_one("#loss-charts").display = bool(shown)
        self.set_class(bool(shown), "-curves")
        for place in range(CHARTS):
            pane = self.query_one(f"#loss-{place}", ChartPane)
            pane.display = place < len(shown)
            if place < len(shown):
                pane.show(shown[place], scene.palette, scene.glyphs)

    def _curves(self, scene: Scene) -> tuple[LossChart, ...]:
        """Those of the training that runs; else of the last one, or of who is at work."""
        job = next((job for job in scene.snapshot.jobs if job.name == Work.TRAIN.value), None)
        if job is not None and job.epochs:
            return loss_charts(job.epochs, running=job.health is Health.WORKING)
        if isinstance(self._board, str) or (champion := model_text.champion_of(self._board)) is None:
            return ()
        return loss_charts((e for m in champion.members for e in m.losses), running=False)

    # -- keys ------------------------------------------------------------------------------------------------------

    def move(self, rows: int) -> bool:
        """Scroll; in the part about a band single steps choose the symbol."""
        if self._part == "band" and abs(rows) == 1:
            return False
        self.query_one("#models-scroll").scroll_relative(y=rows, animate=False)
        return True

    def page_rows(self) -> int:
        """Rows of text on screen."""
        return max(1, self.query_one("#models-scroll").size.height - 1)

    def sideways(self, steps: int) -> None:
        """Go to the next part, stopping at the ends."""
        self._part = PARTS[max(0, min(PARTS.index(self._part) + steps, len(PARTS) - 1))]
        self.query_one("#models-scroll").scroll_home(animate=False)
        if self._scene is not None:
            self.show(self._scene)


def _long_jobs(snapshot: Snapshot) -> tuple[JobStatus, ...]:
    return tuple(job for job in snapshot.jobs if job.name in _JOBS or job.name == "challenger")


def _facts(snapshot: Snapshot) -> object:
    """What the board depends on: which long jobs have ended when, which bars there are, who speaks."""
    ended = tuple((job.name, job.last_run) for job in _long_jobs(snapshot) if job.health is not Health.WORKING)
    newest = max((row.closes for row in snapshot.rows), default=())
    return ended, snapshot.model, snapshot.model_train_end, newest
