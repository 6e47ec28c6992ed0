"""What the app may write to the terminal beside the screen: bell, title, notifications (OSC 9, 777), copies (OSC 52).

Whoever makes a sequence cleans its words. This is the last gate: a sequence of any other shape is not written at all,
so that no name, rule or headline can bring one of its own along.
"""

from __future__ import annotations

import re

BELL = "\a"
KEEP_TITLE = "\x1b[22;0t"
"""The terminal remembers its title .."""
OLD_TITLE = "\x1b[23;0t"
""".. and takes it again (xterm, and most terminals since)."""

_WORDS = r"[^\x00-\x1f\x7f-\x9f]*"
_COPIED = r"[A-Za-z0-9+/]{0,4000}={0,2}"      # base64


def _framed(osc: str) -> str:
    """As it is, through tmux, which wants escapes doubled, and through GNU screen."""
    return rf"\x1b{osc}|\x1bPtmux;\x1b\x1b{osc}\x1b\\|\x1bP\x1b{osc}\x1b\\"


_ALLOWED = re.compile(r"\x07|\x1b\[2[23];0t|" + _framed(rf"\](?:2|9|777);{_WORDS}\x07"))
_COPY = re.compile(_framed(rf"\]52;c;{_COPIED}\x07"))


def allowed(sequence: str) -> bool:
    """Whether `sequence` is one of those named above, and nothing else; a copy is none that anybody may ask for."""
    return _ALLOWED.fullmatch(sequence) is not None


def is_copy(sequence: str) -> bool:
    """Whether it puts a text on the clipboard, and nothing else: a person's key alone does so."""
    return _COPY.fullmatch(sequence) is not None


def title(name: str, unseen: int) -> str:
    """The sequence that makes the terminal's title `name`, with the number of unseen alerts before it."""
    return f"\x1b]2;{f'({unseen}) ' if unseen else ''}{name}{BELL}"
