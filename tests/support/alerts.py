"""Alerts to deliver, and words that try to be more than words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from forecasting.domain.decision import Alert, Notice
from forecasting.domain.market import Symbol

FIRED = datetime(2026, 3, 2, 15, 31, tzinfo=UTC)


def alert(id_: int = 1, symbol: str = "NVDA", **changes: Any) -> Alert:
    """RSI of `symbol` has crossed 70."""
    values: dict[str, Any] = {
        "id": id_, "rule_id": 1, "rule": "rsi crosses above 70", "symbol": Symbol(symbol), "fired_at": FIRED,
        "data_time": FIRED, "late": False, "value": 71.25, "reason": "rsi crosses above 70: rsi 71.25",
    }  # fmt: skip
    return Alert(**values | changes)


def notice(id_: int = 1, **changes: Any) -> Notice:
    """Prices have ceased."""
    values: dict[str, Any] = {"fired_at": FIRED, "title": "no fresh prices", "text": "none since 14:02"}
    return Notice(id_, **values | changes)


HOSTILE = st.text(max_size=60) | st.lists(
    st.sampled_from([
        "\x1b]0;x\x07", "\x1b]52;c;aGk=\x07", "\x1bPtmux;", "\x1b\\", "\x1b", "\x9b31m", "\x9d9;", "\x90", "\x07",
        "\x00", "\r\n", ";", "4;1;50", "\u202e", "\u2028", "\ud800", "-rf", "$(id)", "{value}", "東京", "x" * 300,
    ]), max_size=8,
).map("".join)  # fmt: skip
"""Any text, and text made of pieces of control sequences."""
