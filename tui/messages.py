"""Messages that cross from the engine's threads to the app."""

from __future__ import annotations

from textual.message import Message

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SymbolDetail


class SnapshotPublished(Message):
    """There is a newer snapshot; the bridge hands out the newest, so older ones are dropped unseen."""


class DetailLoaded(Message):
    """The panes' values for one symbol were read; `detail` is None where nothing is known of it."""

    def __init__(self, symbol: Symbol, detail: SymbolDetail | None) -> None:
        super().__init__()
        self.symbol = symbol
        self.detail = detail


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
