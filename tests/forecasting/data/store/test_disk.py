"""A disk that is full or read-only: the write that meets it fails whole, all else goes on, and so does it in time."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from forecasting.data.store import Store, database
from forecasting.data.store.examination import examine, reading
from forecasting.domain.forecast import Origin
from forecasting.errors import StoreError, StoreUnwritable
from tests.support.store import AMD, MONDAY, NVDA, close_of, forecast, series

ROOT = Path(__file__).resolve().parents[4]
NOBODY = 65534

# Writes until the limit on the size of files refuses it, says so, lifts the limit and writes on.
FILLER = """
import resource, sys
from pathlib import Path
from forecasting.data.store import Store
from forecasting.errors import StoreUnwritable
from tests.support.store import series

with Store.open(Path(sys.argv[1])) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    for number in range(200):
        try:
            store.market.put_bars(series(f"S{number}", n=50))
        except StoreUnwritable as error:
            print("refused", error, flush=True)
            assert len(store.market.bars("S0")) == 50
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            store.market.put_bars(series(f"S{number}", n=50))
        print(f"S{number}", flush=True)
"""


def test_a_full_disk_refuses_a_write_whole_and_takes_the_next_when_there_is_space(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.market.put_bars(series(NVDA, n=20))
        with store._database._connection() as full:
            full.execute(f"PRAGMA max_page_count = {full.execute('PRAGMA page_count').fetchone()[0] + 2}")
        with pytest.raises(StoreUnwritable, match=r"the disk is full: nothing new is kept in .*; free some space"):
            store.market.put_bars(series(AMD, n=2000))
        assert (store.market.bars(AMD), len(store.market.bars(NVDA))) == ((), 20)
        assert store.market.put_bars(series(AMD, n=2000)) == 2000      # a new connection has no such limit
    assert examine(tmp_path / "store.db").ok


def test_files_that_may_not_grow_cost_no_acknowledged_row(tmp_path: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit[1] != resource.RLIM_INFINITY:
        pytest.skip("this process may not lift the limit again")
    done = subprocess.run(
        [sys.executable, "-c", FILLER, str(tmp_path / "store.db")], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    refused = [line for line in said if line.startswith("refused")]
    assert len(refused) == 1
    assert "nothing new is kept in" in refused[0]
    with Store.open(tmp_path / "store.db") as store:
        assert {symbol for symbol in said if symbol not in refused} == set(store.market.last_sessions())
        assert all(len(store.market.bars(symbol)) == 50 for symbol in store.market.last_sessions())
    assert examine(tmp_path / "store.db").ok


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an unprivileged process can reach."""
    made = Path(tempfile.mkdtemp())
    yield made
    made.chmod(0o700)
    rmtree(made)


def unprivileged(job: Callable[[], Any]) -> Any:
    """What `job` returns in a process that permissions hold for."""
    if os.geteuid() != 0:
        return job()
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            said = json.dumps(job())
        except BaseException as error:
            said = json.dumps(f"{type(error).__name__}: {error}")
        os.write(sink, said.encode())
        os._exit(0)
    os.close(sink)
    with os.fdopen(source) as answer:
        told = json.load(answer)
    os.waitpid(child, 0)
    return told


def give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, NOBODY, NOBODY)


def test_a_read_only_folder_is_looked_at_and_written_to_as_soon_as_it_can_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOOK_SECONDS", 0.0)
    with Store.open(folder / "store.db") as store:
        store.market.put_bars(series(NVDA, n=20))
    give_away(folder)

    def look_then_write() -> list[Any]:
        folder.chmod(0o500)
        with Store.open(folder / "store.db") as store:
            found: list[Any] = [list(store.notices), len(store.market.bars(NVDA))]
            with pytest.raises(StoreUnwritable) as refused:
                store.ledger.append([forecast()], Origin.BACKFILL, at=close_of(MONDAY))
            folder.chmod(0o700)
            store.ledger.append([forecast()], Origin.BACKFILL, at=close_of(MONDAY))
            return [*found, str(refused.value), store.ledger.verify(), list(store.notices)]

    notices, bars, refused, entries, afterwards = unprivileged(look_then_write)
    assert len(notices) == 1
    assert "nothing new is kept in" in notices[0]
    assert notices[0].endswith("shown is what store.db holds")
    assert (bars, entries, afterwards) == (20, 1, [])
    assert "nothing new is kept in" in refused


def test_a_store_in_a_read_only_folder_can_be_examined_and_copied(folder: Path) -> None:
    with Store.open(folder / "store.db") as store:
        store.market.put_bars(series(NVDA, n=20))
    give_away(folder)

    def look() -> list[Any]:
        folder.chmod(0o500)
        found = examine(folder / "store.db")
        with reading(folder / "store.db") as connection:
            return [found.ok, found.rows["bars"], connection.execute("SELECT COUNT(*) FROM bars").fetchone()[0]]

    assert unprivileged(look) == [True, 20, 20]


def test_no_store_in_a_read_only_folder_is_one_clear_line(folder: Path) -> None:
    give_away(folder)

    def start() -> str:
        folder.chmod(0o500)
        with pytest.raises(StoreUnwritable) as refused:
            Store.open(folder / "store.db")
        return str(refused.value)

    assert "permission denied: nothing new is kept in" in unprivileged(start)


def test_a_lock_that_is_held_for_long_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.1)
    with Store.open(tmp_path / "store.db") as store:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another tapecast is writing and has not come to an end") as error:
            store.runs.next_trial()
        assert "locked" not in str(error.value)
        other.execute("ROLLBACK")
        assert store.runs.next_trial() == 1
        other.close()
