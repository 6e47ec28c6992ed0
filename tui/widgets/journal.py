"""Signals and what came of them: a record per kind beside simply holding, then the newest ones."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from forecasting.domain.decision import ScoredSignal, SignalRecord
from tui import format as fmt
from tui.screens.view import Scene
from tui.widgets.notice_text import notice_lines
from tui.widgets.signal_log import horizon, outcome

JOURNAL = 200
"""Newest signals shown."""
NET_FROM, ROOMY_FROM = 78, 90
"""Columns of the terminal from which the mean return and its interval find room, and wider gaps between columns."""


class Journal(Static):
    """The journal of all symbols, as one text."""

    def __init__(self) -> None:
        super().__init__(id="journal", markup=False)
        self._shown: object = None

    def show(self, scene: Scene) -> None:
        """Show records and journal, if they differ from what is there."""
        snapshot = scene.snapshot
        facts = (snapshot.signal_records, snapshot.signals, snapshot.told, scene.palette, self.app.size.width)
        if facts == self._shown:
            return
        self._shown = facts
        self.update(Group(
            Text("Kinds  hit: the direction held after the horizon; hold: without any signal; net: mean return after "
                 "0.2 % costs; any day: the same without a signal", scene.palette.muted),
            _records(scene.snapshot.signal_records, scene, self.app.size.width), Text(),
            *notice_lines(scene.snapshot.told, scene.palette, scene.glyphs),
            Text("Journal, newest first", scene.palette.muted), _journal(scene.snapshot.signals[:JOURNAL], scene),
        ))


def _records(records: Sequence[SignalRecord], scene: Scene, width: int) -> Table | Text:
    if not records:
        return Text("no signal has been scored yet", scene.palette.muted)
    table = Table.grid(padding=(0, 2 if width >= ROOMY_FROM else 1, 0, 0))
    shown = ["kind", "n", "hit [95%]", "hold", *(("net [95%]", "any day") if width >= NET_FROM else ())]
    for head in shown:
        table.add_column(no_wrap=True, justify="left" if head == "kind" else "right")
    table.add_row(*(Text(head, scene.palette.muted) for head in shown))
    for record in records:
        cells = _cells(record, scene)
        table.add_row(*(cells[head] for head in shown))
    return table


def _cells(record: SignalRecord, scene: Scene) -> dict[str, Text]:
    """A row of the table, by the words at its head."""
    palette = scene.palette
    proven = record.hit_low is not None and record.naive_rate is not None and record.hit_low > record.naive_rate
    hit = f"{fmt.share(record.hit_rate)} {fmt.interval(record.hit_low, record.hit_high)}"
    return {
        "kind": Text(fmt.kind_name(record.kind)),
        "n": Text(str(record.n), palette.muted),
        "hit [95%]": Text(hit, palette.success if proven else palette.muted),
        "hold": Text(fmt.share(record.naive_rate), palette.muted),
        "net [95%]": Text(_percent(record.net_return), _net_colour(record, scene)).append(
            _net_interval(record), palette.muted),
        "any day": Text(_percent(record.naive_return), palette.muted),
    }


def _percent(log_return: float | None) -> str:
    return fmt.percent(None if log_return is None else log_return * 100.0, 2)


def _net_interval(record: SignalRecord) -> str:
    if record.net_low is None or record.net_high is None:
        return ""
    return f" [{record.net_low * 100.0:+.2f}..{record.net_high * 100.0:+.2f}]"


def _net_colour(record: SignalRecord, scene: Scene) -> str:
    """That of a gain only where the whole interval lies above what any day gave."""
    proven = record.net_low is not None and record.naive_return is not None and record.net_low > record.naive_return
    return scene.palette.success if proven else scene.palette.muted


def _journal(signals: Sequence[ScoredSignal], scene: Scene) -> Table | Text:
    if not signals:
        return Text("no signals yet", scene.palette.muted)
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(6):
        table.add_column(no_wrap=True)
    table.add_column()      # the one that goes on in a next line where there is no room
    for scored in signals:
        signal = scored.signal
        colour = {1: scene.palette.up, -1: scene.palette.down}.get(signal.direction, scene.palette.warning)
        row = scene.snapshot.row(signal.symbol)
        price = fmt.price(signal.price, row.currency if row else "", signal.symbol)
        table.add_row(
            Text(fmt.bar_name(signal.session), scene.palette.muted), Text(str(signal.symbol), "bold"),
            Text(fmt.opinion(signal), f"bold {colour}"), Text(price, justify="right"),
            Text(horizon(signal), scene.palette.muted), outcome(scored, scene.palette, scene.glyphs),
            Text(signal.reason),
        )
    return table
