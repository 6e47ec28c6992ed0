"""What tapecast tells of itself: prices have ceased, prices are back, it still runs; each once, restarts or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.config import AlertSettings
from forecasting.data.store import Store
from forecasting.domain.market import SessionState, Symbol
from forecasting.domain.snapshot import ExchangeStatus, Health, Snapshot, SourceHealth
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import StoreError
from forecasting.service.pulse import FeedWatch, Pulse
from tests.support import fake_engine

OPEN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
BASE = fake_engine.snapshot((WatchGroup("Core", (Symbol("NVDA"), Symbol("SAP.DE"))),))
DOWN = SourceHealth("yahoo", Health.FAILED, "no network since 14:40")


def at(minute: float, *, nvda: float | None = None, state: SessionState = SessionState.OPEN) -> Snapshot:
    """`minute` after New York's open; NVDA's price was made at `nvda`, SAP's never changes, Xetra is closed."""
    made = None if nvda is None else OPEN + timedelta(minutes=nvda)
    rows = tuple(
        replace(row, data_time=made if row.symbol == "NVDA" else OPEN - timedelta(hours=1)) for row in BASE.rows
    )
    exchanges = (ExchangeStatus("XNYS", state, None), ExchangeStatus("XETR", SessionState.CLOSED, None))
    now = OPEN + timedelta(minutes=minute)
    return replace(BASE, now=now, rows=rows, exchanges=exchanges, source=DOWN, data_time=made)


def told(watch: FeedWatch, *snapshots: Snapshot) -> list[tuple[float, str, str]]:
    """Minute, title and text of each message."""
    said = [(s.now, watch.look(s)) for s in snapshots]
    return [((now - OPEN).total_seconds() / 60, m.title, m.text) for now, m in said if m is not None]


def test_prices_that_cease_and_come_back_are_told_once_each() -> None:
    watch = FeedWatch(timedelta(minutes=15))
    fresh = [at(m, nvda=m - 1) for m in range(11)]
    dead = [at(m, nvda=9) for m in range(11, 41)]
    back = [at(m, nvda=m - 1) for m in range(41, 50)]
    assert told(watch, *fresh, *dead, *back) == [
        (25.0, "no fresh prices", "none for 1 symbols in session since 14:40 UTC; yahoo: no network since 14:40"),
        (41.0, "prices are back", "NVDA has a fresh price, after 31 minutes without any"),
    ]


def test_a_delayed_source_is_fresh_as_long_as_its_prices_move_on() -> None:
    watch = FeedWatch(timedelta(minutes=15))
    assert told(watch, *(at(m, nvda=m - 20) for m in range(120))) == []


def test_a_symbol_without_any_price_is_no_fresh_one() -> None:
    watch = FeedWatch(timedelta(minutes=15))
    assert [minute for minute, *_ in told(watch, *(at(m) for m in range(40)))] == [15.0]


def test_nobody_expects_prices_of_a_closed_exchange_and_the_wait_begins_at_its_open() -> None:
    watch = FeedWatch(timedelta(minutes=15))
    night = [at(m, nvda=-900, state=SessionState.CLOSED) for m in range(-60, 0)]
    assert told(watch, *night) == []
    assert [minute for minute, *_ in told(watch, *(at(m, nvda=-900) for m in range(30)))] == [15.0]


def test_after_a_sleep_of_the_machine_the_wait_begins_anew() -> None:
    watch = FeedWatch(timedelta(minutes=15))
    before = [at(m, nvda=m) for m in range(5)]
    after = [at(m, nvda=4) for m in range(60, 80)]
    assert [minute for minute, *_ in told(watch, *before, *after)] == [75.0]
    back = FeedWatch(timedelta(minutes=15))
    assert told(back, *before, *(at(m, nvda=m) for m in range(60, 80))) == []


def titles(pulse: Pulse, *snapshots: Snapshot) -> list[str]:
    return [message.title for snapshot in snapshots for message in pulse.look(snapshot)]


def test_a_restart_repeats_nothing(store: Store) -> None:
    settings = AlertSettings()
    assert titles(Pulse(store, settings), *(at(m, nvda=0) for m in range(30))) == ["no fresh prices"]
    assert titles(Pulse(store, settings), *(at(m, nvda=0) for m in range(30, 60))) == []
    assert titles(Pulse(store, settings), *(at(m, nvda=m) for m in range(60, 90))) == ["prices are back"]
    assert titles(Pulse(store, settings), *(at(m, nvda=m) for m in range(90, 120))) == []
    assert [(n.fired_at, n.title) for n in store.sayings.recent()] == [
        (OPEN + timedelta(minutes=61), "prices are back"), (OPEN + timedelta(minutes=15), "no fresh prices"),
    ]  # fmt: skip


def test_what_cannot_be_put_on_record_is_told_all_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store.sayings, "record", full)
    assert titles(Pulse(store, AlertSettings()), *(at(m, nvda=0) for m in range(60))) == ["no fresh prices"]


def test_a_sign_of_life_comes_once_a_day_at_its_local_time(store: Store) -> None:
    noon = OPEN.astimezone().replace(hour=12, minute=0)
    settings = AlertSettings(heartbeat="12:00", feed_dead_minutes=1440)

    def looks(*hours: float) -> list[str]:
        moments = [(noon + timedelta(hours=h)).astimezone(UTC) for h in hours]
        pulse = Pulse(store, settings)
        return [m.text for now in moments for m in pulse.look(replace(at(0, nvda=0), now=now))]

    said = "2 symbols, newest price 2026-03-02 14:30 UTC; yahoo: no network since 14:40"
    assert looks(-3, -0.1, 0, 1, 2) == [said]
    assert looks(3, 11) == []
    assert looks(23.9, 24.1, 25) == [said]
    assert titles(Pulse(store, AlertSettings()), at(0, nvda=0)) == []      # unless it is not asked for
