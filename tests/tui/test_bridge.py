"""The bridge: snapshots coalesce, details come newest wish first."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SymbolDetail
from forecasting.errors import StoreError
from tests.support.fake_engine import FakeEngine, snapshot
from tui.bridge import EngineBridge
from tui.messages import DetailLoaded, EngineFailed, SnapshotPublished


class Harness:
    """A bridge whose posts are kept and whose threads run when told."""

    def __init__(self, engine: FakeEngine | None = None) -> None:
        self.engine = engine or FakeEngine()
        self.posted: list[Message] = []
        self.jobs: list[Callable[[], None]] = []
        self.bridge = EngineBridge(self.engine, self.posted.append, self.jobs.append)


def test_many_snapshots_make_one_message_and_the_newest_answers_it() -> None:
    harness = Harness()
    for version in (1, 2, 3):
        harness.bridge.publish(snapshot(harness.engine.groups, version))
    assert [type(message) for message in harness.posted] == [SnapshotPublished]
    newest = harness.bridge.take()
    assert newest is not None
    assert newest.version == 3
    harness.bridge.publish(snapshot(harness.engine.groups, 4))
    assert len(harness.posted) == 2


def test_an_older_snapshot_is_dropped() -> None:
    harness = Harness()
    harness.bridge.publish(snapshot(harness.engine.groups, 5))
    harness.bridge.take()
    harness.bridge.publish(snapshot(harness.engine.groups, 4))
    assert len(harness.posted) == 1
    assert (newest := harness.bridge.take()) is not None
    assert newest.version == 5


def test_only_the_newest_waiting_wish_is_read() -> None:
    harness = Harness()
    for symbol in ("NVDA", "AAPL", "TSM"):
        harness.bridge.want_detail(Symbol(symbol))
    assert len(harness.jobs) == 1
    harness.jobs.pop()()
    assert [call for call in harness.engine.calls if call[0] == "detail"] == [("detail", "TSM")]
    assert isinstance(harness.posted[-1], DetailLoaded)


def test_a_store_that_fails_is_told_and_the_next_wish_is_read() -> None:
    class Broken(FakeEngine):
        def detail(self, symbol: Symbol) -> SymbolDetail | None:
            raise StoreError("disk is gone")

    harness = Harness(Broken())
    harness.bridge.want_detail(Symbol("NVDA"))
    harness.jobs.pop()()
    assert isinstance(harness.posted[-1], EngineFailed)
    assert harness.posted[-1].text == "NVDA: disk is gone"
    harness.bridge.want_detail(Symbol("AAPL"))
    assert len(harness.jobs) == 1
