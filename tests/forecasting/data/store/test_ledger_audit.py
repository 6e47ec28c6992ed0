"""T17: whatever is done to the ledger behind the store's back, `verify` finds it."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.data.store import Store
from forecasting.data.store.audit import audit
from forecasting.domain.forecast import Origin
from forecasting.errors import LedgerError
from tests.support.store import AMD, MONDAY, NVDA, close_of, forecast, outcome

TRIGGERS = ("forecasts_stay", "forecasts_last", "outcomes_stay", "outcomes_last")
COLUMNS = {
    "forecasts": ("symbol", "model", "origin", "as_of_session", "hash", "body"),
    "outcomes": (
        "entry_id", "horizon", "symbol", "model", "origin", "as_of_session", "target_session", "settled_at", "actual",
        "median", "low_80", "high_80", "p_up", "crps", "hash",
    ),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three forecasts, four outcomes."""
    with Store.open(tmp_path_factory.mktemp("ledger") / "store.db") as store:
        said = [forecast(NVDA), forecast(AMD), forecast(NVDA, "lstm")]
        entries = store.ledger.append(said, Origin.LIVE, at=close_of(MONDAY) + timedelta(hours=1))
        store.ledger.settle([outcome(e, h) for e in entries[:2] for h in (1, 2)])
        yield store


class Tampered(Exception):
    """Ends a forger's transaction, so that the next example starts from the honest ledger."""


def verify_after(store: Store, *edits: tuple[str, tuple[object, ...]]) -> None:
    """Verify what the ledger would be after raw edits with its triggers dropped, then take them back."""
    with suppress(Tampered), store._database.transaction() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        for trigger in (*TRIGGERS, "outcomes_settle"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for sql, parameters in edits:
            connection.execute(sql, parameters)
        with pytest.raises(LedgerError, match=r"^ledger"):
            audit(connection)
        raise Tampered
    assert store.ledger.verify() == 3


def test_an_honest_ledger_verifies(store: Store) -> None:
    assert store.ledger.verify() == 3


@pytest.mark.parametrize("table", COLUMNS)
def test_the_triggers_refuse_to_change_or_delete_a_row(store: Store, table: str) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as raw:
        for column in COLUMNS[table]:
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(f"UPDATE {table} SET {column} = {column} WHERE id = 1")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(f"DELETE FROM {table}")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_changed_byte_anywhere_in_a_row_is_found(store: Store, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(sorted(COLUMNS)))
    column = data.draw(st.sampled_from(COLUMNS[table]))
    row = data.draw(st.integers(1, 3))
    ((value,),) = store._database.rows(f"SELECT {column} FROM {table} WHERE id = ?", (row,))
    if isinstance(value, str):
        at = data.draw(st.integers(0, len(value) - 1))
        other = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != value[at]))
        value = value[:at] + other + value[at + 1:]
    elif isinstance(value, bytes):
        at = data.draw(st.integers(0, len(value) - 1))
        value = value[:at] + bytes([value[at] ^ data.draw(st.integers(1, 255))]) + value[at + 1:]
    elif isinstance(value, int):
        value += data.draw(st.integers(3, 99))
    else:
        value = math.nextafter(value, data.draw(st.sampled_from([-math.inf, math.inf])))
    # An origin outside the two is refused by the table itself; the chain is asked about what passes.
    verify_after(
        store, ("PRAGMA ignore_check_constraints = ON", ()),
        (f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, row)),
        ("PRAGMA ignore_check_constraints = OFF", ()),
    )


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM forecasts WHERE id = 2",
        "DELETE FROM forecasts WHERE id = 3",                       # the newest: no later row's hash to break
        "DELETE FROM outcomes WHERE id = 4",
        "DELETE FROM pending WHERE entry_id = 3 AND horizon = 10",  # an outcome that would never be asked for
        "UPDATE pending SET target_session = '2099-01-01' WHERE entry_id = 3 AND horizon = 10",
        "UPDATE forecasts SET id = 9 WHERE id = 3",
        "INSERT INTO outcomes SELECT 5, 3, horizon, symbol, 'lstm', origin, as_of_session, target_session, settled_at,"
        " actual, median, low_80, high_80, p_up, crps, hash FROM outcomes WHERE id = 1",
    ],
)
def test_a_row_dropped_moved_or_slipped_in_is_found(store: Store, edit: str) -> None:
    verify_after(store, (edit, ()))


def test_the_first_broken_row_is_named(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.ledger.append([forecast(NVDA), forecast(AMD)], Origin.BACKFILL, at=close_of(MONDAY))
        with closing(sqlite3.connect(store.path)) as raw, raw:
            raw.execute("DROP TRIGGER forecasts_stay")
            raw.execute("UPDATE forecasts SET body = replace(body, '101.25', '101.26') WHERE id = 2")
        with pytest.raises(LedgerError, match="ledger entry 2: it was edited"):
            store.ledger.verify()
