"""Two ordeals of a store, and what they leave: many writers at once, and a process killed in the middle of a write."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from forecasting.data.store import Store
from forecasting.data.store.examination import examine
from forecasting.domain.market import Symbol

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Acknowledged:
    """What processes have been told is kept."""

    bars: set[tuple[str, str]] = field(default_factory=set)
    forecasts: dict[int, str] = field(default_factory=dict)      # hash by id
    outcomes: set[tuple[int, int]] = field(default_factory=set)
    trials: int = 0
    reads: int = 0
    torn: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were acknowledged in all."""
        return len(self.bars) + len(self.forecasts) + len(self.outcomes) + self.trials

    def hear(self, line: str) -> None:
        """Take one line of `tests.support.store_writer`."""
        match line.split():
            case ["bar", symbol, day]:
                self.bars.add((symbol, day))
            case ["forecast", entry, digest]:
                self.forecasts[int(entry)] = digest
            case ["outcome", entry, horizon]:
                self.outcomes.add((int(entry), int(horizon)))
            case ["trial"]:
                self.trials += 1
            case ["reads", times]:
                self.reads += int(times)
            case _:
                self.torn.append(line)


@dataclass(frozen=True, slots=True)
class Found:
    """What a store holds of what was acknowledged."""

    acknowledged: int
    lost: int
    ledger: int                     # entries in the chain, all of them checked
    problems: tuple[str, ...]       # of the file, the ledger, or what a reader saw


def hammer(path: Path, *, seconds: float) -> tuple[Acknowledged, list[str]]:
    """Two writers and one reader at once; what was acknowledged, and what any of them complained of."""
    orders = [["hammer", path, "AAA", seconds], ["hammer", path, "BBB", seconds], ["read", path, seconds]]
    processes = [_start(*map(str, words)) for words in orders]
    told, complaints = Acknowledged(), []
    for process in processes:
        out, err = process.communicate(timeout=seconds * 3 + 60)
        for line in out.splitlines():
            told.hear(line)
        if process.returncode or err:
            complaints.append(f"exit code {process.returncode}: {err.strip()}")
    return told, complaints


def kill(path: Path, told: Acknowledged, *, what: str = "work", after: random.Random, longest_s: float = 0.5) -> None:
    """Kill a working process at a random moment after its first row; `told` hears what it acknowledged."""
    process = _start(what, str(path))
    assert process.stdout is not None
    told.hear(process.stdout.readline())
    reader = threading.Thread(target=_hear_all, args=(process.stdout, told))
    reader.start()
    time.sleep(after.uniform(0.0, longest_s))       # the moment is what is random here
    process.send_signal(signal.SIGKILL)
    reader.join()
    _, err = process.communicate()
    if process.returncode != -signal.SIGKILL:
        told.torn.append(f"ended by itself, exit code {process.returncode}: {err.strip()}")


def _hear_all(lines: Iterable[str], told: Acknowledged) -> None:
    for line in lines:
        if line.endswith("\n"):
            told.hear(line)


def look(path: Path, told: Acknowledged) -> Found:
    """Count what is missing, and check the file and its ledger whole."""
    with Store.open(path) as store:
        notices = store.notices
        kept = {(symbol, str(bar.session)) for symbol in {s for s, _ in told.bars}
                for bar in store.market.bars(Symbol(symbol))}
        entries = {entry.id: entry.hash for entry in store.ledger.entries(told.forecasts)}
        outcomes = {(o.entry_id, o.horizon) for o in store.ledger.outcomes()}
        lost = (
            len(told.bars - kept)
            + sum(entries.get(number) != digest for number, digest in told.forecasts.items())
            + len(told.outcomes - outcomes)
            + max(told.trials - store.runs.trials(), 0)
        )
        ledger = store.ledger.verify()
    found = examine(path)
    ledger_problem = () if found.ledger_problem is None else (found.ledger_problem,)
    return Found(told.rows, lost, ledger, (*notices, *found.problems, *ledger_problem, *told.torn))


def _start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.store_writer", *words], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )
