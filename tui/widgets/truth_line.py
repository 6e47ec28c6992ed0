"""The truth line: which list, what the market does, how old the data is, and who says so.

A wall clock is not among it: every time shown is the time of some data. Parts are dropped from the least needed when
the line is too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from forecasting.domain.interval import day_of
from forecasting.domain.market import SessionState
from forecasting.domain.money import Rate, pair
from forecasting.domain.snapshot import Health, JobStatus, Snapshot, SymbolRow
from forecasting.domain.watchlist import tabs as lists_of
from forecasting.frozen import dataclass
from tui import format as fmt
from tui.format import Glyphs
from tui.screens.view import Scene
from tui.themes import Palette
from tui.widgets.words import Words

GAP = "   "
TABS_RANK = 4
"""Parts up to this rank come before the names of the lists that are not on screen."""

_NEXT = {
    SessionState.OPEN: "open", SessionState.BREAK: "break", SessionState.POST: "close", SessionState.CLOSED: "close",
}
"""What it is called when an exchange goes over into a state."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of the line; a low rank is needed most."""

    rank: int
    text: Text


class TruthLine(Words):
    """One line at the top of everything."""

    def __init__(self, title: str) -> None:
        super().__init__(id="truth")
        self._title = title

    def show(self, scene: Scene) -> None:
        """Show `scene`."""
        self.say(truth_line(scene, self._title, self.app.size.width - 2))


