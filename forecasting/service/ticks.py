"""What streamed prices mean beside polled ones. Runs in both processes: the standard library only.

Polling stays the truth: a tick counts only while it is newer than the poll and not far from it, and what a tick does
not say is taken from the poll.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from forecasting.domain.market import Quote, Symbol
from forecasting.domain.snapshot import Health, JobStatus, SourceHealth

if TYPE_CHECKING:
    from forecasting.service.backend import Ticks

BELIEVED = 5.0
"""A tick further from the poll than by this factor is likelier in another unit than a move; the next poll decides."""

SILENT_AFTER_S = 10.0
"""The far side says something every two seconds; after so long without a word it is taken for gone."""


def merged(polled: Quote | None, tick: Quote) -> Quote:
    """What is known of a symbol from its last poll and a tick."""
    if polled is None:
        return tick
    if tick.time <= polled.time or not 1.0 / BELIEVED < tick.price / polled.price < BELIEVED:
        return polled
    if tick.currency and polled.currency and tick.currency != polled.currency:
        return polled
    return replace(
        tick,
        previous_close=tick.previous_close or polled.previous_close,
        currency=polled.currency or tick.currency,
        open=tick.open or polled.open,
        high=tick.high or polled.high,
        low=tick.low or polled.low,
        volume=tick.volume or polled.volume,
        name=polled.name,
    )


def with_ticks(polled: Mapping[Symbol, Quote], ticks: Iterable[Quote]) -> dict[Symbol, Quote]:
    """The polled quotes with what newer ticks say."""
    return {**polled, **{tick.symbol: merged(polled.get(tick.symbol), tick) for tick in ticks}}


class TickInbox:
    """The screen's end of a stream: the newest tick of each symbol, and how the stream is doing. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ticks: Mapping[Symbol, Quote] = {}      # replaced whole
        self._news: set[Symbol] = set()
        self._health: SourceHealth | None = None
        self._wanted = False
        self._heard = 0.0

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """The newest tick of each symbol."""
        return tuple(self._ticks.values())

    @property
    def healthy(self) -> bool:
        """Whether prices stream in."""
        health = self.health()
        return health is not None and health.health is Health.OK

    def want(self, wanted: bool) -> None:
        """Note that a stream was asked for, or stopped."""
        with self._lock:
            self._wanted = wanted
            if not wanted:
                self._health = None

    def take(self, ticks: Ticks) -> bool:
        """Take a message; whether there is anything new in it to show."""
        with self._lock:
            if not self._wanted:         # it crossed our wish to stop
                return False
            before, self._health, self._heard = self._health, ticks.health, self._monotonic()
            self._ticks = {**self._ticks, **{quote.symbol: quote for quote in ticks.quotes}}
            self._news.update(quote.symbol for quote in ticks.quotes)
            said = before is not None and (before.health, before.message, before.retry_at)
            return bool(ticks.quotes) or said != (ticks.health.health, ticks.health.message, ticks.health.retry_at)

    def news(self) -> set[Symbol]:
        """Symbols with a tick since this was asked last."""
        with self._lock:
            news, self._news = self._news, set()
            return news

    def health(self) -> SourceHealth | None:
        """How the stream is doing; None while none is wanted, or the source has none."""
        health = self._health
        if health is not None and self._monotonic() - self._heard > SILENT_AFTER_S:
            return replace(health, health=Health.FAILED, message="the worker is silent", retry_at=None)
        return health

    def job(self) -> tuple[JobStatus, ...]:
        """The stream's line among the jobs; none where there is no stream."""
        health = self.health()
        if health is None:
            return ()
        newest = max((quote.time for quote in self.quotes), default=None)
        if health.health is not Health.FAILED:
            return (JobStatus("stream", health.health, health.message, last_run=newest),)
        # Without a stream nothing is lost but speed: late, not failed.
        return (JobStatus("stream", Health.LATE, f"off: {health.message}", last_run=newest, next_run=health.retry_at),)

    def told(self, source: SourceHealth) -> SourceHealth:
        """The source's health with a word on a stream that is off; a source in trouble has enough to say."""
        health = self.health()
        if health is None or health.health is not Health.FAILED or source.health is not Health.OK:
            return source
        message = f"{source.message}; stream off: {health.message}"
        return replace(source, message=message, since=health.since, retry_at=health.retry_at)
