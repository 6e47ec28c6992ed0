"""A week of sessions in seconds: daemons and apps, killed and hung up, over one store; each alert once, and none lost.

Real processes on a clock they share, over a fake Yahoo in a process of its own. What they should have said is what one
process says that looks at the same prices at the same moments and is never stopped.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.data.store.examination import examine
from forecasting.domain.decision import Alert, AlertRule
from forecasting.domain.market import Bar, BarSeries, Instrument, Quote, Symbol
from forecasting.domain.sessions import Session
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.features.indicators import indicator_rows
from forecasting.service.alert_book import AlertBook
from forecasting.service.heartbeat import ask_for, newest_beat
from forecasting.service.snapshots import SnapshotReader, Status
from tests.support.markets import CALENDARS
from tests.support.soak_clock import CLOCK_FILE, SoakClock
from tests.support.soak_yahoo import HISTORY, PLACES, Market
from tests.support.terminal import ROOT, Terminal, children
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(180)

SYMBOLS = (Symbol("U00"), Symbol("U02"))
RULES = (
    "change_pct > 0", "rsi crosses above 50", "rsi crosses below 50", "macd crosses above macd_signal",
    "last crosses above average(10 bars)", "change_pct < 0 for 2 bars",
    "change_pct < 0 then change_pct > 0 within 3 bars",
)  # fmt: skip
FIRST = date(2027, 3, 1)       # a Monday, ahead of the machine's clock
TABLE = CALENDARS.sessions("XNYS", FIRST - HISTORY, FIRST + timedelta(days=20))
DAYS = [s for s in TABLE.sessions if s.session >= FIRST]
MARKETS = {symbol: Market(symbol, PLACES[0], TABLE.sessions) for symbol in SYMBOLS}


def after(session: Session) -> datetime:
    return session.close + timedelta(minutes=3)


class Machine:
    """Where all of it happens: a clock, a Yahoo, a folder of data."""

    def __init__(self, folder: Path, *, stream: bool) -> None:
        self.data, self.told = folder / "data", folder / "told"
        self.clock = SoakClock(folder / "clock")
        self.clock.move_to(after(DAYS[0]))
        self._config = folder / "config.toml"
        self._config.write_text(
            f"[source]\nstream = {str(stream).lower()}\n[refresh]\nopen_seconds = 3600.0\nclosed_seconds = 3600.0\n"
            "[model]\nbackfill_sessions = 0\nhistory_years = 1\n[alerts]\nrate = 600\ndigest = 1000\n"
            f'[[list]]\nname = "Core"\nsymbols = {json.dumps(SYMBOLS)}\n'
            '[[sink]]\nname = "hook"\nkind = "command"\n'
            f'command = ["sh", "-c", "cat >> {self.told}; echo >> {self.told}"]\n'
        )
        self.env = {**os.environ, CLOCK_FILE: str(folder / "clock")}
        self.yahoo = subprocess.Popen(
            [sys.executable, "-m", "tests.support.soak_yahoo", "3", FIRST.isoformat(), "20"], cwd=ROOT, env=self.env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        assert self.yahoo.stdout is not None
        urls = json.loads(self.yahoo.stdout.readline())
        self.env |= {"TAPECAST_YAHOO_URL": urls["yahoo"], "TAPECAST_STREAM_URL": urls["stream"]}
        self._running: list[subprocess.Popen[bytes] | Terminal] = []
        self.data.mkdir(mode=0o700)
        self.store = Store.open(self.data / "store.db")

    def _command(self, *words: str) -> list[str]:
        options = ["--config", str(self._config), "--data-dir", str(self.data)]
        return [sys.executable, "-m", "tests.support.week_tapecast", *words, *options]

    def daemon(self) -> subprocess.Popen[bytes]:
        """A daemon that is at work."""
        process = subprocess.Popen(self._command("daemon"), cwd=ROOT, env=self.env, stderr=subprocess.DEVNULL)
        self._running.append(process)
        until(lambda: (beat := newest_beat(self.store)) is not None and beat.pid == process.pid)
        return process

    def app(self) -> Terminal:
        """An app in a terminal, whose first prices are on its screen."""
        terminal = Terminal(self._command(), columns=120, rows=35, env=self.env)
        self._running.append(terminal)
        terminal.read_until(lambda: "U02" in terminal.text())
        return terminal

    def come_to(self, session: Session) -> None:
        """It is the evening after `session`, somebody has asked for prices, and the rules have seen its bars."""
        self.clock.move_to(after(session))
        ask_for(self.store, "refresh", datetime.now(UTC))
        self.seen(session)

    def seen(self, session: Session) -> None:
        until(lambda: set(self.store.alerts.looked_at().items()) == {(s, session.session) for s in SYMBOLS})

    def delivered(self) -> list[int]:
        """The alerts the hook was given, in their order."""
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        return sorted(alert["id"] for line in lines if line for alert in json.loads(line)["alerts"])

    def close(self) -> None:
        for running in self._running:
            if isinstance(running, Terminal):
                running.close()
            elif running.poll() is None:
                running.kill()
                running.wait()
        assert self.yahoo.stdin is not None
        assert self.yahoo.stdout is not None
        self.yahoo.stdin.close()
        self.yahoo.stdout.close()
        self.yahoo.wait()
        self.store.close()


@pytest.fixture
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Machine]:
    made = Machine(tmp_path, stream=getattr(request, "param", False))
    yield made
    made.close()


def alone(sessions: list[Session]) -> list[tuple[str, Symbol, datetime, float]]:
    """What one process says that looks after each of these sessions."""
    with Store.temporary() as store:
        store.market.put_sessions(TABLE)
        for text in RULES:
            store.alerts.add(AlertRule(0, text, (), None, (), 0.0, 0.0, after(DAYS[0])))
        book, reader = AlertBook(store, unwatched=timedelta(days=5)), SnapshotReader(store)
        for session in sessions:
            for symbol, market in MARKETS.items():
                series = bars(symbol, market, session)
                newest, previous = series.bars[-1], series.bars[-2]
                store.market.put_instruments([series.instrument])
                store.market.put_bars(series)
                store.market.put_indicators(symbol, indicator_rows(series))
                store.market.put_quotes([Quote(symbol, newest.close, session.close, previous.close, "USD", "test")])
            status = Status(after(session), (), SYMBOLS, SourceHealth("test", Health.OK, "ok"), (), None, (), None)
            book.look(reader.read(1, status))
        return said(store.alerts.history())


def bars(symbol: Symbol, market: Market, until: Session) -> BarSeries:
    rows = [
        Bar(row["session"], *(row[name] for name in ("open", "high", "low", "close", "adjclose", "volume")))
        for row in market.days if row["session"] <= until.session
    ]
    return BarSeries(Instrument(symbol, symbol, "XNYS", "USD"), tuple(rows))


def said(alerts: tuple[Alert, ...]) -> list[tuple[str, Symbol, datetime, float]]:
    return sorted((a.rule, a.symbol, a.data_time, round(a.value or 0.0, 4)) for a in alerts)


def test_a_week_of_daemons_and_apps_says_what_one_process_says(machine: Machine) -> None:
    for text in RULES:
        machine.store.alerts.add(AlertRule(0, text, (), None, (), 0.0, 0.0, after(DAYS[0])))
    daemon = machine.daemon()
    machine.seen(DAYS[0])                                       # the baseline
    app = machine.app()
    for session in DAYS[1:3]:
        machine.come_to(session)
    assert children(app.process.pid) == []                      # it only looks on, and has no worker

    os.kill(app.process.pid, signal.SIGHUP)                     # the line to the terminal is lost
    app.read_until(lambda: app.process.poll() is not None)
    machine.come_to(DAYS[3])
    assert daemon.poll() is None

    app = machine.app()
    daemon.kill()                                               # the app beside it takes over
    until(lambda: (beat := newest_beat(machine.store)) is not None and beat.kind == "app")
    machine.come_to(DAYS[4])
    os.kill(app.process.pid, signal.SIGKILL)
    app.process.wait()

    machine.clock.move_to(after(DAYS[7]))                       # nobody watches for three sessions
    daemon = machine.daemon()
    machine.seen(DAYS[7])
    machine.come_to(DAYS[8])
    alerts = machine.store.alerts.history()
    until(lambda: machine.delivered() == sorted(alert.id for alert in alerts))
    daemon.terminate()
    assert daemon.wait() == 0

    assert said(alerts) == alone([*DAYS[:5], DAYS[7], DAYS[8]])
    assert len(alerts) >= 10
    missed = {s.close for s in DAYS[5:8]}
    assert {a.id for a in alerts if a.late} == {a.id for a in alerts if a.data_time in missed} != set()
    assert not examine(machine.data / "store.db").problems


@pytest.mark.parametrize("machine", [True], indirect=True)
def test_prices_that_stream_in_fire_between_two_polls_an_hour_apart(machine: Machine) -> None:
    machine.clock.move_to(opened := DAYS[1].open + timedelta(hours=1))
    polled = {symbol: next(day["close"] for day in MARKETS[symbol].days if day["session"] == DAYS[1].session)
              for symbol in SYMBOLS}
    low = 100.1      # the stream begins at 100 and rises by a hundredth four times a second
    assert not any(low < price < low + 1 for price in polled.values())
    machine.store.alerts.add(AlertRule(0, f"last > {low} and last < {low + 1}", (), None, (), 0.0, 0.0, opened))
    daemon = machine.daemon()
    until(lambda: len(machine.store.alerts.history()) == 2)
    until(lambda: len(machine.delivered()) == 2)
    daemon.terminate()
    assert daemon.wait() == 0
    alerts = machine.store.alerts.history()
    assert {alert.symbol for alert in alerts} == set(SYMBOLS)
    assert all(low < (alert.value or 0.0) < low + 1 and not alert.late for alert in alerts)