def truth_line(scene: Scene, title: str, width: int) -> Text:
    """The whole line in at most `width` cells; the name of the list on screen is always among them."""
    parts, kept = list(_parts(scene)), set[int]()
    tabs, longest = _tabs(scene, "", 0), _tabs(scene, title, width)
    room = width - tabs.cell_len
    for part in sorted(parts, key=lambda part: part.rank):
        if part.rank > TABS_RANK:         # other lists and the title first, as far as a third of the line
            share = min(tabs.cell_len + room, max(width // 3, tabs.cell_len))
            wider = longest if longest.cell_len <= share else _tabs(scene, "", share)
            room, tabs = room + tabs.cell_len - wider.cell_len, wider
        if part.text.cell_len + len(GAP) <= room or part.rank == 0:
            room -= part.text.cell_len + len(GAP)
            kept.add(id(part))
    if longest.cell_len > tabs.cell_len:
        tabs = longest if longest.cell_len <= tabs.cell_len + room else _tabs(scene, "", tabs.cell_len + room)
    line = Text(GAP, no_wrap=True).join([tabs, *(part.text for part in parts if id(part) in kept)])
    line.truncate(width, overflow="ellipsis")
    return line


def _parts(scene: Scene) -> Iterator[Part]:
    snapshot, palette, glyphs = scene.snapshot, scene.palette, scene.glyphs
    if snapshot.replay is not None:
        yield Part(1, _replay(snapshot, palette))
    if exchanges := _exchanges(snapshot, scene.now, palette):
        yield Part(5, exchanges)
    yield Part(0, _data(snapshot, scene.now, palette))
    yield Part(2, _source(snapshot, scene.now, palette))
    if scene.row is not None and scene.row.rate is not None:
        yield Part(3, _rate(scene.row, scene.row.rate, scene.now, palette))
    yield Part(6, _model(snapshot, scene.now, palette))
    if snapshot.alerts_unseen:
        yield Part(1, Text(f"alerts {snapshot.alerts_unseen}{glyphs.unseen}", f"bold {palette.warning}"))
    if scene.masked:
        yield Part(1, Text("amounts hidden", f"bold {palette.warning}"))
    for job in snapshot.jobs:
        if job.health is Health.WORKING and job.progress is not None:
            yield Part(3, _job(job, palette, glyphs))


def _tabs(scene: Scene, title: str, width: int) -> Text:
    """As many lists around the one on screen as `width` holds, that one in any case; < and > where there are more."""
    text = Text("◆ " if scene.glyphs is fmt.UNICODE else "", scene.palette.accent)
    if title:
        text.append(f"{title} ", scene.palette.muted)
    lists = lists_of(scene.snapshot.groups)
    names = [fmt.clip(group.title, 16) for group in lists] or ["no list"]
    here = next((i for i, group in enumerate(lists) if scene.group and group.name == scene.group.name), 0)
    first, behind = _window([cell_len(name) for name in names], here, width - text.cell_len)
    text.append("< " if first else "", scene.palette.muted)
    for i in range(first, behind):
        text.append("  " if i > first else "")
        look = f"bold underline {scene.palette.foreground}" if i == here else scene.palette.muted
        text.append(names[i], look)
    return text.append(" >" if behind < len(names) else "", scene.palette.muted)


def _window(widths: list[int], here: int, room: int) -> tuple[int, int]:
    """From which to before which name there is room, two cells between them and for each mark that there are more."""
    first, behind = here, here + 1
    for grown in (*((here, end) for end in range(here + 2, len(widths) + 1)), *((at, 0) for at in range(here)[::-1])):
        start, end = min(first, grown[0]), max(behind, grown[1])
        marks = (start > 0) + (end < len(widths))
        if sum(widths[start:end]) + 2 * (end - start - 1 + marks) > room:
            continue
        first, behind = start, end
    return first, behind


def _replay(snapshot: Snapshot, palette: Palette) -> Text:
    replay = snapshot.replay
    assert replay is not None
    state = "finished" if replay.finished else "paused" if replay.paused else f"x{replay.speed:g}"
    return Text.assemble(("REPLAY ", f"bold {palette.warning}"), f"{replay.session:%Y-%m-%d} ", (state, palette.muted))


def _exchanges(snapshot: Snapshot, now: datetime, palette: Palette) -> Text:
    """The first exchange in full; how many more are open."""
    if not snapshot.exchanges:
        return Text()
    first, *rest = snapshot.exchanges
    colour = palette.success if first.state is SessionState.OPEN else palette.muted
    text = Text(f"{fmt.exchange_name(first.exchange)} ").append(first.state.value, f"bold {colour}")
    if first.until is not None and first.then is not None:
        left = fmt.countdown((first.until - now).total_seconds())
        end = "end" if first.state is SessionState.POST else _NEXT[first.then]
        text.append(f" {left} to {end}", palette.muted)
    if others := sum(exchange.state is SessionState.OPEN for exchange in rest):
        text.append(f" +{others} open", palette.muted)
    return text


def _data(snapshot: Snapshot, now: datetime, palette: Palette) -> Text:
    if snapshot.data_time is None:
        return Text("no data yet", palette.warning)
    age_s = (now - snapshot.data_time).total_seconds()
    moment = fmt.local_time(snapshot.data_time) if age_s < 72_000 else fmt.local_minute(snapshot.data_time)
    return Text.assemble(("data ", palette.muted), moment, (f" ({fmt.age(age_s)})", palette.muted))


def _source(snapshot: Snapshot, now: datetime, palette: Palette) -> Text:
    source = snapshot.source
    colour = health_colour(source.health, palette)
    if source.substitute is not None and source.since is not None and source.substitute_since is not None:
        down = fmt.age((now - source.since).total_seconds())
        text = Text(f"{source.name} ").append(f"down {down}", colour)
        return text.append(f", {source.substitute} since {fmt.local_time(source.substitute_since)[:5]}")
    # What is wrong stands in the banner; here is room for how bad it is.
    word = source.message if source.health in (Health.OK, Health.WORKING) else source.health.value.upper()
    if source.health is Health.WORKING:      # its first answer may take seconds
        asking = (job.message for job in snapshot.jobs if job.name == "refresh" and job.health is Health.WORKING)
        word = next(asking, word)
    return Text(f"{source.name} ").append(fmt.clip(word, 32), colour)


def _rate(row: SymbolRow, rate: Rate, now: datetime, palette: Palette) -> Text:
    """What the row under the cursor is shown by: its price as traded, the rate, and how old that is."""
    text = Text(fmt.in_currency(row.last, row.currency, row.symbol))
    text.append(f" x {fmt.price(rate.value, symbol=pair(rate.base, rate.counter))}")
    return text.append(f" ({fmt.age(fmt.seconds_between(rate.time, now))})", palette.muted)


def _model(snapshot: Snapshot, now: datetime, palette: Palette) -> Text:
    if snapshot.model is None:
        return Text("no model yet", palette.muted)
    end = snapshot.model_train_end
    trained = f" {(now.date() - day_of(end)).days}d" if end is not None else ""
    return Text.assemble(("model ", palette.muted), snapshot.model, (trained, palette.muted))


def _job(job: JobStatus, palette: Palette, glyphs: Glyphs) -> Text:
    done = job.progress or 0.0
    text = Text(f"{job.name} ").append(fmt.progress_bar(done, 8, glyphs), palette.success).append(f" {done * 100:.0f}%")
    if job.eta_s is not None:
        text.append(f" ETA {fmt.countdown(job.eta_s)}", palette.muted)
    return text


def health_colour(health: Health, palette: Palette) -> str:
    """The colour of a health word."""
    return {Health.OK: palette.success, Health.WORKING: palette.foreground, Health.LATE: palette.warning}.get(
        health, palette.error
    )
