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
from tui.widgets.signal_log import horizon, outcome

JOURNAL = 200
"""Newest signals shown."""


class Journal(Static):
    """The journal of all symbols, as one text."""

    def __init__(self) -> None:
        super().__init__(id="journal", markup=False)
        self._shown: object = None

    def show(self, scene: Scene) -> None:
        """Show records and journal, if they differ from what is there."""
        facts = (scene.snapshot.signal_records, scene.snapshot.signals, scene.palette)
        if facts == self._shown:
            return
        self._shown = facts
        self.update(Group(
            Text("Kinds  hit: the direction held after the horizon; hold: how often it held without any signal; "
                 "net: mean return after 0.2 % for in and out, and what any day gave", scene.palette.muted),
            _records(scene.snapshot.signal_records, scene), Text(),
            Text("Journal, newest first", scene.palette.muted), _journal(scene.snapshot.signals[:JOURNAL], scene),
        ))


def _records(records: Sequence[SignalRecord], scene: Scene) -> Table | Text:
    if not records:
        return Text("no signal has been scored yet", scene.palette.muted)
    table = Table.grid(padding=(0, 2, 0, 0))
    for record in records:
        proven = record.hit_low is not None and record.naive_rate is not None and record.hit_low > record.naive_rate
        table.add_row(
            Text(fmt.kind_name(record.kind)), Text(f"n={record.n}", scene.palette.muted),
            Text(f"hit {fmt.share(record.hit_rate)} {fmt.interval(record.hit_low, record.hit_high)}",
                 scene.palette.up if proven else scene.palette.muted),
            Text(f"hold {fmt.share(record.naive_rate)}", scene.palette.muted),
            Text(f"net {_percent(record.net_return)}", _net_colour(record, scene)),
            Text(_net_interval(record), scene.palette.muted),
            Text(f"any day {_percent(record.naive_return)}", scene.palette.muted),
        )
    return table


def _percent(log_return: float | None) -> str:
    return fmt.percent(None if log_return is None else log_return * 100.0, 2)


def _net_interval(record: SignalRecord) -> str:
    if record.net_low is None or record.net_high is None:
        return ""
    return f"{_percent(record.net_low)}..{_percent(record.net_high)}"


def _net_colour(record: SignalRecord, scene: Scene) -> str:
    """That of a gain only where the whole interval lies above what any day gave."""
    proven = record.net_low is not None and record.naive_return is not None and record.net_low > record.naive_return
    return scene.palette.up if proven else scene.palette.muted


def _journal(signals: Sequence[ScoredSignal], scene: Scene) -> Table | Text:
    if not signals:
        return Text("no signals yet", scene.palette.muted)
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(6):
        table.add_column(no_wrap=True)
    table.add_column()      # the one that gives way where there is no room
    for scored in signals:
        signal = scored.signal
        colour = {1: scene.palette.up, -1: scene.palette.down}.get(signal.direction, scene.palette.warning)
        row = scene.snapshot.row(signal.symbol)
        price = fmt.price(signal.price, row.currency if row else "", signal.symbol)
        table.add_row(
            Text(fmt.bar_name(signal.session), scene.palette.muted), Text(str(signal.symbol), "bold"),
            Text(fmt.opinion(signal), f"bold {colour}"), Text(price, justify="right"),
            Text(horizon(signal), scene.palette.muted), outcome(scored, scene.palette, scene.glyphs),
            Text(signal.reason, no_wrap=True, overflow="ellipsis"),
        )
    return table
