"""What lies behind the screen, read from store, disk and process table: for a person who asks why something is wrong.

Standard library only, a few milliseconds, no network; it does not need the worker, which may be what is wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecasting.data.store import Store
from forecasting.data.store.backup import backups, set_aside_files
from forecasting.data.store.database import suspicion
from forecasting.domain.decision import Delivery
from forecasting.domain.market import Symbol
from forecasting.domain.quarantine import Asked, Quarantined

FINDINGS = 200
_PAGE = 4096      # of /proc/PID/statm on every machine Linux runs on but a few


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The file all facts are in."""

    path: Path
    size: int                               # bytes
    log_size: int                           # of the write-ahead log beside it
    schema: int
    backup: tuple[str, datetime] | None     # the newest copy beside it
    looked_through: datetime | None         # when every page was last read and found whole
    suspected: bool                         # damage was found since
    set_aside: tuple[str, ...]              # damaged or replaced files that still lie there


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """One process of tapecast's."""

    name: str              # "screen", or of a child its command
    pid: int
    memory: int | None     # resident bytes; None where the system does not tell
    threads: int | None


@dataclass(frozen=True, slots=True)
class SinkFacts:
    """One way alerts go."""

    name: str
    newest: tuple[datetime, Delivery] | None      # data time of the newest alert it was given; None: never used yet


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything the Health view shows beyond a snapshot."""

    store: StoreFacts
    quarantine: tuple[Quarantined, ...]     # soonest probe first
    findings: tuple[str, ...]               # about delivered bars, newest first
    processes: tuple[ProcessFacts, ...]
    logs: tuple[Path, ...]                  # the front's, the worker's
    sinks: tuple[SinkFacts, ...] = ()       # as configured, then those that are no longer


def inspect(
    store: Store, symbols: Sequence[Symbol], log_path: Path | None, sinks: Sequence[str] = ()
) -> Inspection:
    """Look into everything; call it from a thread. `sinks` are those that are configured.

    Raises:
        StoreError: If the store cannot be read.
    """
    held = [q for asked in Asked for symbol, q in store.quarantine.of(asked).items() if symbol in symbols]
    found = [f"{symbol}: {line}" for symbol, lines in store.findings.of(symbols).items() for line in lines]
    used = store.alerts.newest_deliveries()
    return Inspection(
        sinks=tuple(SinkFacts(name, used.get(name)) for name in dict.fromkeys((*sinks, *used))),
        store=_store(store),
        quarantine=tuple(sorted(held, key=lambda q: q.probe_at)),
        findings=tuple(sorted(found, key=lambda line: line.partition(": ")[2], reverse=True)[:FINDINGS]),
        processes=tuple(_processes()),
        logs=() if log_path is None else (log_path, log_path.with_name("worker.log")),
    )


def _store(store: Store) -> StoreFacts:
    path = store.path
    copies = backups(path)
    return StoreFacts(
        path, _size(path), _size(path.with_name(path.name + "-wal")), store.schema,
        (copies[0].path.name, copies[0].made) if copies else None, store.looked_through, suspicion(path).exists(),
        tuple(copy.path.name for copy in set_aside_files(path)),
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _processes() -> Iterator[ProcessFacts]:
    """This one and its children, where the system tells of them."""
    own = Path("/proc/self")
    with contextlib.suppress(OSError, ValueError):
        yield _process(own, "screen")
        for pid in _children(own):
            with contextlib.suppress(OSError, ValueError):      # it has ended meanwhile
                place = Path(f"/proc/{pid}")
                words = place.joinpath("cmdline").read_bytes().decode(errors="replace").split("\0")
                name = "worker" if any("service.worker" in word for word in words) else Path(words[0]).name
                yield _process(place, name)


def _children(process: Path) -> Iterable[str]:
    return {pid for file in process.glob("task/*/children") for pid in file.read_text().split()}


def _process(place: Path, name: str) -> ProcessFacts:
    said = dict(line.split(":\t", 1) for line in place.joinpath("status").read_text().splitlines() if ":\t" in line)
    pages = int(place.joinpath("statm").read_text().split()[1])
    return ProcessFacts(name, int(said["Pid"]), pages * _PAGE, int(said["Threads"]))
