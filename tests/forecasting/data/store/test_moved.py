"""A store whose file is removed or replaced while it is open: what was committed is there, and it is said."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.errors import StoreError
from tests.support.store import NVDA, series

ROOT = Path(__file__).resolve().parents[4]


def remove(path: Path, *, also: tuple[str, ...] = ("-wal", "-shm", ".lock")) -> None:
    for companion in ("", *also):
        path.with_name(path.name + companion).unlink(missing_ok=True)


@pytest.mark.parametrize("also", [(), ("-wal", "-shm"), ("-wal", "-shm", ".lock")], ids=["alone", "wal", "all"])
def test_a_file_that_is_removed_is_written_anew_with_all_that_was_committed(
    tmp_path: Path, also: tuple[str, ...]
) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.market.put_bars(series(NVDA, 30))
        before = store.version()
        remove(path, also=also)
        store.runs.set_meta("after", "1")
        assert store.version() != before
        assert store.notices == (f"{path} was removed while in use; it was written anew from what was open",)
    with Store.open(path) as again:
        assert (len(again.market.bars(NVDA)), again.runs.get_meta("after")) == (30, "1")
        assert again.notices == ()
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store.db", "store.db.lock"]


def test_whoever_only_looks_notices_too(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.market.put_bars(series(NVDA, 30))
        store.version()
        remove(path)
        store.version()
        assert path.is_file()
        assert len(store.market.bars(NVDA)) == 30


OTHER = """
import sys
from pathlib import Path
from forecasting.data.store import Store
with Store.open(Path(sys.argv[1])) as store:
    print(store.runs.get_meta("mine"), flush=True)
    for line in sys.stdin:
        store.runs.set_meta("theirs", line.strip())
        print(store.runs.get_meta("mine"), flush=True)
"""


def test_two_processes_go_on_with_one_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.runs.set_meta("mine", "1")
        with subprocess.Popen(
            [sys.executable, "-c", OTHER, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == "1\n"
            remove(path)
            for turn in "2", "3":
                store.runs.set_meta("mine", turn)
                print(turn, file=other.stdin, flush=True)
                assert other.stdout.readline() == f"{turn}\n", "it reads what we have written"
                assert store.runs.get_meta("theirs") == turn, "and we what it has"
            other.stdin.close()


def test_another_file_in_its_place_is_what_is_shown_from_then_on(tmp_path: Path) -> None:
    path, other = tmp_path / "store.db", tmp_path / "other.db"
    with Store.open(other) as store:
        store.market.put_bars(series(NVDA, 12))
    with Store.open(path) as store:
        store.market.put_bars(series(NVDA, 30))
        remove(path, also=("-wal", "-shm"))
        shutil.copy(other, path)
        assert len(store.market.bars(NVDA)) == 12
        assert store.notices == (f"{path} was replaced while in use; what is shown is the new one's",)


def test_rubbish_in_its_place_is_told_and_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.market.put_bars(series(NVDA, 30))
        remove(path, also=("-wal", "-shm"))
        path.write_bytes(b"no database" * 1000)
        with pytest.raises(StoreError, match="start tapecast again and the damaged file is set aside"):
            store.market.bars(NVDA)
    assert path.read_bytes() == b"no database" * 1000


def test_a_transaction_under_way_ends_whole(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.runs.set_meta("kept", "1")
        with store._database.transaction() as connection:
            remove(path)
            connection.execute("INSERT INTO meta VALUES ('inside', '1')")
        assert (store.runs.get_meta("kept"), store.runs.get_meta("inside")) == ("1", "1")
        assert path.is_file()
