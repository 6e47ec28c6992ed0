"""Yahoo's web socket on 127.0.0.1, with faults to switch on while it runs.

`FakeStream` sends each connection a price per subscribed symbol every `every_s` seconds, a cent above the one before,
and counts connections and subscriptions. `fault` is one of `FAULTS` or None; it takes effect at once, and ends at once
where a connection survives it. `TAPECAST_STREAM_URL` points a whole worker at `url`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.support.waiting import PATIENCE_S

HOSTILE = "\x1b[31m\x1b]52;c;aGk=\x07‮AAPL[@click=app.quit]\x00"

FAULTS = (
    "close-1001", "reset", "garbage", "not-json", "oversize", "mute", "403", "no-handshake", "nan", "inf", "negative",
    "time-0", "stale", "future", "out-of-order", "unknown-symbol", "hostile-names", "flood",
)  # fmt: skip
FLOOD_PER_S = 1000


def frame(symbol: str, price: float, made_s: float, **fields: Any) -> str:
    """A message as Yahoo sends it."""
    from yfinance.pricing_pb2 import PricingData

    sent = {"currency": "USD", "exchange": "NMS", "quote_type": 8, "market_hours": 1, "price_hint": 2} | fields
    pricing = PricingData(id=symbol, price=price, time=int(made_s * 1000), **sent)
    return json.dumps({"type": "pricing", "message": base64.b64encode(pricing.SerializeToString()).decode()})


class FakeStream:
    """Listens while entered as a context."""

    def __init__(self, *, every_s: float = 0.02, now: Callable[[], float] = time.time) -> None:
        self.every_s, self._now = every_s, now
        self.fault: str | None = None
        self.fields: dict[str, dict[str, Any]] = {}         # laid over the message of a symbol
        self.connections = 0                                # begun, whether or not they came to anything
        self.subscriptions: list[tuple[str, tuple[str, ...]]] = []      # "subscribe" or "unsubscribe", and symbols
        self.sent: Counter[str] = Counter()                 # by symbol
        self.open = 0                                       # connections that stand now
        self.url = ""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake-stream", daemon=True)

    def __enter__(self) -> FakeStream:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE_S)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server: Server = await serve(
            self._talk, "127.0.0.1", 0, process_request=self._shake_hands, open_timeout=None, close_timeout=0.2,
            compression=None, ping_interval=None,
        )  # fmt: skip
        self.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/?version=2"
        self._ready.set()
        await self._over.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        server.close()

    async def _shake_hands(self, connection: ServerConnection, request: Request) -> Response | None:
        self.connections += 1
        if self.fault == "no-handshake":
            await self._over.wait()
        return connection.respond(HTTPStatus.FORBIDDEN, HOSTILE) if self.fault == "403" else None

    async def _talk(self, connection: ServerConnection) -> None:
        wanted: set[str] = set()
        listening = asyncio.create_task(self._listen(connection, wanted))
        self.open += 1
        try:
            while True:
                await asyncio.sleep(self.every_s)
                for symbol in sorted(wanted):
                    await self._send(connection, symbol)
        except ConnectionClosed:
            pass
        finally:
            self.open -= 1
            listening.cancel()

    async def _listen(self, connection: ServerConnection, wanted: set[str]) -> None:
        async for message in connection:
            for kind, symbols in json.loads(message).items():
                self.subscriptions.append((kind, tuple(symbols)))
                (wanted.update if kind == "subscribe" else wanted.difference_update)(symbols)

    async def _send(self, connection: ServerConnection, symbol: str) -> None:
        match self.fault:
            case "close-1001":
                await connection.close(1001, "going away \x1b[31m")
            case "reset":
                plain = connection.transport.get_extra_info("socket")
                with contextlib.suppress(OSError):       # it has gone already
                    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.transport.abort()
                await connection.wait_closed()
            case "mute" | "no-handshake" | "403":
                pass
            case "flood":
                for _ in range(max(int(FLOOD_PER_S * self.every_s), 1)):
                    await connection.send(self._price(symbol))
            case _:
                await connection.send(self._faulty(symbol))

    def _faulty(self, symbol: str) -> str:
        now = self._now()
        match self.fault:
            case "garbage":
                return json.dumps({"type": "pricing", "message": "\x1b[31m????"})
            case "not-json":
                return "<!DOCTYPE html>\x1b[31m<html>"
            case "oversize":
                return json.dumps({"type": "pricing", "message": "A" * 2**17})
            case "nan" | "inf":
                return frame(symbol, float(self.fault), now)
            case "negative":
                return frame(symbol, -5.0, now)
            case "time-0":
                return frame(symbol, 666.0, 0.0)
            case "stale":
                return frame(symbol, 666.0, now - 3600.0)
            case "future":
                return frame(symbol, 666.0, now + 3600.0)
            case "out-of-order":
                return frame(symbol, 666.0, now - 60.0)
            case "unknown-symbol":
                return frame("NOBODY", 666.0, now)
            case "hostile-names":
                return frame(HOSTILE, 666.0, now, short_name=HOSTILE)
            case None:
                return self._price(symbol)
            case _:
                raise AssertionError(f"no fault '{self.fault}'")

    def _price(self, symbol: str) -> str:
        self.sent[symbol] += 1
        return frame(symbol, 100.0 + self.sent[symbol] / 100.0, self._now(), **self.fields.get(symbol, {}))


def main() -> None:
    """Say where it listens, and go on until standard input ends."""
    with FakeStream(every_s=float(sys.argv[1])) as fake:
        print(fake.url, flush=True)  # noqa: T201
        sys.stdin.read()


if __name__ == "__main__":
    main()
