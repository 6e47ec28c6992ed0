"""What tapecast told of itself: on record with what tells that it was told, and with what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.data.store import Store
from forecasting.domain.decision import Delivery, Notice
from forecasting.errors import StoreError

NOW = datetime(2026, 3, 2, 15, 31, tzinfo=UTC)
DEAD = Notice(0, NOW, "no fresh prices", "none since 14:02")


def test_notices_are_newest_first_with_what_became_of_each(store: Store) -> None:
    dead = store.sayings.record(DEAD, "dead", "14:02")
    back = store.sayings.record(replace(DEAD, title="prices are back", fired_at=NOW + timedelta(hours=1)), "dead", "")
    later = Delivery("ntfy", False, 8.0, "no answer", next_try=NOW + timedelta(minutes=5))
    ok = Delivery("ntfy", True, 0.4, None)
    store.sayings.delivered([dead.id, back.id], later)
    assert [n.id for n in store.sayings.owed()] == [dead.id, back.id]
    store.sayings.delivered([dead.id], ok)

    assert store.sayings.recent() == (replace(back, deliveries=(later,)), replace(dead, deliveries=(ok,)))
    assert [n.id for n in store.sayings.recent(since=NOW + timedelta(minutes=1))] == [back.id]
    assert [n.id for n in store.sayings.recent(limit=1)] == [n.id for n in store.sayings.owed()] == [back.id]
    assert store.runs.get_meta("dead") == ""


def test_a_notice_that_is_not_on_record_leaves_no_trace_of_having_been_told(store: Store) -> None:
    store.runs.set_meta("dead", "")
    with store._database.transaction() as connection:
        connection.execute("CREATE TRIGGER full BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(StoreError, match="full"):
        store.sayings.record(DEAD, "dead", "14:02")
    assert (store.sayings.recent(), store.runs.get_meta("dead")) == ((), "")
