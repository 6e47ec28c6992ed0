"""What the terminal sends as keys, where Textual's reading of it would lose some.

A terminal codes alt+x as escape and x, so Esc and a key that come together - typed fast, or held up by SSH and sent in
one packet - look like alt with that key, and Textual reads Esc and a digit as what a Mac types with Option. Nothing
here is bound to alt, so both are read as what they are: Esc, then the key. A terminal that tells alt apart (the
keyboard protocol of kitty) is believed. Bytes that are no UTF-8 would end Textual's thread that reads keys: they become
a character that is bound to nothing.

Keys of one packet are handed on one by one, each when what the one before it did is done: Textual would give them all
to what has the focus now, and of "/nv" the n and the v would be commands before the filter is open.
"""

from __future__ import annotations

import asyncio
import codecs
import re
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from textual._xterm_parser import XTermParser  # how keys are read has no public name
from textual.app import App, ScreenStackError
from textual.driver import Driver
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

ESC = "\x1b"
PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")      # but for ends of lines and tabs
_LONGER = "[O"          # more follows: arrows, function keys, the mouse
_WORDS = "bf\t\x7f"     # Option and an arrow, Shift+Tab of the Linux console, alt+backspace: for who edits a line


class EscapeFirst(XTermParser):
    """Reads escape and a character as two keys, and what is pasted as text alone, whatever is in it."""

    def __init__(self, debug: bool = False) -> None:
        self._pasting = False
        self._tail = ""      # the last that went by: perhaps the beginning of the mark before a paste
        self._held = ""      # the last of a paste that was not handed on yet: perhaps that of the mark behind it
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """The messages that `data` makes; "" is the end of input."""
        if data and not (data := self._without_control(data)):
            return ()
        return super().feed(data)

    def _without_control(self, data: str) -> str:
        """`data` without what is control in a paste: an escape there would be read as a key, and what follows too."""
        said = []
        while data:
            if self._pasting:
                text, end, data = (self._held + data).partition(PASTE_END)
                kept = 0 if end else _begun(text, PASTE_END)
                text, self._held = text[: len(text) - kept], text[len(text) - kept :]
                said += [_CONTROL.sub("", text), end]
                self._pasting = not end
            else:
                before, mark, after = (self._tail + data).partition(PASTE_START)
                by = data[: len(data) - len(after)] if mark else data
                said.append(by)
                self._pasting, self._tail = bool(mark), "" if mark else before[1 - len(PASTE_START) :]
                data = after
        return "".join(said)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        """The keys of a sequence; none where it is not complete."""
        together = len(sequence) == 2 and sequence[0] == ESC and sequence[1] not in _LONGER + _WORDS
        if alt or together:
            yield Key("escape", ESC)
        yield from super()._sequence_to_key_events(sequence[1:] if together else sequence)


def _begun(text: str, mark: str) -> int:
    """How much of `mark` stands at the end of `text`."""
    return next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)


def fitting(paste: Paste, into: Widget | None) -> Paste:
    """What of a paste a widget takes: text one can see; where it has but one line, as one, no longer than its room.

    Textual takes the first line alone, and nothing at all of one that is too long.
    """
    lines = ["".join(c for c in line.replace("\t", " ") if c.isprintable()) for line in paste.text.splitlines()]
    if not isinstance(into, Input):
        return Paste("\n".join(lines))
    text = " ".join(line.strip() for line in lines).strip() if len(lines) > 1 else "".join(lines)
    if into.max_length:
        text = text[:max(0, into.max_length - len(into.value) + len(into.selected_text))]
    return Paste(text)


def hearing(driver: type[Driver]) -> type[Driver]:
    """The driver, whose thread reads keys so; one that reads none (that of tests) is as it was."""
    module = sys.modules[driver.__module__]
    for name, ours in (("XTermParser", EscapeFirst), ("getincrementaldecoder", _forgiving)):
        if hasattr(module, name):      # the thread takes both by these names
            setattr(module, name, ours)
    return driver


def _forgiving(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    return partial(codecs.getincrementaldecoder(encoding), errors="replace")


class KeyHandled(Message):
    """Follows a key from widget to widget up to the app; behind it, so where it has come the key has been."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class OneByOne:
    """Hands keys on, the next when the last one is done with."""

    LAPS = 2            # one behind the key, one behind the messages that it caused
    PATIENCE_S = 0.2    # for a message whose way was closed under it, with the dialog it was in

    def __init__(self, app: App[None], hand_on: Callable[[Event], Awaitable[None]]) -> None:
        """Prepare.

        Args:
            app: Whose keys they are; it tells `handled` of each `KeyHandled`.
            hand_on: Gives a key, or what was pasted, to what has the focus.
        """
        self._app, self._hand_on = app, hand_on
        self._waiting: deque[Event] = deque()
        self._busy = False
        self._laps = self._number = 0
        self._patience: asyncio.TimerHandle | None = None

    async def take(self, event: Event) -> None:
        """Hand it on, now or when its turn comes."""
        self._waiting.append(event)
        if not self._busy:
            await self._next()

    async def _next(self) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            event = self._waiting.popleft()
            await self._hand_on(fitting(event, self._app.focused) if isinstance(event, Paste) else event)
            self._laps = self.LAPS
            self._send()

    def _send(self) -> None:
        """Send a message after the key."""
        self._number += 1
        try:
            target = self._app.focused or self._app.screen
        except ScreenStackError:      # the app ends
            return
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(self.PATIENCE_S, self._app.post_message, KeyHandled(self._number))
        target.post_message(KeyHandled(self._number))

    async def handled(self, message: KeyHandled) -> None:
        """Take note that a message has come back."""
        if message.number != self._number or self._patience is None:
            return
        self._patience.cancel()
        self._patience = None
        self._laps -= 1
        if self._laps:
            self._send()
        else:
            await self._next()
