"""Signals and alerts in three parts: what alert rules said, the rules, and the journal of signals."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from forecasting.domain.decision import Alert, AlertRule, RuleStatus, ScoredSignal
from tui import format as fmt
from tui.screens.sifted import SiftedView, holds
from tui.screens.view import Scene
from tui.widgets import alert_text
from tui.widgets.journal import JOURNAL, Journal
from tui.widgets.parts import parts_line
from tui.widgets.record_table import Heading, RecordTable
from tui.widgets.words import Words

Part = Literal["alerts", "rules", "journal"]
PARTS: tuple[Part, ...] = ("alerts", "rules", "journal")

RULES = 500
"""Rules listed, the newest; `tapecast alerts list` has them all."""

NARROW = 60
"""Cells of a table below which times give way to words."""

LOW = 16
"""Lines of screen below which the table has them all."""

TEACH = """\
There are no alert rules yet.

A adds one for the selected symbol, its list or all symbols, for example

  rsi crosses above 30
  last > 200 or change_pct < -3
  change_pct(5 bars) < -5 and volume_ratio > 2
  last crosses below band_low_5d

Rules are looked at after each refresh; what they say stands here,
with its reason, until you have seen it."""

NOTHING = "None here holds these words; Esc shows all again."
QUIET = "Nothing has come true yet. l shows the rules, and what each of them waits for."


class SignalsView(SiftedView):
    """Alerts, rules, journal; h and l go from one to the next, and a filter holds for all three."""

    scrolls = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._part: Part | None = None
        self._scene: Scene | None = None      # with only what the filter lets through
        self._whole: Scene | None = None

    def compose(self) -> ComposeResult:
        """The parts' names, tables of alerts and rules, all about the selected one, and the journal."""
        yield Words(id="parts")
        yield RecordTable(id="alerts-table")
        yield RecordTable(id="rules-table")
        yield Words(id="signals-empty")
        yield Words(id="record-details")
        with VerticalScroll(id="journal-scroll", can_focus=False):
            yield Journal()
        yield self.box("words of a symbol, a kind, a rule or a reason; Enter keeps them, Esc drops them")

    def show(self, scene: Scene) -> None:
        """Show the part that is open; at first the alerts, where there can be any."""
        self._whole = scene
        scene = self._scene = _sifted(scene, self.wanted)
        if self._part is None:
            self._part = "alerts" if scene.snapshot.rules or scene.snapshot.alerts else "journal"
        part, snapshot = self._part, scene.snapshot
        self.query_one("#parts", Words).say(_parts(scene, part, self.wanted, self.room))
        self.query_one("#journal-scroll").display = part == "journal"
        empty = self.query_one("#signals-empty", Words)
        there = bool(snapshot.alerts if part == "alerts" else snapshot.rules)
        empty.display = part != "journal" and not there
        quiet = NOTHING if self.wanted else QUIET if snapshot.rules and part == "alerts" else TEACH
        empty.say(Text(quiet), layout=True)
        for name in ("alerts", "rules"):
            self._table(name).display = part == name and there
        self.query_one("#record-details").display = part != "journal" and there and self.app.size.height >= LOW
        if part == "journal":
            self.query_one(Journal).show(scene)
        else:
            self._show_records(scene)

    def _show_records(self, scene: Scene) -> None:
        room = self.room - 1      # the scroll bar
        if self._part == "alerts":
            headings = _alert_headings(room)
            cells = {alert.id: _alert_cells(alert, scene, len(headings)) for alert in scene.snapshot.alerts}
            self._table("alerts").show(headings, cells, scene.palette.muted)
        else:
            cells = {status.rule.id: _rule_cells(status, scene) for status in scene.snapshot.rules[-RULES:]}
            headings = _rule_headings(room, max((state.cell_len for _, _, _, state, _ in cells.values()), default=0))
            cells = {number: row[: len(headings)] for number, row in cells.items()}
            self._table("rules").show(headings, cells, scene.palette.muted)
        self._show_details()

    def _table(self, name: str) -> RecordTable:
        return self.query_one(f"#{name}-table", RecordTable)

    def _show_details(self) -> None:
        """All about the record under the cursor."""
        details, scene, chosen = self.query_one("#record-details", Words), self._scene, self.chosen
        if scene is None or chosen is None:
            details.say(Text(), layout=True)
        elif isinstance(chosen, Alert):
            said = alert_text.alert_details(chosen, scene.palette, scene.glyphs, self.room)
            details.say(said, layout=True)
        else:
            waits = next((s.waits for s in scene.snapshot.rules if s.rule.id == chosen.id), None)
            details.say(alert_text.rule_details(chosen, waits, scene.now, scene.palette), layout=True)

    @property
    def chosen(self) -> Alert | AlertRule | None:
        """The alert or rule under the cursor."""
        if self._scene is None or self._part is None or self._part == "journal":
            return None
        key, snapshot = self._table(self._part).key, self._scene.snapshot
        if self._part == "alerts":
            return next((alert for alert in snapshot.alerts if alert.id == key), None)
        return next((status.rule for status in snapshot.rules if status.rule.id == key), None)

    def move(self, rows: int) -> bool:
        """Move the cursor; scroll the journal."""
        if self._part in ("alerts", "rules"):
            self._table(self._part).move(rows)
            self._show_details()
        else:
            self.query_one("#journal-scroll").scroll_relative(y=rows, animate=False)
        return True

    def page_rows(self) -> int:
        """Rows on screen, less the header."""
        shown = self._table(self._part) if self._part in ("alerts", "rules") else self.query_one("#journal-scroll")
        return max(1, shown.size.height - 2)

    def sideways(self, steps: int) -> None:
        """Go to the next part, stopping at the ends."""
        if self._scene is not None and self._part is not None:
            self._part = PARTS[max(0, min(PARTS.index(self._part) + steps, len(PARTS) - 1))]
            self.sift()

    def sift(self) -> None:
        """Show what the filter lets through."""
        if self._whole is not None:
            self.show(self._whole)

    def on_record_table_pointed(self) -> None:
        """The mouse chose another record."""
        self._show_details()


