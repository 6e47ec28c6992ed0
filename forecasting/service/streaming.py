"""The worker's end of a stream: many ticks in, at most four messages a second out.

Polling stays the truth. What the stream has brought is stored every 15 s only, so that a start after a crash knows
roughly the last prices; the screen learns of them through the messages.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from forecasting.data.sources.base import PriceStream, Streaming
from forecasting.data.store import Store
from forecasting.domain.market import Quote, Symbol
from forecasting.errors import StoreError
from forecasting.service.backend import OnTicks, Ticks
from forecasting.service.coalesce import Newest
from forecasting.service.ticks import merged

if TYPE_CHECKING:
    from forecasting.service.local import LocalBackend

log = logging.getLogger(__name__)

APART_S = 0.25
BEAT_S = 2.0        # how often the stream's health is told while no price comes
KEEP_S = 15.0


def open_stream(backend: LocalBackend, send: OnTicks) -> Pump | None:
    """The stream of the backend's source, if it has one; not started yet."""
    source, store = backend.desk.source, backend.desk.store
    return Pump(source.stream, send, lambda quotes: keep(store, quotes)) if isinstance(source, Streaming) else None


def keep(store: Store, quotes: Mapping[Symbol, Quote]) -> None:
    """Store what the stream has brought, beside what polling knows of the same symbols."""
    try:
        known = store.market.quotes()
        store.market.put_quotes(merged(known.get(symbol), quote) for symbol, quote in quotes.items())
    except StoreError as error:
        log.warning("streamed prices not stored: %s", error)


class Pump:
    """Sends the newest price of each symbol that has a new one, and how the stream is doing."""

    def __init__(
        self,
        stream: Callable[[Callable[[Quote], None]], PriceStream],
        send: OnTicks,
        keep: Callable[[Mapping[Symbol, Quote]], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is started before something is watched.

        Args:
            stream: Makes the stream, given what to call with each price.
            send: Takes each message; called from the pump's thread.
            keep: Stores prices; called from the pump's thread.
            monotonic: Seconds since some moment.
        """
        self._send, self._keep, self._monotonic = send, keep, monotonic
        self._newest: Newest[Symbol, Quote] = Newest(APART_S, monotonic=monotonic)
        self._stream = stream(lambda quote: self._newest.put(quote.symbol, quote))
        self._watching = False
        self._closed = False
        self._unkept: dict[Symbol, Quote] = {}
        self._kept_at = monotonic()
        self._thread: threading.Thread | None = None

    def watch(self, symbols: Collection[Symbol]) -> None:
        """Send prices of just these from now on; none: stop. Returns at once; called from one thread."""
        self._watching = bool(symbols)
        self._stream.watch(symbols)
        if self._watching and self._thread is None:
            self._thread = threading.Thread(target=self._work, name="pump", daemon=True)
            self._thread.start()
        self._newest.wake()

    def close(self) -> None:
        """Stop for good, within two seconds."""
        self._closed = True
        self._stream.close()
        self._newest.wake()
        if self._thread is not None:
            self._thread.join(1.0)

    def _work(self) -> None:
        while not self._closed:
            self._newest.wait(BEAT_S if self._watching else None)
            time.sleep(self._newest.pause_s())
            self._push()

    def _push(self) -> None:
        """Send what has come, or a sign of life; store now and then."""
        batch = self._newest.take()
        if self._watching:
            self._send(Ticks(tuple(batch.values()), self._stream.health()))
        self._unkept |= batch
        if self._unkept and self._monotonic() - self._kept_at >= KEEP_S:
            unkept, self._unkept, self._kept_at = self._unkept, {}, self._monotonic()
            self._keep(unkept)
