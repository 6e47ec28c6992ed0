"""How good the forecasts have been: rolling figures, what came, and every record with its n and interval.

Live forecasts and backfill stand in tables of their own and are never added up.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from forecasting.domain.forecast import BASELINE, Origin, TrackRecord
from tui.charts.of_symbol import coverage_chart, hit_rate_chart, outcome_chart
from tui.screens.view import Scene, View
from tui.widgets.chart_pane import ChartPane
from tui.widgets.record_text import record_table

_NAMES = {
    Origin.LIVE: "live, forecast before the outcome existed",
    Origin.BACKFILL: "backfill, walk-forward over the past",
}


class AccuracyView(View):
    """The record of the selected symbol, and of all symbols."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """Charts above, tables below."""
        with Container(id="accuracy-charts"):
            yield ChartPane(id="hit-rate")
            yield ChartPane(id="coverage")
            yield ChartPane(id="outcomes")
        yield Static(id="records", markup=False)

    def show(self, scene: Scene) -> None:
        """Show the scene's symbol and the whole list's record."""
        detail, palette, glyphs = scene.detail, scene.palette, scene.glyphs
        nothing = f"{scene.symbol or 'no symbol'}: nothing settled yet"
        charts = (
            ("#hit-rate", hit_rate_chart(detail) if detail else None, nothing),
            ("#coverage", coverage_chart(detail) if detail else None, ""),
            ("#outcomes", outcome_chart(detail) if detail else None, ""),
        )
        for name, chart, message in charts:
            self.query_one(name, ChartPane).show(chart, palette, glyphs, message)
        own = detail.records if detail is not None else ()
        facts = (scene.symbol, own, scene.snapshot.records, palette)
        if facts != self._shown:
            self._shown = facts
            self.query_one("#records", Static).update(Group(*self._tables(scene, own)))

    def _tables(self, scene: Scene, own: tuple[TrackRecord, ...]) -> Iterable[RenderableType]:
        yield Text(f"skill: CRPS against {BASELINE} on the same rows; {scene.glyphs.wrong} its interval reaches zero; "
                   "grey hit rates are too uncertain to read; up: always saying up", scene.palette.muted)
        for title, records in ((str(scene.symbol), own), ("All symbols", scene.snapshot.records)):
            for origin in Origin:
                yield Text()
                yield Text.assemble((title, "bold"), (f"  {_NAMES[origin]}", scene.palette.muted))
                yield record_table(records, origin, scene.palette, scene.glyphs)
