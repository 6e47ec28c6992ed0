"""Cleaning text that comes from outside before anybody stores or shows it.

A company name, a CSV cell or an error body may carry terminal escape sequences (which could rewrite the screen or the
clipboard), control characters, or bidirectional overrides (which make a text read differently from what it is).
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"                                            # CSI: colours, cursor, modes
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, APC, up to their end
    r"|\x1b[ -/]*[0-~]?"                                                             # every other escape
)
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}   # controls, format (bidi, zero width), surrogates, private use, unassigned


def clean_text(text: str, *, limit: int = 200) -> str:
    """`text` on one line, without escape sequences, control, format and bidi characters, at most `limit` long.

    Runs of white space become one blank; a text that was cut ends in an ellipsis.
    """
    without_escapes = _ESCAPE_SEQUENCE.sub("", text)
    spaced = " ".join(without_escapes.split())   # first: \n and \t are white space, not nothing
    seen = "".join(c for c in spaced if unicodedata.category(c) not in _INVISIBLE)
    visible = " ".join(seen.split())             # again: what stood between two blanks may be gone
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"
