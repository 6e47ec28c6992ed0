"""What Linux tells about a process: children, memory, files, threads, processor time."""

from __future__ import annotations

import os
from pathlib import Path


def children(pid: int) -> tuple[int, ...]:
    """Processes whose parent is `pid`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = _fields(entry)
        except OSError:        # it has ended meanwhile
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.parent.name))
    return tuple(found)


def resident_mb(pid: int) -> float:
    """Resident memory of `pid` in MB (10^6 bytes)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return kib * 1024 / 1e6


def open_files(pid: int) -> int:
    """File descriptors that `pid` holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid: int) -> int:
    """Threads that `pid` runs."""
    return len(os.listdir(f"/proc/{pid}/task"))


def cpu_seconds(pid: int) -> float:
    """Processor time `pid` has used so far, all threads; steps of 10 ms."""
    fields = _fields(Path(f"/proc/{pid}/stat"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _fields(stat: Path) -> list[str]:
    """The fields after the name, which may hold blanks itself: state, parent, .., utime [11], stime [12]."""
    return stat.read_text().rpartition(")")[2].split()
