"""The app, to which an alert with hostile words comes at once; sinks tell the terminal in all the ways they have."""

from __future__ import annotations

import os

from forecasting.domain.market import Symbol
from forecasting.service.facade import OnSnapshot, RunInThread
from forecasting.trading.sinks.message import notice, told
from forecasting.trading.sinks.terminal import Show, event
from tests.support.alerts import alert
from tests.support.fake_engine import FakeEngine
from tui.app import TapecastApp

HOSTILE = '\x1b]52;c;aGFoYQ==\x07[red]fell\x1b[2J by half; now'
HOSTILE_SYMBOL = "NV\x1b]0;owned\x07\x9d9;owned\x9cDA\u202e"


class TellingEngine(FakeEngine):
    """Fires once, as soon as it is started."""

    def start(self, on_snapshot: OnSnapshot, run_in_thread: RunInThread, show: Show | None = None) -> None:
        super().start(on_snapshot, run_in_thread, show)
        assert show is not None
        rule = self.alerts.add(f'name != "{HOSTILE}"', symbols=[Symbol("NVDA")])
        self.fake_alerts.fired.append(alert(rule=rule.text, reason=rule.text))
        self.push()
        for kind in ("osc9", "osc777"):
            show(event(kind, told([alert(symbol=HOSTILE_SYMBOL, reason=HOSTILE)]), os.environ))
            show(event(kind, notice(HOSTILE_SYMBOL, HOSTILE), os.environ))      # a source's own words, as of a headline


if __name__ == "__main__":
    TapecastApp(TellingEngine("NVDA")).run()
