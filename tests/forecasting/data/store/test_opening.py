"""Opening a store: private, whole, of this version, and nothing ever lost."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from forecasting.data.store import Store, database, gate, opening
from forecasting.data.store.migrations import MIGRATIONS
from forecasting.errors import StoreCorrupt, StoreError
from tests.support.store import NVDA, series

NOW = datetime(2026, 3, 2, 21, 0, 0, 5, UTC)
NEWEST = len(MIGRATIONS) + 1
ASIDE = "store.db.corrupt-20260302T210000000005Z"


def permissions(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_the_folder_is_0700_and_every_file_in_it_0600(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        with Store.open(tmp_path / "data" / "store.db") as store:
            store.market.put_bars(series())
            files = {file.name: permissions(file) for file in store.path.parent.iterdir()}
    finally:
        os.umask(previous)
    assert permissions(tmp_path / "data") == "0o700"
    assert files == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm", "store.db.lock"), "0o600")


def test_a_store_others_could_read_is_made_private_again(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    path.chmod(0o644)
    Store.open(path).close()
    assert permissions(path) == "0o600"


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.market.put_bars(series())
    with Store.open(tmp_path / "store.db") as store:
        assert store.market.series(NVDA) == series()
        assert store.notices == ()


@pytest.mark.parametrize(
    "content", [b"not a database, just a letter to a friend\n" * 40, b"x", b"", bytes(5000), Random(1).randbytes(8192)]
)
def test_a_file_that_is_no_database_is_kept_byte_for_byte_under_another_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    path.with_name("store.db-wal").write_bytes(b"left over")
    with Store.open(path, now=NOW) as store:
        assert store.market.instruments() == {}
        (notice,) = store.notices
        assert f"kept as {ASIDE} and a new store was started" in notice
        assert "\n" not in notice
    assert (tmp_path / ASIDE).read_bytes() == content
    assert (tmp_path / f"{ASIDE}-wal").read_bytes() == b"left over"


def test_a_left_over_wal_without_its_store_is_kept(tmp_path: Path) -> None:
    tmp_path.joinpath("store.db-wal").write_bytes(b"left over")
    with Store.open(tmp_path / "store.db", now=NOW) as store:
        assert "file is gone, its -wal is there" in store.notices[0]
    assert (tmp_path / f"{ASIDE}-wal").read_bytes() == b"left over"


def test_what_can_be_done_about_a_damaged_store_is_said_with_its_newest_backup(tmp_path: Path) -> None:
    path = damaged_store(tmp_path)
    for name in ("store.db.v{NEWEST}.bak", "store.db.backup-20260301T000000Z"):
        path.with_name(name).write_bytes(b"copy")
    os.utime(path.with_name("store.db.v{NEWEST}.bak"), (0, 0))
    with Store.open(path, now=NOW) as store:
        (notice,) = store.notices
    assert f"tapecast store check --store {tmp_path / ASIDE} --salvage" in notice
    assert "newest backup: store.db.backup-20260301T000000Z of 2" in notice


def test_a_damaged_store_somebody_has_open_is_not_taken_from_under_his_hands(tmp_path: Path) -> None:
    path = damaged_store(tmp_path)
    inode = path.stat().st_ino
    user = gate.present(path)
    assert user is not None
    with closing(user), pytest.raises(StoreCorrupt, match="another tapecast has it open; quit all"):
        Store.open(path)
    assert path.stat().st_ino == inode
    with Store.open(path, now=NOW) as store:
        assert ASIDE in store.notices[0]


def test_a_store_with_a_damaged_page_is_kept_byte_for_byte(tmp_path: Path) -> None:
    path = damaged_store(tmp_path)
    content = path.read_bytes()
    with Store.open(path, now=NOW) as store:
        assert len(store.notices) == 1
        assert store.market.bars(NVDA) == ()
    assert (tmp_path / ASIDE).read_bytes() == content


def test_a_truncated_store_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.market.put_bars(series(n=500))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with Store.open(path, now=NOW) as store:
        assert len(store.notices) == 1
    assert (tmp_path / ASIDE).read_bytes() == content[: len(content) // 2]


def test_damage_met_in_a_large_store_is_named_and_found_at_the_next_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = damaged_store(tmp_path)
    monkeypatch.setattr(opening, "CHECKED_UP_TO", 0)
    with Store.open(path) as store:
        assert store.notices == ()          # too large to be read through at opening
        with pytest.raises(StoreCorrupt, match="start tapecast again and the damaged file is set aside"):
            store.market.bars(NVDA)
    with Store.open(path, now=NOW) as store:
        assert len(store.notices) == 1
    Store.open(path).close()
    assert not database.suspicion(path).exists()


def test_damage_in_a_large_store_is_named_by_who_reads_it_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = damaged_store(tmp_path)
    monkeypatch.setattr(opening, "CHECKED_UP_TO", 0)
    with Store.open(path) as store:
        store.look_through()
        (notice,) = store.notices
        assert "is damaged (" in notice
        assert f"saved by: tapecast store check --store {path} --salvage" in notice
    with Store.open(path, now=NOW) as store:
        assert f"kept as {ASIDE}" in store.notices[0]
        store.look_through()
        assert len(store.notices) == 1


def damaged_store(folder: Path) -> Path:
    """A store with 500 bars whose page of newest ones is overwritten."""
    path = folder / "store.db"
    with Store.open(path) as store:
        store.market.put_bars(series(n=500))
        newest = store.market.bars(NVDA, limit=1)[0].session.isoformat().encode()
    content = bytearray(path.read_bytes())
    page = content.index(newest) // 4096 * 4096
    content[page : page + 4096] = b"\xaa" * 4096
    path.write_bytes(content)
    return path


def test_a_store_of_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 99")
    content = path.read_bytes()
    with pytest.raises(StoreError, match=r"schema 99, this one knows \d\); update tapecast or give another folder"):
        Store.open(path)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    content = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store.open(path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="--data-dir"):
        Store.open(tmp_path / "file" / "store.db")
    (tmp_path / "store.db").mkdir()
    with pytest.raises(StoreError, match="--data-dir"):
        Store.open(tmp_path / "store.db")


def test_an_older_store_is_led_up_step_by_step_after_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.market.put_bars(series())
    new = ("ALTER TABLE runs ADD COLUMN host TEXT", "UPDATE runs SET host = 'here'; CREATE TABLE lots (id INTEGER)")
    steps = (*MIGRATIONS, *new)
    assert opening.prepare(path, NOW, steps) == ()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (NEWEST + 2,)
        assert raw.execute("SELECT COUNT(*) FROM lots").fetchone() == (0,)
    with Store.open(tmp_path / f"store.db.v{NEWEST}.bak") as before:
        assert before.market.series(NVDA) == series()
    assert permissions(tmp_path / f"store.db.v{NEWEST}.bak") == "0o600"
    opening.prepare(path, NOW, steps)    # nothing left to do


def test_a_store_led_up_has_the_schema_a_new_one_starts_with(tmp_path: Path) -> None:
    def tables(path: Path) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(path)) as raw:
            rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
        return [(name, " ".join(re.sub(r"--[^\n]*", "", sql).split())) for name, sql in rows]

    Store.open(tmp_path / "new.db").close()
    Store.open(tmp_path / "old.db").close()
    with closing(sqlite3.connect(tmp_path / "old.db")) as raw, raw:
        later = (
            "notice_deliveries", "notices", "holdings", "holding_entries", "watch_filters", "deliveries", "alerts",
            "alert_bars", "alert_memory", "alert_rules", "quarantine", "findings",
        )
        steps = [f"DROP TABLE {table}" for table in later]
        steps += [f"ALTER TABLE signals DROP COLUMN {column}" for column in ("strength", "inputs")]
        raw.executescript(";".join([*steps, "PRAGMA user_version = 1"]))
    Store.open(tmp_path / "old.db").close()
    assert tables(tmp_path / "old.db") == tables(tmp_path / "new.db")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("INSERT INTO nowhere VALUES (1)", "no such table: nowhere"),
        ("INSERT INTO watch_symbols VALUES (7, 0, 'NVDA')", "a row of watch_symbols refers to one that watch_groups"),
    ],
)
def test_a_migration_that_fails_half_way_leaves_the_store_as_it_was_and_says_so(
    tmp_path: Path, broken: str, said: str
) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.market.put_bars(series())
    with pytest.raises(StoreError, match=said) as raised:
        opening.prepare(path, NOW, (*MIGRATIONS, "CREATE TABLE half (id INTEGER)", broken))
    assert f"the file is as it was, with a copy in store.db.v{NEWEST}.bak" in str(raised.value)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (NEWEST,)
        assert raw.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
    with Store.open(path) as store:
        assert store.market.series(NVDA) == series()


def test_a_store_is_not_migrated_while_somebody_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path), pytest.raises(StoreError, match="older schema, and another tapecast has it open; quit"):
        opening.prepare(path, NOW, (*MIGRATIONS, "CREATE TABLE lots (id INTEGER)"))
    opening.prepare(path, NOW, (*MIGRATIONS, "CREATE TABLE lots (id INTEGER)"))


def test_a_temporary_store_leaves_nothing_behind() -> None:
    with Store.temporary() as store:
        folder = store.path.parent
        store.market.put_bars(series())
    assert not folder.exists()
    store.close()   # twice is fine


def test_the_store_imports_nothing_heavy() -> None:
    heavy = "numpy pandas torch yfinance scipy talib exchange_calendars textual".split()
    code = f"import sys, forecasting.data.store; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
