"""The parts of the Health view in words: source and budget, symbols that are doubted, store, processes, sinks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from forecasting.domain.quarantine import Quarantined
from forecasting.domain.snapshot import Budget, Circuit, Snapshot
from forecasting.service.inspection import Inspection, SinkFacts, StoreFacts
from tui import format as fmt
from tui.format import Glyphs
from tui.themes import Palette
from tui.widgets.fitted_table import fitted_table
from tui.widgets.truth_line import health_colour


def title(text: str, note: str, palette: Palette) -> Text:
    """A heading."""
    return Text.assemble((text, "bold"), (f"  {note}" if note else "", palette.muted))


# The source.


def source(snapshot: Snapshot, now: datetime, palette: Palette) -> Iterator[Text]:
    """How it does, what it may be asked, and its breaker."""
    told = snapshot.source
    line = Text.assemble(f"{told.name}  ", (told.health.value, f"bold {health_colour(told.health, palette)}"))
    if told.message != told.health.value:
        line.append(f"  {told.message}", palette.foreground)
        line.append("" if told.since is None else f"  since {fmt.moment(told.since, now)}", palette.muted)
    yield line
    if told.substitute is not None:
        yield Text(f"{told.substitute} answers in its place", palette.warning)
    if told.budget is None:
        asked = f"{told.requests} requests sent since the start" if told.requests else "it costs no requests"
        yield Text(asked, palette.muted)
        return
    yield _budget(told.budget, told.requests, palette)
    yield from (_circuit(circuit, now, palette) for circuit in told.budget.circuits)


def _budget(budget: Budget, requests: int, palette: Palette) -> Text:
    waiting = f"{-budget.tokens:.0f} wait" if budget.tokens < 0 else f"{budget.tokens:.1f} at once"
    text = Text.assemble(("budget  ", palette.muted), f"{waiting}, {budget.per_second:g} a second")
    return text.append(f"   sent {budget.last_minute} in the last minute, {requests} since the start", palette.muted)


def _circuit(circuit: Circuit, now: datetime, palette: Palette) -> Text:
    text = Text.assemble((f"breaker of {circuit.name}  ", palette.muted))
    if circuit.retry_at is None:
        text.append("closed", palette.success)
        failed = f"  {circuit.failures} failed of late: {circuit.cause}" if circuit.cause else ""
        return text.append(failed, palette.warning)
    left = (circuit.retry_at - now).total_seconds()
    word = f"open until {fmt.local_time(circuit.retry_at)}, {fmt.countdown(left)}" if left > 0 else "open, to be probed"
    return text.append(word, f"bold {palette.error}").append(f"  {circuit.cause}", palette.muted)


# Sinks.


def sinks(known: tuple[SinkFacts, ...], palette: Palette, glyphs: Glyphs, width: int) -> RenderableType:
    """Each sink with what became of its newest alert."""
    if not known:
        return Text("nothing was sent off yet", palette.muted)
    rows = (_sink(each, palette, glyphs) for each in known)
    return fitted_table(("sink", "", "newest", "took", ""), rows, palette, width, left=3, give_way=(3, 2))


def _sink(sink: SinkFacts, palette: Palette, glyphs: Glyphs) -> tuple[Text, ...]:
    if sink.newest is None:
        absent = Text("-", palette.muted)
        return Text(sink.name), Text(), absent, absent, Text("not used yet", palette.muted)
    time, sent = sink.newest
    again = "" if sent.next_try is None else f"next try {fmt.local_minute(sent.next_try)[6:]}: "
    return (
        Text(sink.name), Text(glyphs.right if sent.ok else glyphs.wrong, palette.success if sent.ok else palette.error),
        Text(fmt.local_minute(time), palette.muted), Text(f"{sent.seconds:.1f} s", palette.muted),
        Text(f"{again}{sent.error or 'taken'}", palette.error if sent.error else palette.muted),
    )


# Symbols.


def quarantine(held: tuple[Quarantined, ...], now: datetime, palette: Palette, width: int) -> RenderableType:
    """Symbols that are asked for more rarely."""
    if not held:
        return Text("no symbol is in quarantine", palette.muted)
    rows = (
        (Text(q.symbol, "bold"), Text(q.asked.value), Text(str(q.tries)), Text(fmt.moment(q.since, now), palette.muted),
         Text(_until(q.probe_at, now)), Text(q.message))
        for q in held
    )
    headings = ("symbol", "asked", "failed", "since", "next probe", "why")
    return fitted_table(headings, rows, palette, width, left=2, give_way=(3, 2, 1))


def _until(moment: datetime, now: datetime) -> str:
    left = (moment - now).total_seconds()
    return "now" if left <= 0 else f"in {fmt.countdown(left)}" if left < 43_200 else fmt.local_minute(moment)


# The store and the processes.


def store(facts: StoreFacts, now: datetime, palette: Palette) -> Iterator[Text]:
    """The file and how it is looked after."""
    def line(name: str, text: str, colour: str = "") -> Text:
        return Text.assemble((f"{name:<11}", palette.muted), (text, colour or palette.foreground))

    yield line("file", str(facts.path))
    yield line("size", f"{_size(facts.size)}, write-ahead log {_size(facts.log_size)}")
    yield line("schema", f"version {facts.schema}")
    if facts.backup is None:
        yield line("backup", "none beside it; make one with: tapecast store backup", palette.warning)
    else:
        name, made = facts.backup
        yield line("backup", f"{fmt.age((now - made).total_seconds())} ago, {name}")
    if facts.suspected:
        yield line("integrity", "damage was found; quit and start again: the file is set aside then", palette.error)
    elif facts.looked_through is None:
        yield line("integrity", "not looked through yet; tapecast store check does it now", palette.muted)
    else:
        yield line("integrity", f"every page was whole {fmt.age((now - facts.looked_through).total_seconds())} ago")
    for name in facts.set_aside:
        yield line("set aside", name, palette.warning)


def _size(size: int) -> str:
    return f"{size / 2**20:,.1f} MB" if size >= 2**20 else f"{size / 2**10:,.1f} kB"


def processes(seen: Inspection, palette: Palette, width: int) -> RenderableType:
    """This process and its children."""
    if not seen.processes:
        return Text("this system does not tell", palette.muted)
    rows = (
        (Text(p.name), Text(str(p.pid), palette.muted), Text(fmt.MISSING if p.memory is None else _size(p.memory)),
         Text(fmt.MISSING if p.threads is None else str(p.threads)), Text())
        for p in seen.processes
    )
    return fitted_table(("process", "id", "memory", "threads", ""), rows, palette, width)
