"""Whose fault it is that facts do not come, since when, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from forecasting.domain.clock import FrozenClock
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import SourceOffline, StoreError, StoreUnwritable, WorkerCrashed
from forecasting.service.blame import Blame

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WELL = SourceHealth("yahoo", Health.OK, "ok", requests=7)
FULL = StoreUnwritable("store.db: the disk is full")


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def blame(refusal: StoreError | None = None) -> Blame:
    return Blame("yahoo", lambda: refusal, FrozenClock(NOON))


def test_the_source_is_blamed_for_itself_and_store_and_worker_for_themselves() -> None:
    names = []
    for error in (SourceOffline("no answer"), FULL, WorkerCrashed("gone")):
        found = blame()
        found.lay(error, NOON)
        names.append(found.source.name)
    assert names == ["yahoo", "store", "worker"]


def test_since_is_the_first_of_failures_in_a_row_and_requests_stay_counted() -> None:
    found = blame()
    found.hear(WELL, NOON)
    found.lay(SourceOffline("no answer"), later(1))
    found.lay(WorkerCrashed("gone"), later(2))
    assert (found.source.since, found.source.requests) == (later(1), 7)
    found.hear(WELL, later(3))
    found.lay(SourceOffline("no answer"), later(4))
    assert found.source.since == later(4)


def test_a_lost_worker_is_asked_again_after_a_second_at_least_and_a_replay_names_no_moment() -> None:
    found, replay = blame(), Blame("replay", lambda: None, None)
    for each in (found, replay):
        each.lay(WorkerCrashed("gone", retry_s=0.0), NOON)
    assert (found.source.retry_at, replay.source.retry_at) == (NOON + timedelta(seconds=1), None)


def test_after_a_full_disk_a_tick_is_well_only_once_the_disk_takes_rows() -> None:
    refusals: list[StoreError | None] = [FULL, None]
    found = Blame("yahoo", lambda: refusals.pop(0), FrozenClock(NOON))
    found.lay_on_disk(FULL, NOON)
    found.hear(WELL, later(1))
    assert (found.source.health, found.source.name, found.source.since) == (Health.FAILED, "store", NOON)
    found.hear(WELL, later(2))
    assert found.source == WELL
    found.hear(WELL, later(3))          # the disk is not written to again: `refusals` is empty
