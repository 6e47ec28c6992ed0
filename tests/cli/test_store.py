"""`tapecast store`, `export`, `import`: what they print, how they end, what they leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecasting.data.store import Store
from tests.support.command_line import Run
from tests.support.filled_store import fill, rows
from tests.support.store import NVDA


@pytest.fixture
def store(data: Path) -> Path:
    """The store of the simulated source, filled."""
    path = data / "simulated" / "store.db"
    path.parent.mkdir(parents=True)
    fill(path)
    return path


def damage(path: Path) -> None:
    """Overwrite the page with the newest bars."""
    content = bytearray(path.read_bytes())
    page = content.index(b"2026-03-27") // 4096 * 4096
    content[page : page + 4096] = b"\xaa" * 4096
    path.write_bytes(content)


def test_check_of_a_whole_store_names_rows_bytes_and_copies(run: Run, store: Path) -> None:
    said = run("--source", "simulated", "store", "check", "--json")
    assert said.code == 0
    found = said.json
    assert (found["ok"], found["problems"], found["ledger"]) == (True, [], "as recorded")
    assert found["tables"]["bars"]["rows"] == 40
    assert found["tables"]["bars"]["bytes"] % 4096 == 0
    assert (found["bytes"], found["backups"], found["set_aside"]) == (store.stat().st_size, [], [])
    assert "backups: none; make one with: tapecast store backup" in run("--source", "simulated", "store", "check").out


def test_check_of_a_damaged_store_fails_and_says_what_can_be_done(run: Run, store: Path) -> None:
    run("--source", "simulated", "store", "backup")
    damage(store)
    content = store.read_bytes()
    said = run("--source", "simulated", "store", "check")
    assert said.code == 1
    assert "DAMAGED" in said.out
    assert f"tapecast store check --store {store} --salvage" in said.err
    assert "tapecast store restore" in said.err
    assert store.read_bytes() == content


def test_an_edited_ledger_fails_the_check(run: Run, store: Path) -> None:
    with Store.open(store) as opened, opened._database.transaction() as raw:
        raw.execute("DROP TRIGGER forecasts_stay")
        raw.execute("UPDATE forecasts SET body = replace(body, '0.5', '0.6') WHERE id = 2")
    said = run("--source", "simulated", "store", "check", "--json")
    assert (said.code, said.json["problems"]) == (1, [])
    assert said.json["ledger"] == "ledger entry 2: it was edited; the ledger is not what was recorded"


def test_what_is_salvaged_can_be_put_in_the_stores_place(run: Run, store: Path) -> None:
    before = rows(store, "forecasts")
    damage(store)
    saved = run("--source", "simulated", "store", "check", "--salvage", "--json")
    assert saved.code == 0
    path = Path(saved.json["salvaged"]["path"])
    assert path.parent == store.parent
    assert saved.json["salvaged"]["lost"] == {}
    restored = run("--source", "simulated", "store", "restore", path)
    assert (restored.code, "what was there is kept as" in restored.out) == (0, True)
    assert rows(store, "forecasts") == before
    found = run("--source", "simulated", "store", "check", "--json").json
    assert found["ok"]
    assert [Path(kept["path"]).name[:18] for kept in found["set_aside"]] == ["store.db.replaced-"]


def test_a_backup_holds_what_the_store_held_and_is_private(run: Run, store: Path) -> None:
    target = store.with_name("mine.db")
    with Store.open(store):               # the app may run meanwhile
        said = run("--source", "simulated", "store", "backup", target, "--json")
    assert said.json["bytes"] == target.stat().st_size
    assert oct(target.stat().st_mode & 0o777) == "0o600"
    assert rows(target, "bars") == rows(store, "bars")
    again = run("--source", "simulated", "store", "backup", target)
    assert (again.code, "is there already and is not written over" in again.err) == (1, True)


def test_two_backups_in_one_second_have_two_names(run: Run, store: Path) -> None:
    said = [run("--source", "simulated", "store", "backup", "--json") for _ in range(3)]
    assert [one.code for one in said] == [0, 0, 0]
    assert len({one.json["backup"] for one in said}) == 3


def test_a_store_in_use_is_not_replaced(run: Run, store: Path) -> None:
    run("--source", "simulated", "store", "backup", store.with_name("mine.db"))
    inode = store.stat().st_ino
    with Store.open(store):
        said = run("--source", "simulated", "store", "restore", store.with_name("mine.db"))
    assert (said.code, "another tapecast has it open; quit that one" in said.err) == (1, True)
    assert store.stat().st_ino == inode
    assert not list(store.parent.glob("*.restoring*"))


def test_a_damaged_copy_is_not_put_in_the_stores_place(run: Run, store: Path) -> None:
    run("--source", "simulated", "store", "backup", store.with_name("mine.db"))
    damage(store.with_name("mine.db"))
    said = run("--source", "simulated", "store", "restore", store.with_name("mine.db"))
    assert (said.code, "mine.db: damaged (" in said.err) == (1, True)
    assert len(rows(store, "bars")) == 40


def test_vacuum_gives_pages_back_and_keeps_every_row(run: Run, store: Path) -> None:
    with Store.open(store) as opened:
        opened.runs.set_meta("ballast", "x" * 1_000_000)
        opened.runs.set_meta("ballast", "")
    before = rows(store, "outcomes")
    told = run("--source", "simulated", "store", "vacuum", "--json").json
    assert told["bytes_after"] < told["bytes_before"] - 900_000
    assert rows(store, "outcomes") == before
    assert run("--source", "simulated", "store", "check").code == 0


@pytest.mark.parametrize("words", [("check",), ("vacuum",), ("backup",)])
def test_no_store_is_a_usage_error(run: Run, words: tuple[str, ...]) -> None:
    said = run("--source", "simulated", "store", *words)
    assert (said.code, "there is no store; tapecast makes it at the first start" in said.err) == (2, True)


def test_a_file_that_is_no_store_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_bytes(b"not a database, just a letter\n" * 40)
    said = run("store", "check", "--store", tmp_path / "letter.db")
    assert (said.code, "file is not a database" in said.out) == (1, True)
    assert run("store", "vacuum", "--store", tmp_path / "letter.db").code == 1
    assert run("store", "check", "--store", tmp_path / "letter.db", "--salvage").code == 1


def test_export_and_import_move_a_store_to_another_folder(run: Run, store: Path, tmp_path: Path) -> None:
    out = run("--source", "simulated", "export", "--to", tmp_path / "out", "--json").json
    assert sum(n for told in out["files"].values() for n in told.values()) == 74
    new = tmp_path / "new.db"
    taken = run("--source", "simulated", "import", tmp_path / "out", "--store", new)
    assert (taken.code, taken.out.splitlines()[1]) == (0, "bars: 40 new, 0 known already")
    with Store.open(new) as opened:
        assert len(opened.market.indicators(NVDA)) == 20      # what follows from bars is there again
        assert opened.runs.get_meta("track-records") is not None
    again = run("--source", "simulated", "import", tmp_path / "out", "--store", new, "--json").json
    assert again["tables"]["bars"] == {"new": 0, "known": 40}


def test_export_refuses_what_does_not_fit_together(run: Run, store: Path, tmp_path: Path) -> None:
    mixed = run("--source", "simulated", "export", "--format", "json", "--to", tmp_path / "x.csv")
    assert (mixed.code, "its name tells of csv, --format of json" in mixed.err) == (2, True)
    part = run("--source", "simulated", "export", "--what", "watchlist", "--symbol", "NVDA", "--to", tmp_path / "y")
    assert (part.code, "lists and alert rules are exported whole" in part.err) == (2, True)


def test_import_of_a_bad_row_fails_by_file_and_line(run: Run, store: Path, tmp_path: Path) -> None:
    run("--source", "simulated", "export", "--what", "bars", "--to", tmp_path / "out")
    file = tmp_path / "out" / "bars.csv"
    file.write_text(file.read_text().replace("100.0", "free", 1))
    said = run("--source", "simulated", "import", tmp_path / "out")
    assert said.code == 1
    assert f"{file}:2: close is 'free', not a finite number above 0; mend or remove the row" in said.err
