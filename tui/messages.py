"""Messages that cross from the engine's threads to the app."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message


class SnapshotPublished(Message):
    """There is a newer snapshot; the bridge hands out the newest, so older ones are dropped unseen."""


class Fetched(Message):
    """Something that was wanted has been read; `deliver` hands it over, on the loop."""

    def __init__(self, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.deliver = deliver


class EngineFailed(Message):
    """A call to the engine failed with something a person should read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class NoticeGiven(Message):
    """A word about tapecast itself: a feed that is dead, a sign of life."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self.title = title
        self.text = text


class TerminalTold(Message):
    """Somebody has something for the terminal itself: a bell, a notification."""

    def __init__(self, sequence: str) -> None:
        super().__init__()
        self.sequence = sequence


class Copied(Message):
    """A person has copied something: the sequence that puts it on the terminal's clipboard."""

    def __init__(self, sequence: str) -> None:
        super().__init__()
        self.sequence = sequence
