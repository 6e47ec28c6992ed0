"""How good the forecasts have been, in parts: one at a time, or two beside each other where there is room.

What is shown is the worker's answer and nothing else. Live forecasts and backfill are never added up.
"""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal

from forecasting.domain.forecast import Origin
from forecasting.domain.interval import Interval
from forecasting.service.accuracy import Accuracy, ModelAccuracy
from tui import format as fmt
from tui.charts import of_record
from tui.charts.figure import Chart
from tui.fitting import Part, fitted
from tui.screens.angle import Reading
from tui.screens.view import Scene, View
from tui.widgets import accuracy_words
from tui.widgets.accuracy_words import Pen
from tui.widgets.parts import parts_line
from tui.widgets.record_part import Content, RecordPart
from tui.widgets.words import Words

PARTS = ("Summary", "Calibration", "Errors", "Direction", "Past")
SIDE_BY_SIDE = 160
"""Columns from which on two parts stand beside each other."""

HINTS = ("h l part", ", . horizon", "s scope", "b origin", "f model")

_ORIGINS = {
    Origin.LIVE: ("live", "made before the outcome existed"),
    Origin.BACKFILL: ("backfill", "walk-forward over the past"),
}


class AccuracyView(View):
    """Summary, calibration, errors, direction, past forecasts; h and l go from one to the next."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._first = 0
        self._painted: object = None
        self._scene: Scene | None = None

    def compose(self) -> ComposeResult:
        """What is looked at, the parts' names, the parts."""
        yield Words(id="accuracy-subject")
        yield Words(id="parts")
        yield Words(id="accuracy-empty")
        with Horizontal(id="accuracy-parts"):
            for name in PARTS:
                yield RecordPart(id=f"part-{name.lower()}", charts_first=name == "Past")

    def show(self, scene: Scene) -> None:
        """Show the open part, and the next one where there is room."""
        self._scene, reading = scene, scene.reading
        if reading is None:
            return
        self.query_one("#accuracy-subject", Words).say(_subject(scene, reading, self.room))
        self.query_one("#parts", Words).say(self._names(scene))
        found, shown = reading.accuracy, reading.shown
        empty = self.query_one("#accuracy-empty", Words)
        empty.display = shown is None
        self.query_one("#accuracy-parts").display = shown is not None
        if found is None or shown is None:
            empty.say(Text(_nothing(reading), scene.palette.muted), layout=True)
            return
        facts = (reading, scene.palette, scene.glyphs, _unit(scene), self._open)
        if facts == self._painted:      # most snapshots settle nothing
            return
        self._painted = facts
        for name in PARTS:
            self._part(name).display = name in self._open
        for name in self._open:
            self._show_part(name, scene, found, shown)

    def _show_part(self, name: str, scene: Scene, found: Accuracy, shown: ModelAccuracy) -> None:
        def write(room: int) -> Content:
            pen = Pen(scene.palette, scene.glyphs, room, _unit(scene))
            words, charts = _content(name, found, shown, pen)
            short = f"over time: {pen.needs(shown.card)}"
            without = "over time: nothing, since nothing is claimed" if shown.card.long_enough else short
            return Content(words, tuple(chart for chart in charts if chart is not None), without)

        self._part(name).show(write, scene.palette, scene.glyphs)

    def _part(self, name: str) -> RecordPart:
        return self.query_one(f"#part-{name.lower()}", RecordPart)

    @property
    def _open(self) -> tuple[str, ...]:
        count = 2 if (self.size.width or self.app.size.width) >= SIDE_BY_SIDE else 1
        first = min(self._first, len(PARTS) - count)
        return PARTS[first : first + count]

    def _names(self, scene: Scene) -> Text:
        return parts_line(PARTS, {PARTS.index(name) for name in self._open}, scene.palette, self.room, HINTS)

    def move(self, rows: int) -> bool:
        """Scroll the open parts."""
        for name in self._open:
            self._part(name).scroll_relative(y=rows, animate=False)
        return True

    def page_rows(self) -> int:
        """Rows of a part, less one to go on from."""
        return max(1, self.query_one("#accuracy-parts").size.height - 1)

    def sideways(self, steps: int) -> None:
        """Go to the next part, stopping at the ends."""
        first = PARTS.index(self._open[0]) + steps
        self._first = max(0, min(first, len(PARTS) - len(self._open)))
        if self._scene is not None:
            self.show(self._scene)


def _content(
    name: str, found: Accuracy, shown: ModelAccuracy, pen: Pen
) -> tuple[Text, tuple[Chart | None, ...]]:
    match name:
        case "Summary":
            hits = None if shown.card.claims_nothing else of_record.hit_chart(shown)
            charts = of_record.skill_chart(shown), hits, of_record.coverage_chart(shown)
            return accuracy_words.summary(found, shown, pen), charts
        case "Calibration":
            return accuracy_words.calibration(found, shown, pen), (
                of_record.pit_chart(shown), of_record.coverage_chart(shown)
            )
        case "Errors":
            return accuracy_words.errors(found, shown, pen), (of_record.saved_chart(shown),)
        case "Direction":
            return accuracy_words.direction(found, shown, pen), (
                of_record.reliability_chart(shown), of_record.hit_chart(shown)
            )
        case _:
            words = accuracy_words.past(shown, pen, named=found.symbol is None)
            return words, (of_record.past_chart(shown, found.horizon),)


def _interval(scene: Scene) -> Interval:
    return scene.rows[0].interval if scene.rows else Interval.DAY


def _unit(scene: Scene) -> str:
    """What issue days are called."""
    return "sessions" if _interval(scene) is Interval.DAY else "bars"


def _subject(scene: Scene, reading: Reading, room: int) -> Text:
    """Whose forecasts, which, how far ahead, of what origin, and how many."""
    palette, asked, shown = scene.palette, reading.asked, reading.shown
    whose = str(asked.symbol) if asked.symbol is not None else f"all {len(asked.symbols)} symbols"
    parts: list[Part] = [(0, Text(whose, f"bold {palette.foreground}"))]
    if shown is not None:
        parts.append((1, Text(f"  {shown.card.model}", palette.forecast)))
    origin, meaning = _ORIGINS[asked.origin]
    parts.append((2, Text(f"  {fmt.bars_ahead(asked.horizon, _interval(scene))} ahead")))
    parts.append((1, Text(f"  {origin}", f"bold {palette.accent}")))
    if shown is not None:
        parts.append((3, Text(f"  n={shown.card.n}"), Text(f" on {shown.card.n_days} {_unit(scene)}")))
    return fitted([*parts, (4, Text(f"  {meaning}", palette.muted))], room)


def _nothing(reading: Reading) -> str:
    """Why there is no figure."""
    origin, _ = _ORIGINS[reading.asked.origin]
    if reading.problem is not None:
        return f"not read: {reading.problem}"
    if reading.accuracy is None:
        return "reading the ledger .."
    other = "live" if reading.asked.origin is Origin.BACKFILL else "backfill"
    return (
        f"No {origin} forecast so far ahead has been settled yet, so nothing is known of its accuracy.\n"
        f"Forecasts are settled when their session has closed; b shows {other} ones."
    )
