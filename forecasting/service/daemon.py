"""The engine without a terminal: `tapecast daemon`.

SIGTERM and SIGINT end it within two seconds, SIGHUP reads the configuration anew; one that cannot be read leaves
everything as it was, and the log says why. Under systemd it tells when it is ready and feeds the watchdog.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from shlex import quote

from forecasting.config import Settings
from forecasting.errors import ConfigError, TapecastError
from forecasting.service.front import renew, roles
from forecasting.service.lock import EngineLock
from forecasting.service.metrics import Metrics
from forecasting.service.places import place
from forecasting.service.standby import Standby

log = logging.getLogger("forecasting.daemon")

UNIT = """\
[Unit]
Description=tapecast: watches a watchlist, forecasts it and fires alerts
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
{folder}ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=10
WatchdogSec=120
TimeoutStopSec=5
UMask=0077

[Install]
WantedBy=default.target
"""


def unit(words: list[str]) -> str:
    """A systemd unit that starts this daemon with the same options."""
    program, folder = Path(sys.argv[0]), ""
    start = [str(program.resolve())]
    if program.name != "tapecast":      # run from a checkout, which has to be found again
        start, folder = [sys.executable, "-m", "tui"], f"WorkingDirectory={Path(__file__).resolve().parents[2]}\n"
    return UNIT.format(folder=folder, command=" ".join(map(quote, [*start, *words])))


def run(read: Callable[[], Settings], *, metrics_port: int | None = None) -> int:
    """Run until a signal ends it; the process's exit code.

    Args:
        read: Gives the settings, now and at every SIGHUP.
        metrics_port: Serve figures in Prometheus' text form there, on loopback; 0 chooses a port.

    Raises:
        TapecastError: If it cannot start: wrong settings, an unusable store, another daemon at work.
    """
    settings = read()
    lock = EngineLock(place(settings, demo=False).lock, "daemon")
    lead, look_on = roles(settings, lock)
    front = Standby(lock, lead=lead, look_on=look_on, kind="daemon")
    holder = lock.holder()
    if not front.leads and holder is not None and holder.kind == "daemon":
        front.stop()
        raise ConfigError(f"a daemon is at work here already, process {holder.pid}; stop it first, or use it")
    try:
        asyncio.run(_serve(front, read, metrics_port))
    finally:
        front.stop()
    return 0


async def _serve(front: Standby, read: Callable[[], Settings], metrics_port: int | None) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: _in_thread(lambda: _reload(front, read)))
    front.start(lambda snapshot: None, _in_thread)
    with Metrics(front, metrics_port) if metrics_port is not None else contextlib.nullcontext():
        log.info("at work" if front.leads else "waiting: an app runs the engine here, this takes over when it ends")
        notify("READY=1")
        feeding = asyncio.create_task(_feed_the_watchdog())
        await ended.wait()
        notify("STOPPING=1")
        feeding.cancel()
        log.info("ended by a signal")
        # Threads that wait for the worker end with it; nothing else is waited for.
        front.stop()


def _reload(front: Standby, read: Callable[[], Settings]) -> None:
    try:
        renew(front, read())
        log.info("configuration read anew")
    except TapecastError as error:
        log.error("configuration not taken over, everything stays as it was: %s", error)


def _in_thread(job: Callable[[], None]) -> None:
    threading.Thread(target=job, daemon=True).start()


def notify(state: str) -> None:
    """Tell systemd, where it listens (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.setblocking(False)      # whoever does not listen must not hold the loop
            mouth.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


async def _feed_the_watchdog() -> None:
    """From the loop that the engine's timers run on: where that hangs, nothing is fed."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if microseconds.isdecimal() and int(microseconds) > 0:
        while True:
            notify("WATCHDOG=1")
            await asyncio.sleep(int(microseconds) / 2e6)
