"""A web page in a browser beside the terminal, where there is one; over SSH it would open on the wrong machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from urllib.parse import quote

from forecasting.domain.market import Symbol


def page_of(symbol: Symbol) -> str:
    """The address of the symbol's page."""
    return f"https://finance.yahoo.com/quote/{quote(symbol, safe='')}"


def opener(env: Mapping[str, str], platform: str = sys.platform) -> tuple[str, ...] | None:
    """The program that opens an address on the screen that a person sees; None where there is none."""
    if env.get("SSH_TTY") or env.get("SSH_CONNECTION"):
        return None
    if platform == "darwin":
        return ("open",)
    if platform == "win32":
        return ("rundll32", "url.dll,FileProtocolHandler")
    graphical = env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")
    return ("xdg-open",) if graphical and shutil.which("xdg-open") else None


def open_page(address: str, program: tuple[str, ...]) -> bool:
    """Have `program` open an http address, and wait for nothing; whether it could be started.

    What it has to say goes nowhere: the terminal belongs to the screen.
    """
    if not address.startswith(("https://", "http://")):
        return False
    nothing = subprocess.DEVNULL
    try:
        subprocess.Popen(
            [*program, address], stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True, close_fds=True
        )
    except OSError:
        return False
    return True
