"""Models in words and tables: members, versions, alarms, calibration, records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from forecasting.domain.forecast import BASELINE, MODELS, Origin, TrackRecord, is_shown_skill
from forecasting.service.model_board import CalibrationStatus, MemberStatus, ModelBoard, PastRun, Version
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.fitted_table import fitted_table

SKILL_SHOWN = (1, 5, 10)
"""Horizons of the record table."""


def days(key: date | None) -> str:
    """A bar's day."""
    return fmt.MISSING if key is None else f"{key:%Y-%m-%d}"


# The ensemble and who is in it.


def champion_of(board: ModelBoard) -> Version | None:
    """The ensemble at work, if there is one."""
    return next((version for version in board.versions if version.role == "champion"), None)


def ensemble(
    version: Version | None, palette: Palette, glyphs: Glyphs, width: int
) -> Iterator[RenderableType]:
    """The champion and its members."""
    if version is None:
        yield titled("Ensemble", "none yet; HAR-t speaks meanwhile, T trains one", palette)
        return
    text = Text.assemble(("Ensemble  ", "bold"), (version.model_id, palette.forecast))
    text.append(f"  trained on {days(version.train_start)} .. {days(version.train_end)}", palette.foreground)
    yield text.append(f"  {version.note}" if version.note else "", palette.warning)
    headings = ("member", "weight", "rows", "seed", "epoch kept", "validation loss", "against EWMA-t")
    rows = (_member(m, palette, glyphs) for m in version.members)
    yield fitted_table(headings, rows, palette, width, give_way=(3, 2, 4, 5))


def _member(member: MemberStatus, palette: Palette, glyphs: Glyphs) -> tuple[Text, ...]:
    start, kept = _losses(member)
    rows = fmt.MISSING if member.rows is None else f"{member.rows:,}"
    epoch = fmt.MISSING if member.kept is None else f"{member.kept} of {max(len(member.losses) - 1, member.kept)}"
    gain = None if start is None or kept is None else 100.0 * (kept / start - 1.0)
    better = Text(f"{fmt.arrow(gain, glyphs)}{fmt.percent(gain, 2)}")
    if member.warm_from is not None:
        better.append(f"  warm from {member.warm_from}", palette.muted)
    return (
        Text(member.label, palette.forecast), Text(fmt.share(member.weight, 1)), Text(rows), Text(str(member.seed)),
        Text(epoch), Text(fmt.MISSING if kept is None else f"{kept:.4f} {member.losses[0].measure}"), better,
    )


def _losses(member: MemberStatus) -> tuple[float | None, float | None]:
    """Validation loss at the start and of the epoch kept."""
    if member.kept is None or len(member.losses) <= member.kept:
        return None, None
    return member.losses[0].validation, member.losses[member.kept].validation


# Versions.


def versions(board: ModelBoard, palette: Palette, width: int) -> Table:
    """Every fit there is: who is at work, who is in shadow, who was before."""
    headings = ("role", "model", "id", "from", "trained to", "made", "rows", "how it does")
    rows = (_version(version, palette) for version in board.versions)
    return fitted_table(headings, rows, palette, width, left=3, give_way=(5, 3, 6, 1, 7))


def _version(version: Version, palette: Palette) -> tuple[Text, ...]:
    rows = max((m.rows or 0 for m in version.members), default=0)
    colour = {"champion": palette.success, "challenger": palette.warning, "former": palette.muted}.get(version.role, "")
    return (
        Text(version.role, colour), Text(version.name, palette.forecast), Text(version.model_id, palette.muted),
        Text(days(version.train_start)), Text(days(version.train_end)),
        Text(fmt.MISSING if version.made_at is None else fmt.local_minute(version.made_at), palette.muted),
        Text(f"{rows:,}" if rows else fmt.MISSING), Text(version.note or "", palette.muted),
    )


def history(runs: Sequence[PastRun], palette: Palette, glyphs: Glyphs, width: int) -> Table | Text:
    """What was done, newest first."""
    if not runs:
        return Text("no long job has run yet", palette.muted)
    rows = (_run(run, palette, glyphs) for run in runs)
    return fitted_table(("began", "job", "", "what came of it"), rows, palette, width, left=3, give_way=(0,))


def _run(run: PastRun, palette: Palette, glyphs: Glyphs) -> tuple[Text, ...]:
    mark, colour = (glyphs.right, palette.success) if run.ok else (glyphs.wrong, palette.error)
    if run.ok is None:
        mark, colour = fmt.MISSING, palette.muted
    told = run.message or ("" if run.finished_at else "runs, or its process ended")
    return Text(fmt.local_minute(run.started_at), palette.muted), Text(run.kind), Text(mark, colour), Text(told)


# How they do.


def records(
    found: Iterable[TrackRecord], palette: Palette, glyphs: Glyphs, width: int
) -> Iterator[RenderableType]:
    """CRPS skill of every model over all symbols, each with its interval and n."""
    by_place = {(r.origin, r.model, r.horizon): r for r in found if r.n}
    for place, origin in enumerate(Origin):
        if place:
            yield Text()
        models = [m for m in MODELS if m != BASELINE and any((origin, m, h) in by_place for h in SKILL_SHOWN)]
        if not models:
            yield Text(f"{origin.value}: nothing settled yet", palette.muted)
            continue
        rows = (
            (Text(model, palette.forecast),
             *(_skill(by_place.get((origin, model, h)), palette, glyphs) for h in SKILL_SHOWN), Text())
            for model in models
        )
        headings = (origin.value, *(f"{h} ahead" for h in SKILL_SHOWN), "")
        yield fitted_table(headings, rows, palette, width, give_way=(3, 1))


def _skill(record: TrackRecord | None, palette: Palette, glyphs: Glyphs) -> Text:
    if record is None or record.skill is None:
        return Text(fmt.MISSING, palette.muted)
    sure = is_shown_skill(record.skill_low)
    text = Text(fmt.percent(100.0 * record.skill, 1), palette.success if sure else palette.muted)
    text.append(f"{glyphs.right if sure else glyphs.wrong} ")
    return text.append(f"{fmt.skill_interval(record.skill_low, record.skill_high)} n={record.n}", palette.muted)


def alarms(board: ModelBoard, palette: Palette) -> Iterator[Text]:
    """What rings, since when, and what is done about it."""
    for line in board.alarms:
        yield Text(f"! {line}", palette.warning)
    for line in board.answers:
        yield Text(f"  {line}", palette.foreground)
    if not board.alarms:
        yield Text(f"none rings, on {board.watched} live sessions settled; "
                   "coverage is watched from 20, shape from 60, skill from 61", palette.muted)


def calibration(board: ModelBoard, palette: Palette, width: int) -> Table | Text:
    """What the tracker does to the ensemble's bands."""
    if not board.calibration:
        return Text("not run in yet: bands are issued as the models say them", palette.muted)
    headings = ("ahead", "all symbols", "middle symbol", "narrowest .. widest", "upper/lower tail", "")
    rows = (_calibrated(row) for row in board.calibration)
    return fitted_table(headings, rows, palette, width, give_way=(4, 1))


def _calibrated(row: CalibrationStatus) -> tuple[Text, ...]:
    return (
        Text(str(row.horizon)), Text(f"x{row.common:.3f}"), Text(f"x{row.middle:.3f}"),
        Text(f"x{row.narrowest:.2f} .. x{row.widest:.2f}"), Text(f"{row.lean:.3f}"), Text(),
    )


def titled(title: str, note: str, palette: Palette) -> Text:
    """A heading with what it is about."""
    return Text.assemble((title, "bold"), (f"  {note}" if note else "", palette.muted))

