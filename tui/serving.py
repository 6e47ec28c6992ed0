"""The web server behind `tapecast serve`: textual-serve, with its door watched.

A page of any site may open a web socket to this machine and type into the app. So the origin a browser names has to be
the page that was served here, and on loopback the host as well, since any name may be made to point there.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Serving(Server):
    """Serves one command's app to those who come by its own page."""

    def initialize_logging(self) -> None:
        """Leave logging as it is: the server's own prints each request with colours."""

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing; the command has."""

    async def handle_index(self, request: web.Request) -> Any:
        """The page."""
        self._admit(request)
        return await super().handle_index(request)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The app behind the page."""
        self._admit(request)
        return await super().handle_websocket(request)

    async def handle_download(self, request: web.Request) -> web.StreamResponse:
        """A file the app hands out."""
        self._admit(request)
        return await super().handle_download(request)

    def _admit(self, request: web.Request) -> None:
        if not admitted(self.public_url, request.headers.get("Host", ""), request.headers.get("Origin")):
            raise web.HTTPForbidden(text=f"this is {self.public_url}; open that address")


def admitted(public_url: str, host: str, origin: str | None) -> bool:
    """Whether a request is one of our own page's, or of somebody who types the address.

    Args:
        public_url: What the browser is to call this place.
        host: The request's Host header, with its port.
        origin: Its Origin header; None where there is none, as for a typed address.
    """
    own, asked = urlsplit(public_url), urlsplit(f"//{host}")
    here = own.hostname in _OWN_NAMES
    if here and asked.hostname not in _OWN_NAMES:
        return False
    if origin is None:
        return True
    came = urlsplit(origin)
    return came.netloc in (host, own.netloc) or (here and came.hostname in _OWN_NAMES and came.port == own.port)
