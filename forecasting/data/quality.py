"""Raw rows in, a clean series and a readable report out. Never a crash, never a silent loss.

What cannot be a price is dropped (missing, not finite, not positive). What can be repaired without inventing anything
is repaired (order, duplicates, a low above the open). What is merely hard to believe is kept and named: a real crash
must never vanish. The one exception is a move of more than 40 % that the next session takes back: such a print is
taken for an error and dropped; `without_doubtful_end` holds one back until there is a next session. Every finding says
which session and what was done.

Rows shorter than a session must begin where a slot of the exchange does. Others (before the open, after the close, at
noon, stamped with the last trade) are dropped: no forecast could name them as its target.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from forecasting.domain.interval import Interval, day_of
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol
from forecasting.domain.sessions import SessionTable
from forecasting.frozen import dataclass

JUMP = 0.40           # a one-day adjusted move beyond this needs a recorded event
TAKEN_BACK = 0.05     # .. and is a bad print if the next close is back within this of the close before it
_ROUNDING = 1e-6      # relative; sources compute adjusted prices in single precision


class RawBar(NamedTuple):
    """One row as delivered; None where a cell was empty."""

    session: date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adj_close: float | None
    volume: float | None


class Issue(StrEnum):
    """What was found wrong."""

    MISSING = "missing price"
    NOT_FINITE = "price is not finite"
    NOT_POSITIVE = "price is not above zero"
    BAD_VOLUME = "impossible volume"
    DUPLICATE = "second row for a session"
    UNSORTED = "rows out of order"
    FUTURE = "session lies in the future"
    RANGE = "high and low do not hold open and close"
    BAD_PRINT = "move taken back next session"
    JUMP = "move without a recorded event"
    OFF_CALENDAR = "no session of the exchange"
    GAP = "sessions without a bar"


class Action(StrEnum):
    """What was done about it."""

    DROPPED = "dropped"
    REPAIRED = "repaired"
    KEPT = "kept"
    HELD = "held back"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in the rows of one symbol."""

    issue: Issue
    action: Action
    session: date | None     # None where it concerns the whole series
    detail: str

    def __str__(self) -> str:
        where = "" if self.session is None else f"{self.session} "
        return f"{where}{self.issue}, {self.action}: {self.detail}"


def session_of(line: str) -> date | None:
    """The session a finding's line is about; None where it concerns the whole series."""
    try:
        return date.fromisoformat(line.partition(" ")[0])
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All that was found in the rows of one symbol, in order of session."""

    symbol: Symbol
    rows: int      # delivered
    kept: int      # bars in the clean series
    findings: tuple[Finding, ...]

    def count(self, issue: Issue) -> int:
        """How often `issue` was found."""
        return sum(f.issue is issue for f in self.findings)


def clean_bars(
    instrument: Instrument,
    rows: Iterable[RawBar],
    *,
    newest: date,
    events: Collection[date] = (),
    table: SessionTable | None = None,
    interval: Interval = Interval.DAY,
) -> tuple[BarSeries, QualityReport]:
    """The usable bars of `rows`, ascending and unique by session, and what was found on the way.

    Args:
        instrument: Whose rows these are.
        rows: As delivered, in any order.
        newest: Bars of later sessions lie in the future and are dropped.
        events: Sessions with a recorded split or distribution; moves there are explained.
        table: The exchange's sessions, or slots; without it nothing is said of gaps and of days without trading.
        interval: Of the rows; shorter than a session, they need slots.
    """
    raw = list(rows)
    findings: list[Finding] = []
    placed = raw if table is None or interval is Interval.DAY else _on_slots(raw, table, findings)
    bars = _unique([bar for row in placed if (bar := _usable(row, newest, findings)) is not None], findings)
    bars = _judge_jumps(bars, events, findings)
    if table is not None:
        _compare_with_calendar(bars, table, findings)
    findings.sort(key=lambda f: "" if f.session is None else f.session.isoformat())
    report = QualityReport(instrument.symbol, len(raw), len(bars), tuple(findings))
    return BarSeries(instrument, tuple(bars), interval, notes=tuple(str(f) for f in findings)), report


def closed_by(table: SessionTable, now: datetime) -> Callable[[date], bool]:
    """A test whether the bar of a name has closed at `now`.

    A date the calendar does not know as a session counts as closed once it is over in UTC, a time at which no slot
    opens once a slot's length has passed.
    """
    last_closed = table.last_closed(now)

    def is_closed(key: date) -> bool:
        if last_closed is not None and key <= last_closed.session:
            return True
        return table.get(key) is None and table.close_of(key) <= now

    return is_closed


def closed_only(series: BarSeries, table: SessionTable, now: datetime) -> BarSeries:
    """`series` without the bars whose session has not closed at `now`; today's unfinished bar is not a close.

    Notes go with their bars: what was found in a later row was not known then.
    """
    is_closed = closed_by(table, now)
    bars, last_closed = series.bars, table.last_closed(now)
    end = 0 if last_closed is None else bisect_right(bars, last_closed.session, key=lambda bar: bar.session)
    while end < len(bars) and is_closed(bars[end].session):    # days the calendar does not know
        end += 1
    if end == len(bars):
        return series
    newest = date.min if last_closed is None else day_of(last_closed.session)
    known = [note for note in series.notes if (about := session_of(note)) is None or about <= newest]
    return replace(series, bars=bars[:end], notes=tuple(known))


def _on_slots(rows: Sequence[RawBar], table: SessionTable, findings: list[Finding]) -> list[RawBar]:
    """The rows that begin with a slot; the others are dropped and named together, as there may be hundreds."""
    if not rows:
        return []
    keys = [row.session for row in rows]
    known = {slot.session for slot in table.between(min(keys), max(keys))}
    if outside := sorted(key for key in keys if key not in known):
        shown = f"{len(outside)} rows at no slot of {table.exchange}, first {outside[0]}, last {outside[-1]}"
        findings.append(Finding(Issue.OFF_CALENDAR, Action.DROPPED, None, shown))
    return [row for row in rows if row.session in known]


def without_doubtful_end(series: BarSeries) -> BarSeries:
    """`series` without a newest bar whose move nothing explains, and with a word about it.

    Forecasts are made from a bar and settled by it for good; the next session shows whether this one stands, as a real
    crash does, or is taken back, as a bad print is.
    """
    if not series.bars:
        return series
    newest = series.bars[-1].session
    kept = f"{newest} {Issue.JUMP}, {Action.KEPT}"
    if not any(note.startswith(kept) for note in series.notes):
        return series
    notes = (note.replace(kept, f"{newest} {Issue.JUMP}, {Action.HELD}", 1) for note in series.notes)
    return replace(series, bars=series.bars[:-1], notes=tuple(notes))


def _usable(row: RawBar, newest: date, findings: list[Finding]) -> Bar | None:
    """The row as a bar with high and low around open and close, or None with a finding."""
    session, opened, high, low, close, adj_close, volume = row
    if session > newest:
        findings.append(Finding(Issue.FUTURE, Action.DROPPED, session, f"newest possible session is {newest}"))
        return None
    if opened is None or high is None or low is None or close is None or adj_close is None:
        findings.append(Finding(Issue.MISSING, Action.DROPPED, session, _empty_cells(row)))
        return None
    prices = (opened, high, low, close, adj_close)
    if not (math.isfinite(sum(prices)) and min(prices) > 0.0):   # the sum is NaN or infinite if any price is
        issue = Issue.NOT_POSITIVE if all(map(math.isfinite, prices)) else Issue.NOT_FINITE
        findings.append(Finding(issue, Action.DROPPED, session, "O H L C adj " + " ".join(f"{p:g}" for p in prices)))
        return None
    if volume is None or not 0.0 <= volume < math.inf:
        if volume is not None:
            findings.append(Finding(Issue.BAD_VOLUME, Action.REPAIRED, session, f"{volume:g}, taken as unknown (0)"))
        volume = 0.0
    top, bottom = max(opened, close), min(opened, close)
    if high < top or low > bottom:
        if high < top * (1.0 - _ROUNDING) or low > bottom * (1.0 + _ROUNDING):
            shown = f"low {low:g}, high {high:g} widened to hold open {opened:g}, close {close:g}"
            findings.append(Finding(Issue.RANGE, Action.REPAIRED, session, shown))
        high, low = max(high, top), min(low, bottom)
    return Bar(session, opened, high, low, close, adj_close, volume)


def _empty_cells(row: RawBar) -> str:
    empty = [name for name in ("open", "high", "low", "close", "adj_close") if getattr(row, name) is None]
    return "no prices at all" if len(empty) == 5 else f"no {', '.join(empty)}"


def _unique(bars: list[Bar], findings: list[Finding]) -> list[Bar]:
    """Ascending, one bar per session: of two rows the later delivered one counts, as sources append corrections."""
    if all(a.session < b.session for a, b in pairwise(bars)):
        return bars
    out_of_order = sum(b.session < a.session for a, b in pairwise(bars))
    if out_of_order:
        findings.append(Finding(Issue.UNSORTED, Action.REPAIRED, None, f"{out_of_order} times, sorted by session"))
    by_session: dict[date, Bar] = {}
    for bar in bars:
        if (other := by_session.get(bar.session)) is not None:
            shown = "the same again" if other == bar else f"close {other.close:g} replaced by {bar.close:g}"
            findings.append(Finding(Issue.DUPLICATE, Action.DROPPED, bar.session, shown))
        by_session[bar.session] = bar
    return sorted(by_session.values(), key=lambda bar: bar.session)


def _judge_jumps(bars: Sequence[Bar], events: Collection[date], findings: list[Finding]) -> list[Bar]:
    """Drop prints that the next session takes back; name every other move that no recorded event explains."""
    kept: list[Bar] = []
    for i, bar in enumerate(bars):
        move = bar.adj_close / kept[-1].adj_close - 1.0 if kept else 0.0
        if abs(move) <= JUMP or bar.session in events:
            kept.append(bar)
            continue
        before = kept[-1]
        following = bars[i + 1] if i + 1 < len(bars) else None
        shown = f"{move:+.1%} from {before.adj_close:g} to {bar.adj_close:g}"
        if following is not None and abs(following.adj_close / before.adj_close - 1.0) <= TAKEN_BACK:
            shown = f"{shown}, then {following.adj_close:g}"
            findings.append(Finding(Issue.BAD_PRINT, Action.DROPPED, bar.session, shown))
            continue
        kept.append(bar)
        findings.append(Finding(Issue.JUMP, Action.KEPT, bar.session, f"{shown}: check it, or record the split"))
    return kept


def _compare_with_calendar(bars: Sequence[Bar], table: SessionTable, findings: list[Finding]) -> None:
    """Name bars on days without trading, and sessions without a bar; only where the table reaches."""
    if not bars or not table.sessions:
        return
    expected = [s.session for s in table.between(bars[0].session, bars[-1].session)]
    sessions, traded = set(expected), {bar.session for bar in bars}
    findings.extend(
        Finding(Issue.OFF_CALENDAR, Action.KEPT, bar.session, f"{table.exchange} knows no session on that day")
        for bar in bars
        if bar.session not in sessions and table.reaches(bar.session)
    )
    explained = {f.session for f in findings if f.action is Action.DROPPED}
    if absent := [day for day in expected if day not in traded and day not in explained]:
        detail = f"{len(absent)} of {len(expected)}, first {absent[0]}, last {absent[-1]}"
        findings.append(Finding(Issue.GAP, Action.KEPT, None, detail))
