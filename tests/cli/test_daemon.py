"""`tapecast daemon` and `tapecast status` as real processes: starting, telling, reloading, ending."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Run
from tests.support.terminal import ROOT, children
from tests.support.waiting import PATIENCE_S, until, within
from tui import cli_daemon


class Daemon:
    """A daemon on simulated prices, and the socket it tells systemd through."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.config, self.data = folder / "config.toml", folder / "data"
        if not self.config.exists():
            self.config.write_text("[source]\nsymbols = 2\n[model]\nbackfill_sessions = 0\n")
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = str(folder / f"notify-{time.monotonic_ns()}")
        self._ear.bind(address)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui", "daemon", "--config", self.config, "--data-dir", self.data,
             "--source", "simulated", *words],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"},
        )  # fmt: skip

    def hear(self, word: str, seconds: float = PATIENCE_S) -> None:
        """Wait until it has told systemd `word`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self._ear], [], [], 0.1)
            if ready and self._ear.recv(200).decode() == word:
                return
        raise TimeoutError(f"not told within {seconds} s: {word}")

    @property
    def log(self) -> str:
        return next(self.data.glob("*/daemon.log")).read_text()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._ear.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    made.close()


def status(run: Run, daemon: Daemon) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        run("status", "--config", daemon.config, "--data-dir", daemon.data, "--source", "simulated", "--json").out
    )
    return told


def test_a_daemon_tells_when_it_is_ready_feeds_the_watchdog_and_ends_in_time(daemon: Daemon, run: Run) -> None:
    daemon.hear("READY=1")
    daemon.hear("WATCHDOG=1")
    daemon.hear("WATCHDOG=1")
    until(lambda: status(run, daemon).get("source", {}).get("health") == "ok")
    told = status(run, daemon)
    assert (told["running"], told["kind"], told["pid"], told["symbols"]) == (True, "daemon", daemon.process.pid, 2)
    workers = children(daemon.process.pid)

    with within(2.0):      # its words have filled the socket meanwhile, which nobody empties
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(PATIENCE_S) == 0
    until(lambda: not [pid for pid in workers if Path(f"/proc/{pid}").exists()])
    assert status(run, daemon)["running"] is False
    assert "Traceback" not in daemon.log


def test_hangup_reads_the_configuration_anew_and_a_broken_one_changes_nothing(daemon: Daemon, run: Run) -> None:
    daemon.hear("READY=1")
    until(lambda: status(run, daemon).get("symbols") == 2)
    daemon.config.write_text("[source]\nsymbols = 2\nsymbls = 3\n")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "unknown key 'source.symbls'; did you mean 'symbols'?" in daemon.log)
    daemon.config.write_text('[[list]]\nname = "Mine"\nsymbols = ["SIM-A", "SIM-B", "SIM-C"]\n')
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "configuration read anew" in daemon.log)
    until(lambda: status(run, daemon).get("symbols") == 3)
    assert daemon.process.poll() is None


def test_there_is_one_daemon_and_it_serves_its_figures_on_loopback(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    first = Daemon(tmp_path, "--metrics", str(port))
    try:
        first.hear("READY=1")
        second = Daemon(tmp_path)
        out, _ = second.process.communicate(timeout=PATIENCE_S)
        second.close()
        assert (second.process.returncode, f"process {first.process.pid}" in out) == (2, True)

        def figures() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
                return str(answer.read().decode())

        until(lambda: "tapecast_price{symbol=" in figures())
        assert "tapecast_source_up 1.0\n" in figures()
    finally:
        first.close()


def test_a_unit_for_systemd_is_printed_that_finds_configuration_and_checkout_again(
    run: Run, data: Path, tmp_path: Path
) -> None:
    told = run("daemon", "--systemd", "--source", "simulated").out
    assert "Type=notify" in told
    assert f"daemon --config {tmp_path / 'empty.toml'} --data-dir {data} --source simulated" in told
    assert "WorkingDirectory=" not in told      # an installed program is found anywhere


def test_the_unit_of_a_checkout_is_valid_and_says_where_that_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui", "daemon", "--systemd", "--data-dir", str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert f"\nWorkingDirectory={ROOT}\nExecStart={sys.executable} -m tui daemon" in told
    if (verify := shutil.which("systemd-analyze")) is not None:
        unit = tmp_path / "tapecast.service"
        unit.write_text(told)
        env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
        subprocess.run([verify, "verify", "--man=no", "--user", unit], check=True, capture_output=True, env=env)


def test_status_without_any_engine_says_so(run: Run) -> None:
    result = run("status", "--json")
    assert result.code == 1
    assert json.loads(result.out)["running"] is False
    assert "no engine is at work" in result.err


@pytest.mark.parametrize("message", ["ok", "yahoo: quotes: server error (HTTP 500); next try at 12:00:40 UTC"])
def test_status_names_the_source_once(message: str) -> None:
    value = {
        "running": True, "kind": "daemon", "pid": 7, "symbols": 2, "heartbeat_age_s": 1.0, "models": [],
        "alerts_unacknowledged": 0, "source": {"name": "yahoo", "message": message},
    }
    assert cli_daemon._text(value).splitlines()[1] == f"yahoo: {message.removeprefix('yahoo: ')}"
