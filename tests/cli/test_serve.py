"""The app in a browser: whom it is shown to, and that it comes."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import ROOT
from tui.cli_serve import is_loopback

pytest.importorskip("textual_serve")

from tests.support.waiting import PATIENCE_S
from tui.serving import admitted

OWN = "http://127.0.0.1:8000"


@pytest.mark.parametrize(("host", "origin", "ours"), [
    ("127.0.0.1:8000", None, True),
    ("localhost:8000", "http://localhost:8000", True),
    ("127.0.0.1:8000", "http://localhost:8000", True),
    ("127.0.0.1:8000", "https://evil.example", False),
    ("127.0.0.1:8000", "http://127.0.0.1:9000", False),      # another server on this machine
    ("127.0.0.1:8000", "null", False),                       # a page without a place
    ("evil.example:8000", "http://evil.example:8000", False),     # a name made to point here
    ("evil.example:8000", None, False),
])
def test_on_loopback_only_its_own_page_may_type_into_the_app(host: str, origin: str | None, ours: bool) -> None:
    assert admitted(OWN, host, origin) is ours


def test_elsewhere_the_page_has_to_be_the_one_served_there() -> None:
    public = "https://tape.example"
    assert admitted(public, "tape.example", "https://tape.example")
    assert admitted(public, "10.0.0.7:8000", "https://tape.example")      # a proxy stands between
    assert not admitted(public, "tape.example", "https://evil.example")


@pytest.mark.parametrize(("host", "own"), [
    ("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
    ("192.0.2.7", False), ("example.org", False),
])
def test_loopback_is_this_machine_alone(host: str, own: bool) -> None:
    assert is_loopback(host) is own


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def server(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    words = ["serve", "--port", str(port), "--source", "simulated", "--data-dir", str(tmp_path)]
    process = subprocess.Popen([sys.executable, "-m", "tui", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    yield process
    process.terminate()
    process.wait(PATIENCE_S)
    assert process.stderr is not None
    process.stderr.close()


def page(port: int, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_the_app_comes_in_a_browser_and_not_for_a_foreign_page(server: subprocess.Popen[str], port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            status, text = page(port)
            break
        except OSError:
            assert time.monotonic() < end
            assert server.poll() is None
    assert (status, f"ws://127.0.0.1:{port}/ws" in text) == (200, True)
    assert page(port, Host="evil.example")[0] == 403
    assert asyncio.run(first_frame(port, None)) is not None
    assert asyncio.run(first_frame(port, "https://evil.example")) is None


async def first_frame(port: int, origin: str | None) -> bytes | None:
    """What the app paints, as far as it shows its list; None where the door is closed."""
    import aiohttp

    async with aiohttp.ClientSession() as session:
        headers = {} if origin is None else {"Origin": origin}
        try:
            async with session.ws_connect(
                f"ws://127.0.0.1:{port}/ws?width=100&height=30", headers=headers
            ) as visit:
                painted = b""
                async with asyncio.timeout(PATIENCE_S):
                    while b"CHG%" not in painted:
                        message = await visit.receive()
                        painted += message.data if isinstance(message.data, bytes) else b""
                return painted
        except aiohttp.WSServerHandshakeError as error:
            if error.status != 403:
                raise
            return None
