"""What the terminal sends as keys, where Textual's reading of it would lose some.

A terminal codes alt+x as escape and x, so Esc and a key that come together - typed fast, or held up by SSH and sent in
one packet - look like alt with that key, and Textual reads Esc and a digit as what a Mac types with Option. Nothing
here is bound to alt, so both are read as what they are: Esc, then the key. A terminal that tells alt apart (the
keyboard protocol of kitty) is believed. Bytes that are no UTF-8 would end Textual's thread that reads keys: they become
a character that is bound to nothing.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterable
from functools import partial

from textual._xterm_parser import XTermParser  # how keys are read has no public name
from textual.driver import Driver
from textual.events import Key

ESC = "\x1b"
_LONGER = "[O"          # more follows: arrows, function keys, the mouse
_WORDS = "bf\t\x7f"     # Option and an arrow, Shift+Tab of the Linux console, alt+backspace: for who edits a line


class EscapeFirst(XTermParser):
    """Reads escape and a character as two keys."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        """The keys of a sequence; none where it is not complete."""
        together = len(sequence) == 2 and sequence[0] == ESC and sequence[1] not in _LONGER + _WORDS
        if alt or together:
            yield Key("escape", ESC)
        yield from super()._sequence_to_key_events(sequence[1:] if together else sequence)


def hearing(driver: type[Driver]) -> type[Driver]:
    """The driver, whose thread reads keys so; one that reads none (that of tests) is as it was."""
    module = sys.modules[driver.__module__]
    for name, ours in (("XTermParser", EscapeFirst), ("getincrementaldecoder", _forgiving)):
        if hasattr(module, name):      # the thread takes both by these names
            setattr(module, name, ours)
    return driver


def _forgiving(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    return partial(codecs.getincrementaldecoder(encoding), errors="replace")
