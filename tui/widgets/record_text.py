"""Track records in words. Every figure comes with its n, its interval and its baseline."""

from __future__ import annotations

from rich.text import Text

from forecasting.domain.forecast import TrackRecord
from forecasting.domain.snapshot import FORECAST_SHOWN, SymbolRow
from tui import format as fmt
from tui.fitting import fitted_lines
from tui.themes import Palette

_ENOUGH = 1_000
"""Cells that every part has room in."""


def pane_record(row: SymbolRow | None, palette: Palette, width: int = _ENOUGH, *, lines: int = 2) -> Text:
    """The lines under the charts: the shown model, its record, or what is wrong.

    A claim that does not fit is left out together with its baseline and its interval, and n is never left out.

    Args:
        row: Whose; None gives nothing.
        palette: Colours.
        width: Cells of a line.
        lines: How many there are.
    """
    if row is None:
        return Text()
    if row.error:
        return Text(row.error, palette.error)
    if row.model is None:
        return Text(f"no forecast: {row.model_note or 'no model yet'}", palette.muted)
    parts = [(0, Text(row.model, palette.forecast))]
    if row.p_up is not None:
        parts.append((5, Text(f"up in {fmt.bars_ahead(FORECAST_SHOWN, row.interval)}: {fmt.share(row.p_up)}")))
    if row.model_note:
        parts.append((4, Text(f"({row.model_note})", palette.muted)))
    return fitted_lines([*parts, *_record(row.record, palette)], width, lines)


def _record(record: TrackRecord | None, palette: Palette) -> list[tuple[int, Text]]:
    """5 ahead  n=126 backfill  hit 52% [43..61] / always-up 54%  80% band 78% [71..85]  RW skill +1.2% [-0.4..+2.8]."""
    if record is None:
        return [(0, Text("no settled forecast yet", palette.muted)),
                (2, Text("(nothing is known of its accuracy)", palette.muted))]
    if record.n == 0:
        return [(0, Text(f"{record.horizon} ahead: nothing settled yet ({record.origin.value})", palette.muted))]
    hit = Text(f"hit {fmt.share(record.hit_rate)} {fmt.interval(record.hit_low, record.hit_high)}",
               "" if record.resolved else palette.muted)
    hit.append(f" / always-up {fmt.share(record.naive_hit_rate)}", palette.muted)
    held = Text(f"80% band {fmt.share(record.coverage_80)}")
    held.append(f" {fmt.interval(record.coverage_low, record.coverage_high)}", palette.muted)
    gain = fmt.percent(None if record.skill is None else record.skill * 100)
    skill = Text(f"{fmt.baseline(record.baseline)} skill {gain}")
    skill.append(f" {fmt.skill_interval(record.skill_low, record.skill_high)}", palette.muted)
    return [
        (6, Text(f"{record.horizon} ahead", palette.muted)),
        (0, Text(f"n={record.n} {record.origin.value}", palette.muted)), (2, hit), (3, held), (1, skill),
    ]
