"""Track records in words. Every figure comes with its n, its interval and its baseline."""

from __future__ import annotations

from rich.text import Text

from forecasting.domain.forecast import BASELINE, TrackRecord
from forecasting.domain.snapshot import FORECAST_SHOWN, SymbolRow
from tui import format as fmt
from tui.themes import Palette


def pane_record(row: SymbolRow | None, palette: Palette) -> Text:
    """The lines under the charts: the shown model, its record, or what is wrong."""
    if row is None:
        return Text()
    if row.error:
        return Text(row.error, palette.error)
    text = Text()
    if row.model is None:
        return text.append(f"no forecast: {row.model_note or 'no model yet'}", palette.muted)
    text.append(row.model, palette.forecast)
    if row.model_note:
        text.append(f" ({row.model_note})", palette.muted)
    if row.p_up is not None:
        text.append(f"  up in {fmt.bars_ahead(FORECAST_SHOWN, row.interval)}: {fmt.share(row.p_up)}")
    text.append("\n")
    if row.record is not None:
        text.append_text(record_sentence(row.record, palette))
    else:
        text.append("no settled forecast yet: nothing is known of its accuracy", palette.muted)
    return text


def record_sentence(record: TrackRecord, palette: Palette) -> Text:
    """h=5: 80% band held 78% of 126 (backfill), hit 52% [46..58], RW skill +1.2% [-0.4..+2.8]."""
    text = Text().append(f"h={record.horizon}: ", palette.muted)
    if record.n == 0:
        return text.append(f"nothing settled yet ({record.origin.value})", palette.muted)
    text.append(f"80% band held {fmt.share(record.coverage_80)} of {record.n} ({record.origin.value}), ")
    text.append(f"hit {fmt.share(record.hit_rate)} {fmt.interval(record.hit_low, record.hit_high)}, ",
                "" if record.resolved else palette.muted)
    baseline = "RW" if record.baseline == BASELINE else record.baseline
    text.append(f"{baseline} skill {fmt.percent(None if record.skill is None else record.skill * 100)} ")
    return text.append(fmt.skill_interval(record.skill_low, record.skill_high), palette.muted)
