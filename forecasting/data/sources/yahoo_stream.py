"""Prices as they are made, from Yahoo's web socket.

Runs in a thread of its own, with an event loop of its own, and only while somebody watches something. The connection
is given up, and another one tried after a pause of 1 to 60 s, when it breaks, when it cannot be made within 8 s, when
it brings nothing usable for `quiet_s`, and when it brings nothing but rubbish. Pauses double and have some chance in
them; a connection that has lasted resets them. Whatever goes wrong ends as a `SourceHealth`: polling goes on without.

yfinance's own readers are not used: after a clean close one spins for ever, the other ends in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from forecasting.data.sources.yahoo_ticks import SOURCE, TickReader, Unreadable
from forecasting.data.text import clean_text
from forecasting.domain.clock import Clock
from forecasting.domain.market import Quote, Symbol
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import SourceBroken, SourceError, SourceOffline, SourceRefused

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

log = logging.getLogger(__name__)

URL = "wss://streamer.finance.yahoo.com/?version=2"

HANDSHAKE_S = 8.0
QUIET_S = 60.0            # brings nothing usable for so long: not a connection to rely on
LASTED_S = 60.0           # a connection that was of use for so long resets the pauses
RESUBSCRIBE_S = 15.0      # as yfinance does: the far side may forget
PAUSES_S = (1.0, 60.0)    # shortest and longest
RUBBISH = 100             # unreadable messages in a row
LARGEST_MESSAGE = 2**16   # bytes; a price takes some 200


class YahooStream:
    """Calls back with each usable price of what is watched. Thread-safe; starts nothing before something is."""

    def __init__(
        self,
        on_quote: Callable[[Quote], None],
        *,
        clock: Clock,
        units: Mapping[Symbol, tuple[str, float]],
        url: str = URL,
        handshake_s: float = HANDSHAKE_S,
        quiet_s: float = QUIET_S,
        pauses_s: tuple[float, float] = PAUSES_S,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Prepare.

        Args:
            on_quote: Called from the stream's thread; must return at once.
            clock: The machine's: a stream knows no other time.
            units: Currency and divisor by symbol, as polling keeps them.
            url: Where Yahoo, or a test's fake, listens.
            handshake_s: Longest time until a connection stands.
            quiet_s: Longest time without a usable price.
            pauses_s: Shortest and longest time between a connection's end and the next try.
            chance: Draws a number between two; a test's is certain.
        """
        self._on_quote, self._clock, self._reader = on_quote, clock, TickReader(units)
        self._url, self._handshake_s, self._quiet_s = url, handshake_s, quiet_s
        self._pauses_s, self._chance = pauses_s, chance
        self._wanted: frozenset[Symbol] = frozenset()
        self._changed = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._health = SourceHealth(SOURCE, Health.WORKING, "not asked yet")
        self._failures = 0                         # connections in a row that did not last
        self._useful_since: float | None = None    # loop time of this connection's first usable price
        self.messages = 0
        """Received since start, of any kind."""

    def watch(self, symbols: Collection[Symbol]) -> None:
        """Bring prices of just these from now on; none: end the connection. Returns at once."""
        with self._lock:
            if self._closed or self._wanted == frozenset(symbols):
                return
            self._wanted = frozenset(symbols)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="stream", daemon=True)
                self._thread.start()
        self._call(self._changed.set)

    def health(self) -> SourceHealth:
        """Ok while usable prices come; else why not, since when, and when it is tried again. Counts connections."""
        return self._health

    def close(self) -> None:
        """End the connection and the thread, within two seconds; safe to call twice."""
        with self._lock:
            self._closed = True
        if self._thread is not None:
            self._call(lambda: self._task.cancel() if self._task is not None else None)
            self._thread.join(2.0)

    def _call(self, what: Callable[[], object]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):     # it has closed meanwhile
                self._loop.call_soon_threadsafe(what)

    # In the stream's thread.

    def _work(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._keep_connected())

    async def _keep_connected(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        while not self._closed:      # `close` before this line finds no task to cancel
            self._changed.clear()
            if not self._wanted:
                await self._changed.wait()
                continue
            self._useful_since = None
            self._health = replace(self._health, requests=self._health.requests + 1)
            try:
                await self._converse()
            except Exception as error:
                if self._wanted:         # else it ended because nobody watches
                    await self._pause(_told(error))

    async def _pause(self, cause: SourceError) -> None:
        """Say why there is no stream, and wait before the next try."""
        now = asyncio.get_running_loop().time()
        lasted = self._useful_since is not None and now - self._useful_since >= LASTED_S
        self._failures = 1 if lasted else self._failures + 1
        shortest, longest = self._pauses_s
        seconds = max(shortest, min(shortest * 2.0**self._failures, longest) * self._chance(0.5, 1.0))
        at = self._clock.now()
        since = self._health.since if self._health.health is Health.FAILED else at
        retry_at = at + timedelta(seconds=seconds)
        log.info("stream: %s; next try in %.0f s", cause, seconds)
        self._health = replace(
            self._health, health=Health.FAILED, message=str(cause), since=since, retry_at=retry_at
        )
        await asyncio.sleep(seconds)

    async def _converse(self) -> None:
        """One connection, from its handshake to its end, which is always an exception."""
        import yfinance.pricing_pb2  # noqa: F401  it takes a second, which prices that come must not wait for
        from websockets.asyncio.client import connect

        async with connect(
            self._url, open_timeout=self._handshake_s, close_timeout=1.0, max_size=LARGEST_MESSAGE, compression=None
        ) as socket:
            subscribing = asyncio.create_task(self._subscribe(socket))
            try:
                # One time-out for the whole conversation, put off by each usable price: cheaper than one for each,
                # and unlike `wait_for` it never swallows a cancellation.
                async with asyncio.timeout(self._quiet_s) as patience:
                    await self._listen(socket, patience)
            except TimeoutError:
                raise SourceBroken(f"no usable price for {self._quiet_s:g} s") from None
            finally:
                subscribing.cancel()

    async def _listen(self, socket: ClientConnection, patience: asyncio.Timeout) -> None:
        loop, rubbish = asyncio.get_running_loop(), 0
        while True:
            message = await socket.recv()
            self.messages += 1
            try:
                quote = self._reader.read(message, self._wanted, self._clock.now())
            except Unreadable as error:
                rubbish += 1
                if rubbish >= RUBBISH:
                    raise SourceBroken(f"{rubbish} unreadable messages in a row") from error
                continue
            rubbish = 0
            if quote is not None:
                patience.reschedule(loop.time() + self._quiet_s)
                if self._useful_since is None:
                    self._useful_since = loop.time()
                    self._health = replace(self._health, health=Health.OK, message="ok", since=None, retry_at=None)
                self._on_quote(quote)

    async def _subscribe(self, socket: ClientConnection) -> None:
        """Keep the far side's list the same as ours; its end of the connection is noticed by whoever listens."""
        from websockets.exceptions import ConnectionClosed

        subscribed: frozenset[Symbol] = frozenset()
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._changed.clear()
                if not (wanted := self._wanted):
                    break
                if gone := subscribed - wanted:
                    await socket.send(json.dumps({"unsubscribe": sorted(gone)}))
                # All of them each time: after a while in silence the far side may know none.
                await socket.send(json.dumps({"subscribe": sorted(wanted)}))
                subscribed = wanted
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RESUBSCRIBE_S):
                        await self._changed.wait()
            await socket.close()


def _told(error: Exception) -> SourceError:
    """The error of our own that says what `error` means, in a few words for a line that begins with "stream off"."""
    if isinstance(error, ImportError):
        return SourceBroken(f"{error.name} is not installed")
    from websockets import exceptions as ws

    match error:
        case SourceError():
            return error
        case ws.InvalidStatus():
            return SourceRefused(f"refused (HTTP {error.response.status_code})")
        case ws.ConnectionClosed():
            close = error.rcvd
            return SourceOffline("connection lost" if close is None else f"closed by the far side ({close.code})")
        case TimeoutError():
            return SourceOffline("no answer in time")
        case OSError():
            return SourceOffline(f"no connection ({clean_text(error.strerror or str(error), limit=60)})")
        case ws.WebSocketException():
            return SourceBroken(f"not understood ({clean_text(str(error), limit=60)})")
        case _:
            log.exception("stream", exc_info=error)
            return SourceBroken(f"{type(error).__name__}: {clean_text(str(error), limit=60)}")