def _sifted(scene: Scene, wanted: str) -> Scene:
    """The scene with only those alerts, rules and signals that hold each of the words."""
    if not wanted.split():
        return scene
    snapshot = scene.snapshot
    # Words that name no kind are about single signals: the kinds' records stay.
    kinds = tuple(r for r in snapshot.signal_records if holds(fmt.kind_name(r.kind), wanted))
    return replace(scene, snapshot=replace(
        snapshot,
        alerts=tuple(a for a in snapshot.alerts if holds(f"{a.symbol} {a.rule} {a.reason}", wanted)),
        rules=tuple(r for r in snapshot.rules if holds(f"{alert_text.about(r.rule)} {r.rule.text}", wanted)),
        signals=tuple(s for s in snapshot.signals if holds(_words(s), wanted)),
        signal_records=kinds or snapshot.signal_records,
        told=tuple(n for n in snapshot.told if holds(f"{n.title} {n.text}", wanted)),
    ))


def _words(scored: ScoredSignal) -> str:
    signal = scored.signal
    return f"{signal.symbol} {fmt.opinion(signal)} {fmt.kind_name(signal.kind)} {signal.reason} {signal.session}"


def _parts(scene: Scene, here: Part, wanted: str, width: int) -> Text:
    """The parts' names with how much is in them, and what it was sifted by."""
    snapshot, palette = scene.snapshot, scene.palette
    unseen = f" ({snapshot.alerts_unseen}{scene.glyphs.unseen})" if snapshot.alerts_unseen else ""
    names = (
        f"Alerts {len(snapshot.alerts)}{unseen}", f"Rules {len(snapshot.rules)}",
        f"Journal {len(snapshot.signals[:JOURNAL])}",
    )
    if not wanted:
        return parts_line(names, {PARTS.index(here)}, palette, width)
    text = parts_line(names, {PARTS.index(here)}, palette, width, ())
    return text.append(f"   '{wanted}'  Esc shows all", palette.accent)


# Alerts.


def _alert_headings(room: int) -> tuple[Heading, ...]:
    """State, time, symbol, reason; where it went as well where there is room, and no time where there is little."""
    if room < NARROW:
        return Heading("", 13), Heading("SYM", 9), Heading("REASON", max(room - 22, 8))
    fixed = (Heading("", 13), Heading("DATA", 13), Heading("SYM", 10))
    left = room - sum(heading.width for heading in fixed)
    if left < 60:
        return (*fixed, Heading("REASON", max(left, 20)))
    sent = min(left // 3, 60)
    return (*fixed, Heading("REASON", left - sent), Heading("DELIVERED", sent))


def _alert_cells(alert: Alert, scene: Scene, count: int) -> tuple[Text, ...]:
    palette, glyphs = scene.palette, scene.glyphs
    state, time = alert_text.state(alert, palette, glyphs), Text(fmt.local_minute(alert.data_time), palette.muted)
    symbol, reason = Text(alert.symbol, "bold"), alert_text.figures(alert, palette)
    if count == 3:
        return state, symbol, reason
    return (state, time, symbol, reason, alert_text.deliveries(alert.deliveries, palette, glyphs))[:count]


# Rules.


def _rule_headings(room: int, longest: int) -> tuple[Heading, ...]:
    """Number, for whom, rule, whether it can speak, when it did; neither of the last two where there is little room."""
    if room < NARROW:
        return Heading("NO", 4), Heading("FOR", 12), Heading("RULE", max(room - 16, 8))
    fixed = (Heading("NO", 5), Heading("FOR", 13), Heading("FIRED", 13))
    left = room - sum(heading.width for heading in fixed)
    waits = max(min(left // 2, 36, longest + 2), 18)
    return (*fixed[:2], Heading("RULE", max(left - waits, 16)), Heading("STATE", waits), fixed[2])


def _rule_cells(status: RuleStatus, scene: Scene) -> tuple[Text, ...]:
    rule, palette = status.rule, scene.palette
    fired = fmt.MISSING if status.fired_at is None else fmt.local_minute(status.fired_at)
    return (
        Text(str(rule.id), palette.muted), Text(alert_text.about(rule), "bold"), Text(rule.text),
        alert_text.readiness(rule, status.waits, scene.now, palette), Text(fired, palette.muted),
    )
