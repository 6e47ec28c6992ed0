"""Yahoo for a soak, in a process of its own: `soak_yahoo SYMBOLS FIRST_DAY DAYS`, on `$TAPECAST_SOAK_CLOCK`.

Knows bars of four places up to the clock's moment, each with the running session's bar last. First it says where it
listens; then it answers each line of standard input, a JSON object:

    {"faults": {"quote": "429"}, "stream": "reset"}    from now on; what has been sent so far
    {"closed": true}                                   sessions that have closed, by symbol

It ends with its standard input.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from forecasting.data.calendars import Calendars
from forecasting.domain.sessions import Session
from tests.support.fake_stream import FakeStream
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo
from tests.support.soak_clock import CLOCK_FILE, SoakClock

HISTORY = timedelta(days=560)      # before the first day
STREAM_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Place:
    """Where a symbol trades."""

    pattern: str
    exchange: str
    currency: str
    timezone: str
    open_at: time


PLACES = (
    Place("U{:02d}", "XNYS", "USD", "America/New_York", time(9, 30)),
    Place("L{:02d}.L", "XLON", "GBp", "Europe/London", time(8, 0)),
    Place("U{:02d}", "XNYS", "USD", "America/New_York", time(9, 30)),
    Place("90{:02d}.T", "XTKS", "JPY", "Asia/Tokyo", time(9, 0)),
    Place("C{:02d}-USD", "24/7", "USD", "UTC", time(0, 0)),
)


def places(count: int) -> Iterator[tuple[str, Place]]:
    """`count` symbols, and where each trades."""
    return ((place.pattern.format(i), place) for i, place in enumerate(islice(cycle(PLACES), count)))


class Market:
    """One symbol's past and future; the fake is told what of it has happened."""

    def __init__(self, symbol: str, place: Place, sessions: Sequence[Session]) -> None:
        chance, close = random.Random(symbol), 100.0
        self.sessions = sessions
        self._opens = [s.open for s in sessions]
        self.days: list[dict[str, Any]] = []
        for session in sessions:
            opened, close = close, close * (1.0 + chance.gauss(0.0, 0.01))
            high, low = max(opened, close) * 1.004, min(opened, close) * 0.996
            self.days.append(
                {"session": session.session, "open": opened, "high": high, "low": low, "close": close,
                 "adjclose": close, "volume": chance.randrange(10_000, 20_000)}
            )
        self.known = FakeSymbol([], place.currency, f"{symbol} of {place.exchange}", place.timezone, place.open_at)

    def reach(self, clock: SoakClock) -> None:
        """Have happened what has happened by now; the price is the running session's close all day."""
        now = clock.now()
        begun = bisect_right(self._opens, now)
        self.known.bars = self.days[:begun]
        self.known.quote = {"regularMarketTime": int(min(now, self.sessions[begun - 1].close).timestamp())}

    def closed(self, clock: SoakClock) -> list[str]:
        """Sessions that are over."""
        return [s.session.isoformat() for s in self.sessions if s.close <= clock.now()]


class SoakYahoo(FakeYahoo):
    """Looks at the clock before each answer."""

    def __init__(self, markets: dict[str, Market], clock: SoakClock) -> None:
        super().__init__({symbol: market.known for symbol, market in markets.items()})
        self._markets, self._clock, self._moving = markets, clock, threading.Lock()

    def chart(self, symbol: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        self.reach()
        return super().chart(symbol, query)

    def quote(self, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        self.reach()
        return super().quote(query)

    def reach(self) -> None:
        """Let every market come to the clock's moment."""
        with self._moving:
            for market in self._markets.values():
                market.reach(self._clock)


def main() -> None:
    """Serve until standard input ends."""
    count, first, days = int(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3])
    clock, calendars = SoakClock(Path(os.environ[CLOCK_FILE])), Calendars()
    spans = {
        place.exchange: calendars.sessions(place.exchange, first - HISTORY, first + timedelta(days=days + 5)).sessions
        for place in PLACES
    }
    markets = {symbol: Market(symbol, place, spans[place.exchange]) for symbol, place in places(count)}
    with SoakYahoo(markets, clock) as yahoo, FakeStream(every_s=STREAM_EVERY_S, now=clock.seconds) as stream:
        stream.fields = {symbol: {"currency": place.currency} for symbol, place in places(count)}
        _say({"yahoo": yahoo.url, "stream": stream.url})
        for line in sys.stdin:
            asked = json.loads(line)
            if "closed" in asked:
                _say({symbol: market.closed(clock) for symbol, market in markets.items()})
                continue
            yahoo.faults, stream.fault = asked["faults"], asked["stream"]
            _say({
                "requests": yahoo.total, "by_endpoint": dict(yahoo.requests), "connections": yahoo.connections,
                "streamed": stream.sent.total(), "stream_connections": stream.connections,
            })


def _say(answer: object) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
