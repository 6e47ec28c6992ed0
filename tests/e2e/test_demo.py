"""`tapecast --demo`, as a person starts it: in a real terminal, with its worker process, on built-in data."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.forecast import Origin
from tests.support.terminal import Terminal, children
from tests.support.waiting import PATIENCE_S

LEAVE_ALTERNATE_SCREEN, SHOW_CURSOR = b"\x1b[?1049l", b"\x1b[?25h"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Terminal]:
    config = tmp_path / "config.toml"
    config.write_text("[refresh]\nreplay_seconds_per_session = 1.0\n")
    command = [sys.executable, "-m", "tui", "--demo", "--config", str(config), "--data-dir", str(tmp_path / "data")]
    terminal = Terminal(command, columns=120, rows=35)
    yield terminal
    terminal.close()


def test_the_demo_settles_a_live_forecast_and_quits_with_q(demo: Terminal, tmp_path: Path) -> None:
    store = tmp_path / "data" / "demo" / "store.db"

    demo.read_until(lambda: "^GSPC" in demo.text())
    demo.read_until(lambda: live_outcomes(store) >= 12, seconds=2 * PATIENCE_S)
    demo.read_until(lambda: "SYN-ALFA" in demo.text())
    worker = children(demo.process.pid)
    demo.type("q")

    assert demo.wait() == 0
    assert LEAVE_ALTERNATE_SCREEN in demo.raw
    assert demo.raw.rindex(SHOW_CURSOR) > demo.raw.index(b"SYN-ALFA")
    assert demo.settings() == demo.settings_before
    assert "Traceback" not in demo.text()
    assert [pid for pid in worker if Path(f"/proc/{pid}").exists()] == []
    with Store.open(store) as opened:
        assert opened.ledger.verify() > 0
        outcomes = opened.ledger.outcomes(origin=Origin.LIVE, horizon=1)
        entries = {e.id: e.forecast for e in opened.ledger.entries({o.entry_id for o in outcomes})}
        assert all(entries[o.entry_id].issued_at < entries[o.entry_id].target_times[0] < o.settled_at for o in outcomes)
        assert all(entries[o.entry_id].train_end < o.as_of_session for o in outcomes)
    assert oct(os.stat(store).st_mode & 0o777) == "0o600"


def live_outcomes(store: Path) -> int:
    if not store.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5)) as connection:
            return int(connection.execute("SELECT count(*) FROM outcomes WHERE origin = 'live'").fetchone()[0])
    except sqlite3.OperationalError:       # the schema is being written
        return 0
