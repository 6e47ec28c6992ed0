"""Several processes on one store, and processes killed in the middle of a write: nothing acknowledged is lost.

`python -m tests.benchmarks kill store_hammer` does the same for minutes, and to the worker's own code.
"""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.store_ordeal import Acknowledged, hammer, kill, look


def test_two_writers_and_a_reader_lose_nothing_and_complain_of_nothing(tmp_path: Path) -> None:
    told, complaints = hammer(tmp_path / "store.db", seconds=2.5)
    found = look(tmp_path / "store.db", told)
    assert (complaints, found.lost, found.problems) == ([], 0, ())
    assert {symbol for symbol, _ in told.bars} == {"AAA", "BBB"}
    assert found.ledger >= len(told.forecasts) > 0
    assert told.reads > 0


def test_every_row_acknowledged_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    told, moment = Acknowledged(), random.Random(11)
    for _ in range(5):
        kill(tmp_path / "store.db", told, after=moment)
        found = look(tmp_path / "store.db", told)
        assert (found.lost, found.problems) == (0, ())
    assert found.ledger >= len(told.forecasts) > 0


def test_the_look_finds_what_is_missing(tmp_path: Path) -> None:
    told = Acknowledged()
    kill(tmp_path / "store.db", told, after=random.Random(11))
    held = look(tmp_path / "store.db", told).acknowledged
    for line in ("bar FAST 1899-01-02", "forecast 99999 ab", "forecast 1 ab", "outcome 1 9", "trial", "torn by hand"):
        told.hear(line)
    found = look(tmp_path / "store.db", told)
    assert (found.acknowledged, found.lost, found.problems) == (held + 4, 5, ("torn by hand",))
