"""One watch row as styled cells. Pure: a row, a moment and colours in, texts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from rich.text import Text

from forecasting.domain.forecast import Origin, TrackRecord, is_shown_skill
from forecasting.domain.interval import Interval
from forecasting.domain.market import RowState
from forecasting.domain.snapshot import SymbolRow
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets import holding_cells as held
from tui.widgets.columns import COLUMNS, Column
from tui.widgets.further_cells import further


def home_currency(rows: Iterable[SymbolRow]) -> str | None:
    """The currency most of a list's prices are in, which goes without saying; None where it is the only one.

    A pair of currencies and an index are no amounts of money, so that theirs does not count.
    """
    found = Counter(c for row in rows if is_money(row) and (c := row.display_currency))
    return found.most_common(1)[0][0] if len(found) > 1 else None


def is_money(row: SymbolRow) -> bool:
    """Whether the row's price is an amount of money."""
    return not row.symbol.endswith("=X") and not row.symbol.startswith("^")


_COUNTED = {"spark": "20 bars", "forecast": "FCST +5"}


def header(
    column: Column, sorted_by: str | None, reverse: bool, glyphs: Glyphs, interval: Interval = Interval.DAY
) -> Text:
    """A column's label, marked where it is sorted by; it counts bars where these are no days."""
    label = column.label if interval is Interval.DAY else _COUNTED.get(column.key, column.label)
    mark = "" if column.key != sorted_by else (glyphs.down if reverse else glyphs.up)
    return _fit(Text(label[: column.width - 1 - len(mark)] + mark, no_wrap=True), column)


def cell(
    row: SymbolRow, column: Column, now: datetime, palette: Palette, glyphs: Glyphs, home: str | None = None, *,
    alerted: bool = False, masked: bool = False,
) -> Text:
    """One cell of one row.

    Args:
        row: The row.
        column: Which of its cells.
        now: What ages are counted to.
        palette: Colours.
        glyphs: Characters.
        home: The currency of most prices of the list; None: all of them are in one.
        alerted: Whether an alert of the symbol has not been acknowledged.
        masked: Whether amounts are hidden.
    """
    if column.key == "symbol":
        return _marked(_fit(_symbol(row, palette), column), alerted, palette, glyphs)
    if column.key == "last":
        return _fit(_last(row, home, column.width - 1, palette, glyphs), column)
    if column.key in held.SORT:
        room = column.width - 1
        return _fit(held.content(row, column.key, room, palette, glyphs, home=home, masked=masked), column)
    return _fit(_content(row, column.key, now, palette, glyphs), column)


def _fit(text: Text, column: Column) -> Text:
    """Cut and pad to the column, leaving the last cell as the gap."""
    room = column.width - 1
    text.truncate(room, overflow="ellipsis")
    text.align("right" if column.right else "left", room)
    text.append(" ")
    return text


def _content(row: SymbolRow, key: str, now: datetime, palette: Palette, glyphs: Glyphs) -> Text:
    match key:
        case "change":
            return _direction(row.change_pct, palette, glyphs)
        case "spark":
            return Text(fmt.sparkline(row.closes, 7, glyphs), palette.muted)
        case "forecast":
            return _direction(row.forecast_pct, palette, glyphs)
        case "band":
            return _band(row, palette)
        case "skill":
            return skill(row.record, palette, glyphs)
        case "signal":
            return _signal(row, now, palette)
        case "age":
            return freshness(row, now, palette)
    return further(row, key, palette, glyphs)


def _symbol(row: SymbolRow, palette: Palette) -> Text:
    """The symbol, cut where it is too long; the mark of a synthetic one is never cut off."""
    mark = "~" if row.synthetic else ""
    text = Text(fmt.clip(str(row.symbol), COLUMNS[0].width - 1 - len(mark)), "bold")
    return text.append(mark, palette.muted)


def _marked(text: Text, alerted: bool, palette: Palette, glyphs: Glyphs) -> Text:
    """The mark of an unseen alert stands in the gap, where it takes nothing from a symbol and is found at a glance."""
    if alerted:
        text.right_crop(1)
        text.append(glyphs.unseen, f"bold {palette.warning}")
    return text


def _last(row: SymbolRow, home: str | None, room: int, palette: Palette, glyphs: Glyphs) -> Text:
    """The price, with the sign of its currency where that is not the list's."""
    price, currency = row.display_price, row.display_currency
    if home in (None, currency) or not currency or not is_money(row):
        text = fmt.price(price, currency, row.symbol)
    else:
        text = fmt.signed_price(price, currency, room, glyphs)
    return Text(text, palette.muted if row.state is RowState.STALE else "")


def _direction(value: float | None, palette: Palette, glyphs: Glyphs) -> Text:
    """An arrow, a sign and a colour say the same."""
    arrow = fmt.arrow(value, glyphs)
    colour = {glyphs.up: palette.up, glyphs.down: palette.down}.get(arrow, palette.muted)
    return Text(arrow + fmt.percent(value), colour)


def _band(row: SymbolRow, palette: Palette) -> Text:
    if row.low_80_pct is None and row.model is None:
        return Text("no model", palette.muted)
    return Text(fmt.band(row.low_80_pct, row.high_80_pct))


def skill(record: TrackRecord | None, palette: Palette, glyphs: Glyphs) -> Text:
    """Skill against the baseline in per cent; muted and crossed where it is not shown to be above zero."""
    if record is None or record.skill is None:
        return Text(fmt.MISSING, palette.muted)
    shown = fmt.signed(record.skill * 100)
    backfill = "b" if record.origin is Origin.BACKFILL else ""
    proven = is_shown_skill(record.skill_low)
    text = Text(shown + ("" if proven else glyphs.wrong), palette.success if proven else palette.muted)
    text.append(backfill, palette.muted)
    return text


def _signal(row: SymbolRow, now: datetime, palette: Palette) -> Text:
    if row.signal is None:
        return Text(fmt.MISSING, palette.muted)
    signal = row.signal.signal
    colour = {1: palette.up, -1: palette.down}.get(signal.direction, palette.warning)
    text = Text(fmt.opinion(signal), f"bold {colour}")
    text.append(f" {fmt.age((now - signal.time).total_seconds())}", palette.muted)
    return text


def freshness(row: SymbolRow, now: datetime, palette: Palette) -> Text:
    """The age of a price while its market trades; otherwise the state that says why there is none."""
    age = fmt.age(fmt.seconds_between(row.data_time, now))
    match row.state:
        case RowState.LIVE:
            # The truth line counts seconds; fifty rows that did would repaint each second for nothing.
            return Text("LIVE" if age.endswith("s") else age)
        case RowState.ERR:
            return Text("ERR", f"bold {palette.error}")
        case RowState.STALE:
            return Text("STALE", f"bold {palette.warning}")
    return Text(row.state.value, palette.muted)
