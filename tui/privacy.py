"""What the privacy mask hides in words: rules and alerts about positions name amounts too."""

from __future__ import annotations

import re
from dataclasses import replace

from forecasting.domain.snapshot import Snapshot
from tui.widgets.holding_cells import HIDDEN

_AMOUNTS = re.compile(r"\bposition\.(?:qty|cost|value|pnl|day_pnl)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d[\d_.,]*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)


def veil(text: str, about: str | None = None) -> str:
    """`text` without numbers where it, or what it is about, names an amount of what is held."""
    return _NUMBER.sub(HIDDEN, text) if _AMOUNTS.search(text if about is None else about) else text


def veil_sequence(sequence: str) -> str:
    """A notification for the terminal, its words veiled and its framing as it was."""
    words = sequence.find(";", sequence.find("]")) + 1
    return sequence[:words] + veil(sequence[words:])


class Veil:
    """Snapshots as they may be shown: of one snapshot always the same."""

    def __init__(self) -> None:
        self._last: tuple[Snapshot, Snapshot] | None = None

    def over(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with nothing in its alerts, rules and notices that tells an amount."""
        if self._last is None or self._last[0] is not snapshot:
            self._last = snapshot, replace(
                snapshot,
                alerts=tuple(replace(a, rule=veil(a.rule), reason=veil(a.reason, a.rule)) for a in snapshot.alerts),
                rules=tuple(replace(s, rule=replace(s.rule, text=veil(s.rule.text))) for s in snapshot.rules),
                notices=tuple(map(veil, snapshot.notices)),
            )
        return self._last[1]
