"""Track records in words and in tables. Every figure comes with its n, its interval and its baseline."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from forecasting.domain.forecast import BASELINE, MODELS, Origin, TrackRecord
from forecasting.domain.snapshot import FORECAST_SHOWN, SymbolRow
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.watch_cells import skill


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


def record_table(records: Iterable[TrackRecord], origin: Origin, palette: Palette, glyphs: Glyphs) -> Table | Text:
    """All records of one origin, models in their order, horizons within."""
    rows = sorted((r for r in records if r.origin is origin), key=lambda r: (MODELS.index(r.model), r.horizon))
    if not rows:
        return Text(f"no {origin.value} forecast has been settled yet", palette.muted)
    table = Table.grid(padding=(0, 2, 0, 0))
    for heading in ("model", "h", "n", "hit rate", "up", "in 80%", "width", "MAE / RW", "skill", ""):
        table.add_column(heading, justify="left" if heading == "model" else "right", no_wrap=True)
    table.add_row(*(Text(str(column.header), palette.muted) for column in table.columns))
    for record in rows:
        table.add_row(*_record_cells(record, palette, glyphs))
    return table


def _record_cells(record: TrackRecord, palette: Palette, glyphs: Glyphs) -> tuple[Text, ...]:
    return (
        Text(record.model, palette.forecast), Text(str(record.horizon)), Text(str(record.n)),
        Text(f"{fmt.share(record.hit_rate)} {fmt.interval(record.hit_low, record.hit_high)}",
             "" if record.resolved else palette.muted),
        Text(fmt.share(record.naive_hit_rate), palette.muted),
        Text(f"{fmt.share(record.coverage_80)} {fmt.interval(record.coverage_low, record.coverage_high)}"),
        Text(fmt.share(record.width_80, 1)),
        Text(f"{fmt.share(record.mae, 2)} / {fmt.share(record.mae_random_walk, 2)}"),
        skill(record, palette, glyphs),
        Text(fmt.skill_interval(record.skill_low, record.skill_high), palette.muted),
    )
