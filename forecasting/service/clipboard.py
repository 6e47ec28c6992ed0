"""Text for the clipboard of whoever sits at the terminal, over SSH too: OSC 52.

No answer says whether the terminal has taken it; many ask their person first, or want it allowed. tmux takes the bare
sequence with `set -g set-clipboard on` and hands on a wrapped one with `set -g allow-passthrough on`: it is given both.
Source: xterm's Control Sequences, "Manipulate Selection Data"; tmux(1).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence

from forecasting.data.text import clean_text
from forecasting.trading.sinks.terminal import BEL, ESC, wrapped

MAX_BYTES = 1500
"""Of a text; a row has some 200. Well below what any terminal holds."""


def row_text(cells: Sequence[str]) -> str:
    """Cells as one line of plain text with tabs between, as a spreadsheet takes them."""
    return "\t".join(clean_text(cell) for cell in cells)


def sequences(text: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """What has to be written to the terminal that `env` tells of, one after the other; cut to `MAX_BYTES`."""
    data = text.encode()[:MAX_BYTES].decode(errors="ignore").encode()
    bare = f"{ESC}]52;c;{b64encode(data).decode()}{BEL}"
    return tuple(dict.fromkeys((bare, wrapped(bare, env))))
