"""The bridge: snapshots coalesce, wishes are read newest first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.message import Message

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SymbolDetail
from forecasting.errors import StoreError, TapecastError
from tests.support.fake_engine import FakeEngine, snapshot
from tui.bridge import EngineBridge
from tui.messages import EngineFailed, Fetched, SnapshotPublished


class Harness:
    """A bridge whose posts are kept and whose threads run when told."""

    def __init__(self, engine: FakeEngine | None = None) -> None:
        self.engine = engine or FakeEngine()
        self.posted: list[Message] = []
        self.jobs: list[Callable[[], None]] = []
        self.bridge = EngineBridge(self.engine, self.posted.append, self.jobs.append)

    def deliver(self) -> None:
        """What the loop does with the messages."""
        for message in self.posted:
            if isinstance(message, Fetched):
                message.deliver()


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


def test_of_one_topic_only_the_newest_waiting_wish_is_read() -> None:
    harness = Harness()
    got: list[SymbolDetail | None] = []
    for symbol in ("NVDA", "AAPL", "TSM"):
        harness.bridge.fetch("detail", partial(harness.engine.detail, Symbol(symbol)), got.append)
    assert len(harness.jobs) == 1
    harness.jobs.pop()()
    assert [call for call in harness.engine.calls if call[0] == "detail"] == [("detail", "TSM")]
    harness.deliver()
    assert [detail.symbol for detail in got if detail is not None] == ["TSM"]


def test_what_was_overtaken_while_it_was_read_is_not_delivered() -> None:
    harness = Harness()
    got: list[str] = []

    def slow() -> str:
        harness.bridge.fetch("page", lambda: "new", got.append)
        return "old"

    harness.bridge.fetch("page", slow, got.append)
    harness.jobs.pop()()
    harness.deliver()
    assert got == ["new"]


def test_topics_do_not_wait_for_each_other() -> None:
    harness = Harness()
    harness.bridge.fetch("one", lambda: 1, print)
    harness.bridge.fetch("two", lambda: 2, print)
    assert len(harness.jobs) == 2


def test_a_store_that_fails_is_told_and_the_next_wish_is_read() -> None:
    harness = Harness()

    def broken() -> None:
        raise StoreError("disk is gone")

    harness.bridge.fetch("detail", broken, print)
    harness.jobs.pop()()
    assert isinstance(harness.posted[-1], EngineFailed)
    assert harness.posted[-1].text == "disk is gone"
    harness.bridge.fetch("detail", broken, print)
    assert len(harness.jobs) == 1


def test_who_wants_to_know_of_the_failure_is_told_in_place_of_the_person() -> None:
    harness = Harness()
    told: list[TapecastError] = []

    def broken() -> None:
        raise StoreError("disk is gone")

    harness.bridge.fetch("detail", broken, print, told.append)
    harness.jobs.pop()()
    harness.deliver()
    assert [str(error) for error in told] == ["disk is gone"]
