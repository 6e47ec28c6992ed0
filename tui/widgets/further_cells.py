"""Cells of the columns that a person may choose beside those shown by default. Pure, as `watch_cells`."""

from __future__ import annotations

from rich.text import Text

from forecasting.domain.forecast import Origin, TrackRecord
from forecasting.domain.market import SessionState
from forecasting.domain.snapshot import SymbolRow
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette

TRACK = 9
"""Cells from a year's lowest price to its highest."""


def further(row: SymbolRow, key: str, palette: Palette, glyphs: Glyphs) -> Text:
    """What stands in the column `key` of a row, not cut to its width."""
    match key:
        case "name":
            return Text(row.alias)
        case "currency":
            return Text(row.currency, palette.muted)
        case "volume":
            return Text(fmt.quantity(row.volume))
        case "day":
            return _day(row, palette)
        case "year":
            return _year(row, palette, glyphs)
        case "rsi":
            return Text(fmt.MISSING if row.rsi is None else f"{row.rsi:.0f}")
        case "macd":
            return _macd(row.macd_hist, palette, glyphs)
        case "p_up":
            return Text(fmt.share(row.p_up))
        case "coverage":
            return _coverage(row.record, palette, glyphs)
        case "hits":
            return _hits(row.record, palette, glyphs)
        case "source":
            return Text(row.source or fmt.MISSING, palette.muted)
    state = row.session
    return Text(state.value if state else fmt.MISSING, palette.success if state is SessionState.OPEN else palette.muted)


def _day(row: SymbolRow, palette: Palette) -> Text:
    if row.day_low is None or row.day_high is None:
        return Text(fmt.MISSING, palette.muted)
    return Text("-".join(fmt.price(value, row.currency, row.symbol) for value in (row.day_low, row.day_high)))


def _year(row: SymbolRow, palette: Palette, glyphs: Glyphs) -> Text:
    """Where the price stands between the lowest and the highest of a year: at the left end the lowest."""
    low, high, last = row.year_low, row.year_high, row.last
    if last is None or low is None or high is None or low >= high:
        return Text(fmt.MISSING, palette.muted)
    at = round((min(max(last, low), high) - low) / (high - low) * TRACK)
    track = Text(glyphs.rule * at, palette.muted).append(glyphs.inside, f"bold {palette.accent}")
    return track.append(glyphs.rule * (TRACK - at), palette.muted)


def _macd(value: float | None, palette: Palette, glyphs: Glyphs) -> Text:
    if value is None:
        return Text(fmt.MISSING, palette.muted)
    colour, arrow = (palette.up, glyphs.up) if value > 0.0 else (palette.down, glyphs.down)
    return Text(f"{arrow}{value:+.3g}", colour)


def _coverage(record: TrackRecord | None, palette: Palette, glyphs: Glyphs) -> Text:
    """How many outcomes the 80 % band has held; crossed where the interval of that does not hold 80 %."""
    if record is None or record.coverage_80 is None:
        return Text(fmt.MISSING, palette.muted)
    low, high = record.coverage_low, record.coverage_high
    holds = low is not None and high is not None and low <= 0.8 <= high
    return _share(record, record.coverage_80, fmt.interval(low, high), holds, palette, glyphs)


def _hits(record: TrackRecord | None, palette: Palette, glyphs: Glyphs) -> Text:
    """How many directions were right; crossed where that is not shown to beat always saying up on the same rows."""
    if record is None or record.hit_rate is None:
        return Text(fmt.MISSING, palette.muted)
    low, high, naive = record.hit_low, record.hit_high, record.naive_hit_rate
    holds = low is not None and naive is not None and low > naive
    return _share(record, record.hit_rate, fmt.interval(low, high), holds, palette, glyphs)


def _share(
    record: TrackRecord, share: float, interval: str, holds: bool, palette: Palette, glyphs: Glyphs
) -> Text:
    text = Text(fmt.share(share) + ("" if holds else glyphs.wrong), "" if holds else palette.muted)
    backfill = "b" if record.origin is Origin.BACKFILL else ""
    return text.append(f" {interval} n{record.n}{backfill}", palette.muted)
