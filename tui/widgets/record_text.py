"""Track records in words. Every figure comes with its n, its interval and its baseline."""

from __future__ import annotations

from rich.text import Text

from forecasting.domain.forecast import BASELINE, TrackRecord
from forecasting.domain.snapshot import FORECAST_SHOWN, SymbolRow
from tui import format as fmt
from tui.fitting import Part, fitted, in_lines
from tui.themes import Palette

_ENOUGH = 1_000
"""Cells that every part has room in."""


def pane_record(row: SymbolRow | None, palette: Palette, width: int = _ENOUGH, *, lines: int = 2) -> Text:
    """The lines under the charts: the shown model, its record, or what is wrong.

    Args:
        row: Whose; None gives nothing.
        palette: Colours.
        width: Cells of a line.
        lines: How many there are; where two are all, what does not fit into them is left out whole.
    """
    if row is None:
        return Text()
    if row.error:
        return Text(row.error, palette.error)
    if row.model is None:
        return Text(f"no forecast: {row.model_note or 'no model yet'}", palette.muted)
    parts: list[Part] = [(0, Text(row.model, palette.forecast))]
    if row.model_note:
        parts.append((2, Text(f" ({row.model_note})", palette.muted)))
    if row.p_up is not None:
        parts.append((1, Text(f"  up in {fmt.bars_ahead(FORECAST_SHOWN, row.interval)}: {fmt.share(row.p_up)}")))
    untold = Text("no settled forecast yet: nothing is known of its accuracy", palette.muted)
    record = untold if row.record is None else record_text(row.record, palette, width, lines - 1)
    return Text("\n").join([fitted(parts, width), record])


def record_text(record: TrackRecord, palette: Palette, width: int, lines: int) -> Text:
    """5 ahead  n=126 backfill  hit 52% [46..58]  80% band 78% [71..85]  RW skill +1.2% [-0.4..+2.8]."""
    if record.n == 0:
        return Text(f"{record.horizon} ahead: nothing settled yet ({record.origin.value})", palette.muted)
    ahead, n = Text(f"{record.horizon} ahead  ", palette.muted), f"n={record.n} {record.origin.value}"
    origin, gap = Text(n, palette.muted), Text("  ")
    hit = Text(f"hit {fmt.share(record.hit_rate)} {fmt.interval(record.hit_low, record.hit_high)}",
               "" if record.resolved else palette.muted)
    held = Text(f"80% band {fmt.share(record.coverage_80)}")
    within = Text(f" {fmt.interval(record.coverage_low, record.coverage_high)}", palette.muted)
    baseline = "RW" if record.baseline == BASELINE else record.baseline
    skill = Text(f"{baseline} skill {fmt.percent(None if record.skill is None else record.skill * 100)} ")
    skill.append(fmt.skill_interval(record.skill_low, record.skill_high), palette.muted)
    if lines > 1:
        return in_lines([origin, hit, held.append_text(within), skill], width)
    return fitted([
        (3, ahead), (0, origin), (1, gap + hit), (2, gap + held, within), (1, gap + skill),
    ], width)
