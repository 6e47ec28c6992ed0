"""The app's tests run in UTC, in a terminal that can do everything, and the cursor counts as resting at once."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _utc_and_no_delay(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "MOSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()
    monkeypatch.setattr("tui.screens.stage.DETAIL_DELAY", 0.001)
    yield
    monkeypatch.undo()
    time.tzset()
