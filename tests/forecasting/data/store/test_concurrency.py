"""Several threads and processes on one store, one of them killed: nothing acknowledged is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.forecast import Origin
from forecasting.errors import StoreError
from tests.support.store import MONDAY, NVDA, close_of, forecast, outcome, series
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[4]

# Appends forecasts of one model for session after session, settles each at once, and acknowledges every pair on stdout.
WRITER = """
import sys
from itertools import islice
from pathlib import Path
from datetime import timedelta
from forecasting.data.store import Store
from forecasting.domain.forecast import Origin
from tests.support.store import MONDAY, close_of, forecast, outcome, weekdays

path, model, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with Store.open(path) as store:
    done = store.ledger.latest().get("NVDA", {}).get(model)
    first = MONDAY if done is None else done.forecast.as_of_session + timedelta(days=1)
    for day in islice(weekdays(first), count):
        (entry,) = store.ledger.append([forecast(model=model, session=day)], Origin.BACKFILL, at=close_of(day))
        store.ledger.settle([outcome(entry)])
        print(entry.id, flush=True)
"""


def writer(path: Path, model: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), model, str(count)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_two_processes_that_write_at_once_lose_no_row_and_keep_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    writers = [writer(path, model, 150) for model in ("har-t", "lstm")]
    acknowledged = [int(line) for process in writers for line in process.communicate(timeout=PATIENCE_S)[0].split()]
    assert [process.returncode for process in writers] == [0, 0]
    assert sorted(acknowledged) == list(range(1, 301))
    with Store.open(path) as store:
        assert store.ledger.verify() == 300
        assert len(store.ledger.outcomes()) == 300


def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    for kill_after in (1, 7, 23, 40):
        process = writer(path, "har-t", 10_000)
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(kill_after)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        process.stdout.close()
        process.wait()
        with Store.open(path) as store:
            assert store.notices == ()
            assert store.ledger.verify() >= acknowledged[-1]
            assert {o.entry_id for o in store.ledger.outcomes()} >= set(acknowledged)


def test_threads_write_and_read_one_store_at_once(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.runs.next_trial(), range(100)))
        assert store.runs.trials() == 100
        symbols = [f"S{i}" for i in range(20)]
        list(pool.map(lambda symbol: store.market.put_bars(series(symbol, n=50)), symbols))
        assert all(pool.map(lambda symbol: len(store.market.bars(symbol)) == 50, symbols))


def test_a_reader_does_not_wait_for_a_writer_and_sees_whole_transactions_only(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.runs.set_meta("a", "old")
        with store._database.transaction() as connection, ThreadPoolExecutor(1) as pool:
            connection.execute("UPDATE meta SET value = 'new'")
            assert pool.submit(store.runs.get_meta, "a").result(timeout=PATIENCE_S) == "old"
        assert store.runs.get_meta("a") == "new"


def test_threads_that_come_one_after_the_other_share_a_connection(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        for _ in range(20):
            thread = threading.Thread(target=store.market.quotes)
            thread.start()
            thread.join()
        assert len(store._database._handles) == 1


def test_two_reads_that_overlap_in_one_thread_share_a_connection_until_both_have_ended(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store, ThreadPoolExecutor(1) as other:
        first, second = store._database._connection(), store._database._connection()
        with ExitStack() as one, ExitStack() as two:
            assert one.enter_context(first) is two.enter_context(second)
            one.close()
            other.submit(store.market.quotes).result()
            assert len(store._database._handles) == 2      # the first is still in use
        other.submit(store.market.quotes).result()
        assert len(store._database._handles) == 2


def test_the_version_changes_with_every_writing_and_with_nothing_else(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store, Store.open(tmp_path / "store.db") as other:
        versions = [store.version()]
        for write in (lambda: None, lambda: store.runs.set_meta("a", "1"), store.market.quotes,
                      lambda: other.runs.set_meta("a", "2")):
            write()
            versions.append(store.version())
        assert [b != a for a, b in pairwise(versions)] == [False, True, False, True]


def test_a_closed_store_says_so() -> None:
    store = Store.temporary()
    store.market.put_bars(series())
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.market.bars(NVDA)


def test_an_error_inside_a_transaction_leaves_no_trace(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        (entry,) = store.ledger.append([forecast()], Origin.LIVE, at=close_of(MONDAY) + timedelta(hours=1))
        with pytest.raises(StoreError):
            store.ledger.settle([outcome(entry, 1), outcome(entry, 2, crps=float("nan"))])
        assert len(store.ledger.unsettled()) == 10
        assert store.ledger.verify() == 1


def test_letting_go_of_memory_waits_for_no_transaction_and_loses_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store, ThreadPoolExecutor(1) as other:
        store.market.put_bars(series())
        with store._database.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('key', 'value')")
            other.submit(store.shrink).result(timeout=PATIENCE_S)
        store.shrink()
        assert store.runs.get_meta("key") == "value"
        assert store.market.series(NVDA) == series()
